"""The pictures of docs/internals/README.md follow calls through the sources: each file that they name is there, and has
the functions that stand behind it; and no walk gets longer unnoticed.

Before a colon stand functions of the file, behind it what happens. Files in brackets belong to the line.

    check_walks.py             checks, and compares with the counts below
    check_walks.py --counts    prints how many functions, files and classes each walk has
"""
import pathlib
import re
import sys
from collections.abc import Iterator

import house

PAGE = "libtaskactor/docs/internals/README.md"
# Functions, files, classes at most.
MOST = {"add_task": (27, 25, 14),
        "run_in_process": (8, 12, 5),
        "run_on_node": (10, 9, 4),
        "one command of `taskactor run`": (15, 19, 7)}
PATH = re.compile(r"(?:src/|apps/|detail/|node/)?(?:\w+/)*\w+\.[ch]pp")
NAME = re.compile(r"(?:\w+::)?[a-z]\w*")


def walks(text: str) -> Iterator[tuple[str, list[str]]]:
    for found in re.finditer(r"^## Where (.*?) goes\n\n```text\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        steps: list[str] = []
        for line in found[2].splitlines():
            if line.startswith("   "):
                steps[-1] += " " + line.strip()
            elif line.startswith("  "):
                steps.append(line.strip())
        yield found[1].strip("`") if found[1].count("`") == 2 and found[1].startswith("`") else found[1], steps


def find(root: pathlib.Path, name: str, beside: str) -> pathlib.Path | None:
    library = root / "libtaskactor"
    for path in (library / name, library / "include/taskactor" / name, root / name, (root / beside).parent / name):
        if path.is_file():
            return path
    return None


def names(text: str) -> Iterator[str]:
    """Of functions: what stands before a colon, or is all that stands there."""
    for part in re.sub(r"\([^)]*\)", "", text).split(";"):
        listed = [name.strip() for name in part.split(": ", 1)[0].split(",")]
        yield from listed


def classes(text: str, name: str) -> set[str]:
    """In which it is defined, or declared."""
    first = re.findall(r"^(?:class|struct) (\w+)[^;]*$", text, re.MULTILINE)[:1]
    return set(re.findall(rf"\b(\w+)::{name}\(", text)) or set(first)


def check(root: pathlib.Path) -> Iterator[str]:
    for walk, counts, faults in measured(root):
        yield from faults
        if walk not in MOST:
            yield f"{PAGE}: the walk of {walk} has no bound in tests/house/check_walks.py"
        elif any(now > most for now, most in zip(counts, MOST[walk])):
            yield f"{PAGE}: the walk of {walk} has {counts} functions, files and classes; at most {MOST[walk]}"


def measured(root: pathlib.Path) -> Iterator[tuple[str, tuple[int, int, int], list[str]]]:
    page = root / PAGE
    for walk, steps in walks(page.read_text(encoding="utf-8") if page.is_file() else ""):
        functions: set[str] = set()
        files: set[pathlib.Path] = set()
        of: set[str] = set()
        faults = []
        for step in steps:
            named = PATH.findall(step)
            beside = f"libtaskactor/{named[0]}" if named[0].startswith("src/") else named[0]
            places = [find(root, name, beside) for name in named]
            faults += [f"{PAGE}: {walk}: there is no {name}" for name, place in zip(named, places) if place is None]
            texts = [place.read_text(encoding="utf-8") for place in places if place]
            files |= {place for place in places if place}
            for name in filter(NAME.fullmatch, names(step.removeprefix(named[0]))):
                last = name.rpartition("::")[2]
                if not any(re.search(rf"\b{last}\b", text) for text in texts):
                    faults.append(f"{PAGE}: {walk}: {named[0]} has no {name}")
                functions.add(last)
                said = name.rpartition("::")[0]
                of |= {said} if said else classes(texts[0], last) if texts else set()
        yield walk, (len(functions), len(files), len(of - {""})), faults


PICTURE = """## Where `add_task` goes

```text
the caller
  src/a.cpp  go, part::on: does it (b.hpp)
             and more
```
"""
MANY = [f"f{number}" for number in range(40)]
RIGHT = {
    PAGE: PICTURE,
    "libtaskactor/src/a.cpp": "void part::go() {}\nvoid part::on() {}\n",
    "libtaskactor/src/b.hpp": "class other {\n};\n",
}
WRONG = {
    "there is no src/c.cpp": {PAGE: PICTURE.replace("src/a", "src/c")},
    "a.cpp has no part::on": {"libtaskactor/src/a.cpp": "void part::go() {}\n"},
    "has no bound": {PAGE: PICTURE.replace("`add_task`", "`other`")},
    "at most": {PAGE: PICTURE.replace("go, part", ", ".join(MANY) + ", part"),
                "libtaskactor/src/a.cpp": "void part::on() {}\n" + "".join(f"void part::{name}() {{}}\n" for name in MANY)},
}

if __name__ == "__main__":
    if sys.argv[1:] == ["--counts"]:
        for walk, counts, _ in measured(house.ROOT):
            print("%-32s %3d functions %3d files %3d classes" % (walk, *counts))
        sys.exit()
    house.main(check, RIGHT, WRONG)
