"""Each source of the library compiles alone: it includes what it needs, whatever precompiled headers and sources that are
compiled together would bring it. For ./dev lint --all: builds have both, and all sources alone take ten minutes of
processor time.

    sources_alone.py BUILD    a build folder that is configured without either
"""
import json
import os
import pathlib
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import house

SOURCES = "libtaskactor/src"


def compiled(entry: dict[str, str]) -> str:
    """What the compiler says of a source that it refuses; else nothing."""
    words = shlex.split(entry["command"])
    at = words.index("-o")
    done = subprocess.run([*words[:at], *words[at + 2:], "-fsyntax-only"], cwd=entry["directory"], capture_output=True, text=True)
    return done.stderr if done.returncode != 0 else ""


def faults(root: pathlib.Path, build: pathlib.Path) -> Iterator[str]:
    entries = json.loads((build / "compile_commands.json").read_text(encoding="utf-8"))
    sources = {pathlib.Path(entry["file"]): entry for entry in entries}
    listed = {root / "libtaskactor" / name for name in house.contents(root) if name.endswith(".cpp")}
    for path in sorted(listed - sources.keys()):
        yield f"{path.relative_to(root)}: not compiled alone in {build}"
    checked = sorted(listed & sources.keys())
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        for path, said in zip(checked, pool.map(lambda path: compiled(sources[path]), checked)):
            if said:
                yield f"{path.relative_to(root)}: doesn't compile alone:\n{said}"


def self_test() -> None:
    """A source that lacks an include is found, and so is one that isn't compiled."""
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        house.grow(root, {
            "libtaskactor/CMakeLists.txt": "taskactor_sources(base - a.cpp - b.cpp - c.cpp)\n",
            f"{SOURCES}/base/a.cpp": "#include <vector>\nstd::vector<int> a;\n",
            f"{SOURCES}/base/b.cpp": "std::vector<int> b;\n",
            f"{SOURCES}/base/c.cpp": "",
            "compile_commands.json": json.dumps([
                {"file": f"{root}/{SOURCES}/base/{name}.cpp", "directory": folder,
                 "command": f"g++ -std=c++20 -o {name}.o -c {root}/{SOURCES}/base/{name}.cpp"} for name in "ab"
            ]),
        })
        found = list(faults(root, root))
        if len(found) != 2 or "base/c.cpp: not compiled" not in found[0] or "base/b.cpp: doesn't compile" not in found[1]:
            sys.exit(f"self-test: a wrong tree has other faults than it should: {found}")


if __name__ == "__main__":
    print("dev: each source alone", file=sys.stderr)
    self_test()
    found = list(faults(house.ROOT, pathlib.Path(sys.argv[1]).resolve()))
    for fault in found:
        print(fault)
    sys.exit(1 if found else 0)
