"""A file has one subject and stays small: past its limit, name the second concept and give it a file of its own."""
import pathlib
from collections.abc import Iterator

import house

# The first pattern that a file matches decides.
LIMITS = {
    "examples/*.cpp": 80,
    "tests/**/*.?pp": 450,
    "**/*.hpp": 200,
    "**/*.cpp": 350,
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
    "libtaskactor/include/taskactor/a.hpp": lines(200),
    "libtaskactor/src/lifecycle/a.cpp": lines(350),
    "tests/lifecycle/a.cpp": lines(450),
    "examples/01_a.cpp": lines(80),
}
WRONG = {
    "a.hpp: 201 lines": {"libtaskactor/include/taskactor/a.hpp": lines(201)},
    "b.hpp: 201 lines": {"libtaskactor/src/b.hpp": lines(201)},
    "a.cpp: 351 lines": {"libtaskactor/src/lifecycle/a.cpp": lines(351)},
    "main.cpp: 351 lines": {"apps/taskactor/main.cpp": lines(351)},
    "a.cpp: 451 lines": {"tests/lifecycle/a.cpp": lines(451)},
    "01_a.cpp: 81 lines": {"examples/01_a.cpp": lines(81)},
    "opens with a comment": {"examples/01_a.cpp": "#include <vector>\n"},
}

if __name__ == "__main__":
    house.main(check, RIGHT, WRONG)
