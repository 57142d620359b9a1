"""Each source of the library compiles alone, and so does each header of the machinery (detail/), twice in a row: it
includes what it needs, whatever precompiled headers and sources that are compiled together would bring it. For
./dev lint --all: builds have both, and all alone take ten minutes of processor time. The other public headers are
compiled alone with the tests.

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
INCLUDE = "libtaskactor/include"


def compiled(entry: dict[str, str], text: str | None = None) -> str:
    """What the compiler says of a source, or of a text in its place, that it refuses; else nothing."""
    words = shlex.split(entry["command"])
    at = words.index("-o")
    words = [*words[:at], *words[at + 2:], "-fsyntax-only"]
    if text is not None:
        words = [*words[:words.index("-c")], "-fsyntax-only", "-x", "c++", "-"]
    done = subprocess.run(words, cwd=entry["directory"], input=text, capture_output=True, text=True)
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
        headers = sorted(path.relative_to(root / INCLUDE).as_posix() for path in root.glob(f"{INCLUDE}/**/detail/*.hpp"))
        twice = [f"#include <{header}>\n" * 2 for header in headers]
        for header, said in zip(headers, pool.map(lambda text: compiled(entries[0], text), twice)):
            if said:
                yield f"{INCLUDE}/{header}: doesn't compile alone:\n{said}"


def self_test() -> None:
    """A source or header that lacks an include is found, and so is a source that isn't compiled."""
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        house.grow(root, {
            "libtaskactor/CMakeLists.txt": "taskactor_sources(base - a.cpp - b.cpp - c.cpp)\n",
            f"{SOURCES}/base/a.cpp": "#include <vector>\nstd::vector<int> a;\n",
            f"{SOURCES}/base/b.cpp": "std::vector<int> b;\n",
            f"{SOURCES}/base/c.cpp": "",
            f"{INCLUDE}/detail/d.hpp": "#pragma once\n#include <vector>\ninline std::vector<int> d;\n",
            f"{INCLUDE}/detail/e.hpp": "inline std::vector<int> e;\n",
            "compile_commands.json": json.dumps([
                {"file": f"{root}/{SOURCES}/base/{name}.cpp", "directory": folder,
                 "command": f"g++ -std=c++20 -I{root}/{INCLUDE} -o {name}.o -c {root}/{SOURCES}/base/{name}.cpp"} for name in "ab"
            ]),
        })
        found = list(faults(root, root))
        wanted = ("base/c.cpp: not compiled", "base/b.cpp: doesn't compile", "detail/e.hpp: doesn't compile")
        if len(found) != len(wanted) or not all(words in fault for words, fault in zip(wanted, found)):
            sys.exit(f"self-test: a wrong tree has other faults than it should: {found}")


if __name__ == "__main__":
    print("dev: each source alone", file=sys.stderr)
    self_test()
    found = list(faults(house.ROOT, pathlib.Path(sys.argv[1]).resolve()))
    for fault in found:
        print(fault)
    sys.exit(1 if found else 0)
