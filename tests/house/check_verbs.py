"""Each verb of ./dev calls what it is there for. Tools that write down how they were called stand in for the real ones:
caf, fuzz and bench take many minutes, and .ci/run doesn't run them.
"""
import os
import pathlib
import subprocess
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import house

# A call of ./dev -> what it has to have called by its end, in this order. CAF stands for a folder with CAF's source.
CALLS = {
    "caf CAF -R run": ("cmake -S CAF -B build/caf/work", "ninja -C build/caf/work",
                       "cmake --preset dev -DCAF_ROOT:PATH=", "ninja -C build/dev-caf",
                       "ctest --preset dev -j", "-R run"),
    "fuzz 3": ("cmake --preset fuzz", "ninja -C build/fuzz", "fuzz_frames fuzz_arguments fuzz_nodes",
               "fuzz_frames build/fuzz/found", "-max_total_time=3", "fuzz_arguments build/fuzz",
               "fuzz_nodes build/fuzz"),
    "bench --quick": ("cmake --preset release", "ninja -C build/release", "taskactor_bench_peers",
                      "taskactor-bench --quick"),
    "bench --write links": ("ninja -C build/release", "taskactor-bench-links --json build/links.json",
                            "write_page.py build/links.json"),
    "format": ("clang-format-16 -i apps/a.cpp",),
    "test asan -R x": ("cmake --preset asan", "ninja -C build/asan", "ctest --preset asan", "-R x"),
    "test tsan": ("ninja -C build/tsan", "setarch -R ctest --preset tsan"),
    "test coverage": ("ctest --preset coverage", "gcovr --root"),
    "stress": ("ninja -C build/dev", "taskactor_stress_links", "ctest --preset dev", "-L stress"),
    "run x y": ("cmake --preset release", "taskactor_cli", "taskactor x y"),
    "instructions --renew": ("taskactor_bench", "instructions.py build/release/apps/bench/taskactor-bench --renew"),
    "docs": ("doxygen libtaskactor/docs/Doxyfile",),
    "package": ("cmake --preset release", "taskactor_installed",
                "cpack --config build/release/CPackConfig.cmake -B build/package -G DEB"),
    "lint": ("clang-format-16 --dry-run", "check_a.py", "cmake --preset tidy", "--checks=-clang-analyzer-*"),
    "lint --all": ("cmake --preset tidy -DTASKACTOR_UNITY=OFF", "sources_alone.py build/tidy", "cmake --preset tidy\n",
                   "clang-tidy-16 --quiet --checks= -p"),
}
TOOLS = ("cmake", "ninja", "ctest", "doxygen", "gcovr", "python3", "setarch", "clang-format-16", "clang-tidy-16",
         "apt-get", "sudo")
PROGRAMS = ("fuzz/tests/fuzz/fuzz_frames", "fuzz/tests/fuzz/fuzz_arguments", "fuzz/tests/fuzz/fuzz_nodes",
            "release/apps/bench/taskactor-bench", "release/apps/bench/links/taskactor-bench-links",
            "release/apps/taskactor/taskactor")
DPKG = '#!/bin/sh\nshift 3\nprintf "ii %s\\n" "$@"\n' # all is installed
NOTE = '#!/bin/sh\necho "${0##*/} $*" >>"$CALLED"\n'
CPACK = NOTE + "mkdir build/package\ntouch build/package/a.deb\n"


def called(root: pathlib.Path, call: str) -> tuple[subprocess.CompletedProcess[str], str]:
    """What `./dev call` runs, in a tree that has nothing but ./dev, all packages being there."""
    with tempfile.TemporaryDirectory() as folder:
        tree, tools = pathlib.Path(folder, "tree"), pathlib.Path(folder, "tools")
        house.grow(tree, {"dev": (root / "dev").read_text(encoding="utf-8"), "tests/house/check_a.py": ""})
        house.grow(tree, {f"{top}/a.cpp": "" for top in ("libtaskactor", "apps", "examples", "tests", "cmake")})
        house.grow(tree, {f"build/{name}": NOTE for name in PROGRAMS})
        house.grow(tools, {name: NOTE for name in TOOLS} | {"cpack": CPACK, "dpkg-query": DPKG})
        house.grow(pathlib.Path(folder, "caf"), {"CMakeLists.txt": "", "libcaf_core/x": ""})
        for path in (*tools.iterdir(), *(tree / "build" / name for name in PROGRAMS)):
            path.chmod(0o755)
        log = pathlib.Path(folder, "called")
        log.touch()
        environment = os.environ | {"PATH": f"{tools}:{os.environ['PATH']}", "CALLED": str(log)}
        for name in ("CAF_ROOT", "TASKACTOR_BUILD_SUFFIX"):  # as `./dev caf` sets them for what it tests
            environment.pop(name, None)
        done = subprocess.run(
            ["bash", tree / "dev", *(str(folder) + "/caf" if word == "CAF" else word for word in call.split())],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, env=environment,
        )
        return done, log.read_text(encoding="utf-8").replace(f"{folder}/caf", "CAF")


def check(root: pathlib.Path) -> Iterator[str]:
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        all_called = list(pool.map(lambda call: called(root, call), CALLS))
    for (call, expected), (done, log) in zip(CALLS.items(), all_called):
        if done.returncode != 0:
            yield f"dev: {call}: exit code {done.returncode}: {done.stderr}"
        at = 0
        for part in expected:
            at = log.find(part, at)
            if at < 0:
                yield f"dev: {call}: doesn't call {part!r} where it is due, but:\n{log}"
                break


DEV = (house.ROOT / "dev").read_text(encoding="utf-8")
RIGHT = {"dev": DEV}
WRONG = {
    "fuzz 3: doesn't call '-max_total_time=3'": {"dev": DEV.replace('-max_total_time="$seconds"', "")},
    "test tsan: doesn't call 'setarch": {"dev": DEV.replace("wrapper=(setarch -R)", "true")},
    "bench --quick: exit code": {"dev": DEV.replace("program=$(folder", "programme=$(folder")},
}

if __name__ == "__main__":
    house.main(check, RIGHT, WRONG)
