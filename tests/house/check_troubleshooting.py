"""The page on troubleshooting has each code of `errc`, with the code's own words, and quotes no text that has gone.

A row of the table of codes begins with the enumerator and what `to_string` says of it. What stands in code in the first
column of the other tables, which are headed by `text`, stands in a source, but for `...`, which is any text.
"""
import pathlib
import re
from collections.abc import Iterator

import house

PAGE = "libtaskactor/docs/troubleshooting.md"
ENUM = re.compile(r"enum class errc \{(.*?)\n\};", re.DOTALL)
ENUMERATOR = re.compile(r"^ *(\w+)(?: = \d+)?,$", re.MULTILINE)
WORDS = re.compile(r'case errc::(\w+):\s*return "(.*)";')


def rows(page: str, head: str) -> Iterator[list[str]]:
    """The cells of all tables whose first column is headed so."""
    inside = False
    for line in page.splitlines():
        inside = line.startswith("|") and (inside or line.startswith(f"| {head} |"))
        if inside and not line.startswith((f"| {head} |", "|---")):
            yield [cell.strip() for cell in line.strip("|").split(" | ")]


def literals(root: pathlib.Path) -> str:
    """All sources, with string literals that follow each other joined."""
    text = "\n".join(text for _, text in house.files(root, "libtaskactor/**/*.?pp"))
    return re.sub(r'(?<!\\)"\s*"', "", text).replace('\\"', '"')


def check(root: pathlib.Path) -> Iterator[str]:
    page = (root / PAGE).read_text(encoding="utf-8")
    codes = ENUMERATOR.findall(ENUM.search((root / "libtaskactor/include/taskactor/errc.hpp").read_text(encoding="utf-8"))[1])
    words = dict(WORDS.findall((root / "libtaskactor/src/base/errc.cpp").read_text(encoding="utf-8")))
    told = {cells[0].strip("`"): cells[1] for cells in rows(page, "`errc`")}
    for code in codes:
        if code not in told:
            yield f"{PAGE}: nothing about errc::{code}"
        elif told[code] != words.get(code):
            yield f"{PAGE}: errc::{code} is told as '{told[code]}', and says '{words.get(code)}'"
    for code in told.keys() - set(codes):
        yield f"{PAGE}: there is no errc::{code}"
    sources = literals(root)
    for cells in rows(page, "text"):
        for part in cells[0].strip("`").split("..."):
            if part.strip() not in sources:
                yield f"{PAGE}: no source says '{part.strip()}'"


HEADER, SOURCE = "libtaskactor/include/taskactor/errc.hpp", "libtaskactor/src/base/errc.cpp"
TABLE = "| `errc` | its words |\n|---|---|\n| `a_code` | a word |\n| `b_code` | b |\n\n"
RIGHT = {
    HEADER: "enum class errc {\n  /// What it is,\n  a_code = 1,\n  b_code,\n};\n",
    SOURCE: 'case errc::a_code:\n  return "a word";\ncase errc::b_code:\n  return "b";\n',
    "libtaskactor/src/lifecycle/a.cpp": 'throw "there is no \\"" + name + "\\" "\n  "left for it";\n',
    PAGE: TABLE + '| text | what |\n|---|---|\n| `there is no "..." left for it` | `x` |\n\n`gone`\n',
}
WRONG = {
    "nothing about errc::b_code": {PAGE: TABLE.replace("b_code", "a_code")},
    "errc::a_code is told as 'word'": {PAGE: TABLE.replace("a word", "word")},
    "there is no errc::c_code": {PAGE: TABLE + TABLE.replace("a_code", "c_code")},
    "no source says 'is gone'": {PAGE: TABLE + "| text |\n|---|\n| `there ... is gone` |\n"},
}

if __name__ == "__main__":
    house.main(check, RIGHT, WRONG)
