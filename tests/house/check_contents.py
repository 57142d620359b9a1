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
# Not in the umbrella, since they have CAF's, Asio's or nlohmann-json's headers in them, are of a library of their own, or are for
# programs that are more than tasks.
ON_REQUEST = ("taskactor/actors/", "taskactor/asio.hpp", "taskactor/boost_asio.hpp", "taskactor/node/", "taskactor/http/", "taskactor/http.hpp", "taskactor/queue/", "taskactor/queue.hpp", "taskactor/schedule/", "taskactor/schedule.hpp", "taskactor/named_tasks.hpp", "taskactor/named_program.hpp",
              "taskactor/worker_entry.hpp", "taskactor/task_library.hpp", "taskactor/registry.hpp", "taskactor/named_task.hpp",
              # What the project's own programs share with the library.
              "taskactor/detail/json_text.hpp", "taskactor/detail/visible_text.hpp",
              # What a test asks of it.
              "taskactor/detail/held_locks.hpp")
TESTING = "taskactor/testing.hpp"
# For one file of a program: it defines functions.
ALONE = "taskactor/testing/held_mutexes.hpp"
SUITE = re.compile(r"BOOST_(?:AUTO|FIXTURE)_TEST_SUITE\(\s*(\w+)")


def reachable(root: pathlib.Path, header: str, seen: set[str]) -> set[str]:
    path = root / INCLUDE / header
    if header not in seen and path.is_file():
        seen.add(header)
        for include in house.includes(path.read_text(encoding="utf-8")):
            reachable(root, include, seen)
    return seen


def check(root: pathlib.Path) -> Iterator[str]:
    names = house.contents(root).keys() | {"src/precompiled.hpp"}
    for name, _ in house.files(root, INCLUDE + "taskactor/**/*.?pp", LIBRARY + "src/**/*.?pp"):
        if name.removeprefix(LIBRARY) not in names:
            yield f"{name}: not listed in {LIBRARY}CMakeLists.txt"
    headers = [name.removeprefix(INCLUDE) for name, _ in house.files(root, f"{INCLUDE}**/*.hpp")]
    below_umbrella: set[str] = set()
    for header in (UMBRELLA, *(header for header in headers if header.startswith(ON_REQUEST))):
        reachable(root, header, below_umbrella)
    below_testing = reachable(root, TESTING, set()) | reachable(root, ALONE, set())
    for header in headers:
        tests_only = header == TESTING or header.startswith(TESTING.replace(".hpp", "/"))
        if tests_only and header in below_umbrella:
            yield f"{INCLUDE}{header}: for tests, and yet reachable from {UMBRELLA}"
        if header not in (below_testing if tests_only else below_umbrella):
            yield f"{INCLUDE}{header}: not reachable from {TESTING if tests_only else UMBRELLA}"
    for name, text in house.files(root, "tests/*/*.cpp"):
        folder, stem = pathlib.PurePath(name).parts[1], pathlib.PurePath(name).stem
        if folder not in ("support", "house", "apps", "fuzz", "stress", "use_from_cmake"):
            if not (suites := SUITE.findall(text)) or suites[0] != stem:
                yield f"{name}: its first suite must be BOOST_AUTO_TEST_SUITE({stem})"


RIGHT = {
    "libtaskactor/CMakeLists.txt": "taskactor_sources(.\n  taskactor.hpp -)\ntaskactor_sources(lifecycle # who\n  a.hpp a.cpp)\n",
    "libtaskactor/include/taskactor/taskactor.hpp": "#include <taskactor/a.hpp>\n",
    "libtaskactor/include/taskactor/a.hpp": "",
    "libtaskactor/src/lifecycle/a.cpp": "",
    "libtaskactor/src/precompiled.hpp": "",
    "tests/lifecycle/a.cpp": "BOOST_AUTO_TEST_SUITE(a)\n",
    "tests/lifecycle/f.cpp": "BOOST_FIXTURE_TEST_SUITE(f, fixture)\n",
}
WRONG = {
    "src/lifecycle/b.cpp: not listed": {"libtaskactor/src/lifecycle/b.cpp": ""},
    "taskactor/b.hpp: not listed": {"libtaskactor/include/taskactor/b.hpp": ""},
    "lifecycle/a.cpp: not listed": {"libtaskactor/CMakeLists.txt": "taskactor_sources(lifecycle a.hpp # a.cpp\n -)\n"},
    "taskactor/a.hpp: not reachable": {"libtaskactor/include/taskactor/taskactor.hpp": "#include <vector>\n"},
    "testing/b.hpp: not reachable from taskactor/testing.hpp": {"libtaskactor/include/taskactor/testing/b.hpp": ""},
    "testing.hpp: for tests": {
        "libtaskactor/include/taskactor/testing.hpp": "",
        "libtaskactor/include/taskactor/a.hpp": "#include <taskactor/testing.hpp>\n",
    },
    "taskactor.hpp: not reachable": {"libtaskactor/include/taskactor/other/taskactor.hpp": ""},
    "SUITE(b)": {"tests/lifecycle/b.cpp": "BOOST_AUTO_TEST_SUITE(a)\n"},
    "SUITE(c)": {"tests/lifecycle/c.cpp": "BOOST_AUTO_TEST_CASE(c)\n"},
}

if __name__ == "__main__":
    house.main(check, RIGHT, WRONG)
