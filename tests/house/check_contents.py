"""No orphans: every file is listed, every public header is reachable from the umbrella taskactor/taskactor.hpp, or from
taskactor/testing.hpp for those of tests, and every test file holds the suite that ctest asks it for.
"""
import pathlib
import re
from collections.abc import Iterator

import house

LIBRARY = "libtaskactor/"
INCLUDE = LIBRARY + "include/"
UMBRELLA = "taskactor/taskactor.hpp"
# Headers that offer actors to CAF users include CAF's own, which the umbrella doesn't.
# Not in the umbrella, since they have CAF's or nlohmann-json's headers in them.
ON_REQUEST = {
    "taskactor/run/request.hpp", "taskactor/run/messages.hpp", "taskactor/run/exit_code.hpp", "taskactor/run/task_as_actor.hpp",
    "taskactor/run/submission.hpp", "taskactor/run/typed_request.hpp", "taskactor/caf_message.hpp",
    "taskactor/named_tasks.hpp",
    # Of a library of its own.
    "taskactor/link/certificates.hpp",
    *(
        f"taskactor/task/{name}.hpp"
        for name in ("registry", "named_task", "typed_named_task", "json_value", "json_encode", "json_text", "json_type")
    ),
    *(f"taskactor/service/{name}.hpp" for name in
      ("child", "service", "service_info", "service_options", "service_request", "service_start", "supervisor")),
    *(f"taskactor/node/{name}.hpp" for name in
      ("named_calls", "node", "node_info", "node_options", "placement", "access_rule", "run_on_node")),
}
TESTING = "taskactor/testing.hpp"
SUITE = re.compile(r"BOOST_(?:AUTO|FIXTURE)_TEST_SUITE\(\s*(\w+)")


def listed(root: pathlib.Path) -> set[str]:
    """The files named by taskactor_sources() calls, relative to include/taskactor or src."""
    text = re.sub(r"#.*", "", (root / LIBRARY / "CMakeLists.txt").read_text(encoding="utf-8"))
    names = set()
    for call in re.finditer(r"taskactor_sources\(([^)]*)\)", text):
        folder, *pairs = call.group(1).split()
        names |= {name if folder == "." else f"{folder}/{name}" for name in pairs}
    return names


def reachable(root: pathlib.Path, header: str, seen: set[str]) -> set[str]:
    path = root / INCLUDE / header
    if header not in seen and path.is_file():
        seen.add(header)
        for include in house.includes(path.read_text(encoding="utf-8")):
            reachable(root, include, seen)
    return seen


def check(root: pathlib.Path) -> Iterator[str]:
    names = listed(root) | {"precompiled.hpp"}
    for base in (INCLUDE + "taskactor/", LIBRARY + "src/"):
        for name, _ in house.files(root, f"{base}**/*.?pp"):
            if name.removeprefix(base) not in names:
                yield f"{name}: not listed in {LIBRARY}CMakeLists.txt"
    below_umbrella = reachable(root, UMBRELLA, set())
    below_testing = reachable(root, TESTING, set())
    for name, _ in house.files(root, f"{INCLUDE}**/*.hpp"):
        header = name.removeprefix(INCLUDE)
        tests_only = header == TESTING or header.startswith(TESTING.replace(".hpp", "/"))
        if tests_only and header in below_umbrella:
            yield f"{name}: for tests, and yet reachable from {UMBRELLA}"
        if header not in (below_testing if tests_only else below_umbrella | ON_REQUEST):
            yield f"{name}: not reachable from {TESTING if tests_only else UMBRELLA}"
    for name, text in house.files(root, "tests/*/*.cpp"):
        folder, stem = pathlib.PurePath(name).parts[1], pathlib.PurePath(name).stem
        if folder not in ("support", "house", "apps", "fuzz", "stress", "use_from_cmake"):
            if not (suites := SUITE.findall(text)) or suites[0] != stem:
                yield f"{name}: its first suite must be BOOST_AUTO_TEST_SUITE({stem})"


RIGHT = {
    "libtaskactor/CMakeLists.txt": "taskactor_sources(.\n  taskactor.hpp -)\ntaskactor_sources(run # who\n  a.hpp a.cpp)\n",
    "libtaskactor/include/taskactor/taskactor.hpp": "#include <taskactor/run/a.hpp>\n",
    "libtaskactor/include/taskactor/run/a.hpp": "",
    "libtaskactor/src/run/a.cpp": "",
    "libtaskactor/src/precompiled.hpp": "",
    "tests/run/a.cpp": "BOOST_AUTO_TEST_SUITE(a)\n",
    "tests/run/f.cpp": "BOOST_FIXTURE_TEST_SUITE(f, fixture)\n",
}
WRONG = {
    "src/run/b.cpp: not listed": {"libtaskactor/src/run/b.cpp": ""},
    "run/b.hpp: not listed": {"libtaskactor/include/taskactor/run/b.hpp": ""},
    "run/a.cpp: not listed": {"libtaskactor/CMakeLists.txt": "taskactor_sources(run a.hpp # a.cpp\n -)\n"},
    "run/a.hpp: not reachable": {"libtaskactor/include/taskactor/taskactor.hpp": "#include <vector>\n"},
    "testing/b.hpp: not reachable from taskactor/testing.hpp": {"libtaskactor/include/taskactor/testing/b.hpp": ""},
    "testing.hpp: for tests": {
        "libtaskactor/include/taskactor/testing.hpp": "",
        "libtaskactor/include/taskactor/run/a.hpp": "#include <taskactor/testing.hpp>\n",
    },
    "taskactor.hpp: not reachable": {"libtaskactor/include/taskactor/other/taskactor.hpp": ""},
    "SUITE(b)": {"tests/run/b.cpp": "BOOST_AUTO_TEST_SUITE(a)\n"},
    "SUITE(c)": {"tests/run/c.cpp": "BOOST_AUTO_TEST_CASE(c)\n"},
}

if __name__ == "__main__":
    house.main(check, RIGHT, WRONG)
