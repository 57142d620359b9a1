"""Comments as they were written: no formatter, and nobody's editor, has broken their pictures.

- A section's ruler is one line, `// -- its name ---...`, up to column 78. No line of a comment is dashes alone.
- A table's lines are together, and each has as many columns as its first.
- A comment's line is at most 110 characters long (clang-format leaves comments alone, too long ones as well).
- clang-format does leave them alone.
"""
import pathlib
import re
from collections.abc import Iterator

import house

COLUMNS = 110
RULER_END = 78
SHORTEST_TAIL = 3
DASHES = re.compile(r"\s*//+ *-{3,}$")
RULER = re.compile(r"\s*// -- (.*?)( -*)?$")
ROW = re.compile(r"\s*///? ?(\|.*)$")
TEXT = re.compile(r"\s*//+ ?[^\s/]")


def check(root: pathlib.Path) -> Iterator[str]:
    for name, text in house.files(root, ".clang-format"):
        if not re.search(r"^ReflowComments: false$", text, re.MULTILINE):
            yield f"{name}: lets the formatter reflow comments, which breaks tables and pictures in them"
    for name, text in house.files(root, "*/**/*.?pp"):
        if name.startswith(("build/", "tests/house/")):
            continue
        columns = 0  # of the table that the line before was a part of
        for number, line in enumerate(text.splitlines(), 1):
            row = ROW.match(line)
            for fault in faults_of_line(line, row, columns):
                yield f"{name}:{number}: {fault}"
            columns = (columns or row.group(1).count("|")) if row else 0


def faults_of_line(line: str, row: re.Match[str] | None, columns: int) -> Iterator[str]:
    if DASHES.match(line):
        yield "dashes alone: a ruler is one line"
    if (ruler := RULER.match(line)) and "-" * SHORTEST_TAIL not in line:
        if len(line) < RULER_END - SHORTEST_TAIL:
            yield f"a ruler ends at column {RULER_END}, not with '{ruler.group(1)[-20:]}'"
    elif ruler and len(line) != RULER_END:
        yield f"a ruler ends at column {RULER_END}, not {len(line)}"
    if len(line) > COLUMNS and re.match(r"\s*//", line):
        yield f"a comment of {len(line)} columns; at most {COLUMNS}"
    if row and row.group(1).startswith("| |"):
        yield "a table's row begins in the middle of another one"
    elif row and not row.group(1).endswith("|"):
        yield "a table's row is broken"
    elif row and columns and row.group(1).count("|") != columns:
        yield f"a table's row has {row.group(1).count('|') - 1} columns, the first one {columns - 1}"
    if not row and columns and TEXT.match(line):
        yield "text in a table: end it by an empty line of the comment"


A = "libtaskactor/src/a.hpp"
TABLE = "/// | a | b |\n/// |---|---|\n/// | c | d |\n"
RIGHT = {
    ".clang-format": "ReflowComments: false\n",
    A: TABLE + "///\n/// a --b--> c\n  // -- waiting " + "-" * 62 + "\nint n; // -- n\n",
}
WRONG = {
    "lets the formatter": {".clang-format": "BasedOnStyle: LLVM\n"},
    "a.hpp:2: dashes alone": {A: "  // -- waiting\n  // " + "-" * 80 + "\n"},
    "a.hpp:1: a ruler ends at column 78, not with 'waiting'": {A: "  // -- waiting\n"},
    "a.hpp:1: a ruler ends at column 78, not 40": {A: "// -- waiting " + "-" * 26 + "\n"},
    "a.hpp:1: a comment of 117 columns": {A: "/// " + "word " * 22 + "end\n"},
    "a.hpp:4: a table's row begins": {A: TABLE + "/// | | e | f\n"},
    "a.hpp:3: a table's row is broken": {A: "/// | a | b |\n/// |---|---|\n/// | c\n"},
    "a.hpp:4: a table's row has 3 columns": {A: TABLE + "/// | e | f | g |\n"},
    "a.hpp:4: text in a table": {A: TABLE + "/// and d |\n"},
}

if __name__ == "__main__":
    house.main(check, RIGHT, WRONG)
