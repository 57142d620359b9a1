"""A file has one subject, and may be as long as that; past its limit it has two: name the second, and give it a file of its
own."""
import pathlib
from collections.abc import Iterator

import house

# The first pattern that a file matches decides.
LIMITS = {
    "examples/*.cpp": 100,
    "**/*.?pp": 600,
}
PLACES = ("libtaskactor", "apps", "examples", "tests")


def check(root: pathlib.Path) -> Iterator[str]:
    seen = set()
    for pattern, limit in LIMITS.items():
        patterns = [pattern] if pattern.startswith(PLACES) else [f"{place}/{pattern}" for place in PLACES]
        for name, text in house.files(root, *patterns):
            if name not in seen and (lines := text.count("\n")) > limit:
                yield f"{name}: {lines} lines, more than {limit}"
            seen.add(name)
    for name, text in house.files(root, "examples/*.cpp"):
        if not text.startswith("//"):
            yield f"{name}: an example opens with a comment that says its idea"


def lines(count: int) -> str:
    return "// x\n" * count


RIGHT = {
    "libtaskactor/include/taskactor/a.hpp": lines(600),
    "libtaskactor/src/task/a.cpp": lines(600),
    "tests/task/a.cpp": lines(600),
    "examples/01_a.cpp": lines(100),
}
WRONG = {
    "a.hpp: 601 lines": {"libtaskactor/include/taskactor/a.hpp": lines(601)},
    "b.hpp: 601 lines": {"libtaskactor/src/b.hpp": lines(601)},
    "a.cpp: 601 lines": {"libtaskactor/src/task/a.cpp": lines(601)},
    "main.cpp: 601 lines": {"apps/taskactor/main.cpp": lines(601)},
    "t.cpp: 601 lines": {"tests/task/t.cpp": lines(601)},
    "01_a.cpp: 101 lines": {"examples/01_a.cpp": lines(101)},
    "opens with a comment": {"examples/01_a.cpp": "#include <vector>\n"},
}

if __name__ == "__main__":
    house.main(check, RIGHT, WRONG)
