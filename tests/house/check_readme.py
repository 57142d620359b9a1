"""Every snippet of the README, the design, and the pages in libtaskactor/docs and its folders, is a quotation from a file
that the tests compile or run.

A comment before the fence names the file, and the block's lines stand in it in one piece, however deep indented:

    <!-- from examples/01_hello.cpp -->
    ```cpp
    ...
    ```

Only `text` blocks need no source. Paths that a page links to must exist.
"""
import pathlib
import posixpath
import re
import textwrap
from collections.abc import Iterator

import house

FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ORIGIN = re.compile(r"<!-- from (\S+) -->\n\Z")
LINK = re.compile(r"\]\((?!https?:|#)([^)#]+)")
# What the tests compile or run.
TESTED = ("examples/", "tests/", ".ci/run")
PAGES = ("README.md", "libtaskactor/*.md", "libtaskactor/docs/*.md", "libtaskactor/docs/*/*.md")


def normal(text: str) -> str:
    return "\n".join(line.rstrip() for line in textwrap.dedent(text).strip("\n").splitlines())


def contains(file: str, block: str) -> bool:
    lines, wanted = file.splitlines(), normal(block).splitlines()
    return any(
        normal("\n".join(lines[i : i + len(wanted)])).splitlines() == wanted for i in range(len(lines) - len(wanted) + 1)
    )


def check(root: pathlib.Path) -> Iterator[str]:
    for name, text in house.files(root, *PAGES):
        yield from check_page(root, name, text)


def check_page(root: pathlib.Path, name: str, text: str) -> Iterator[str]:
    for fence in FENCE.finditer(text):
        language, block = fence.groups()
        if language == "text":
            continue
        line = f"{name}:{text.count(chr(10), 0, fence.start()) + 1}"
        origin = ORIGIN.search(text[: fence.start()])
        if not origin:
            yield f"{line}: a snippet without <!-- from FILE --> before it"
        elif not origin.group(1).startswith(TESTED):
            yield f"{line}: {origin.group(1)} is not compiled or run by a test"
        elif not (file := root / origin.group(1)).is_file():
            yield f"{line}: {origin.group(1)} isn't there"
        elif not normal(block) or not contains(file.read_text(encoding="utf-8"), block):
            yield f"{line}: the snippet does not stand in {origin.group(1)}"
    for link in LINK.findall(FENCE.sub("", text)):  # a lambda looks like a link
        if not (root / posixpath.dirname(name) / link).exists():
            yield f"{name}: a link to {link}, which isn't there"


FENCED = "# x\n<!-- from examples/a.cpp -->\n```cpp\nint a;\n  int b;\n```\n"
RIGHT = {
    "README.md": FENCED + "[see](examples/a.cpp#L1) [web](https://example.org)\n```text\nfree [](int)\n```\n",
    "libtaskactor/docs/a.md": FENCED + "[up](../../examples/a.cpp)\n",
    "examples/a.cpp": "{\n  int a;\n    int b;\n}\n",
    "dev": "int a;\n  int b;\n",
}
WRONG = {
    "README.md:2: a snippet without": {"README.md": "\n```cpp\nint a;\n```\n"},
    "README.md:1: a snippet without": {"README.md": "```\nint a;\n```\n"},
    "does not stand in": {"examples/a.cpp": "{\n  int a;\n\n    int b;\n}\n"},
    "examples/b.cpp isn't there": {"README.md": FENCED.replace("a.cpp", "b.cpp")},
    "dev is not compiled or run": {"README.md": FENCED.replace("examples/a.cpp", "dev")},
    "libtaskactor/docs/b.md:2: a snippet without": {"libtaskactor/docs/b.md": "\n```cpp\nint a;\n```\n"},
    "docs/b.md: a link to examples/a.cpp": {"libtaskactor/docs/b.md": "[a](examples/a.cpp)\n"},
    "docs/internals/a.md: a link to ../run.md": {"libtaskactor/docs/internals/a.md": "[a](../run.md)\n"},
    "DESIGN.md: a link to docs/b.md": {"libtaskactor/DESIGN.md": "[b](docs/b.md) [a](docs/a.md)\n"},
    "a link to apps": {"README.md": "[apps](apps)\n"},
}

if __name__ == "__main__":
    house.main(check, RIGHT, WRONG)
