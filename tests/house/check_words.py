"""Nothing that is compiled says a word of this project's own for which the field has one: tests/house/words.txt. And what the
glossary names is there."""
import pathlib
import re
from collections.abc import Iterator

import house

LIST = "tests/house/words.txt"
GLOSSARY = "libtaskactor/docs/internals/glossary.md"
WORD = re.compile(r"\b[A-Za-z_]\w*\b")


def words(root: pathlib.Path) -> dict[str, str]:
    """The old word -> the field's."""
    lines = (root / LIST).read_text(encoding="utf-8").splitlines()
    return dict(re.split(r" +", line, maxsplit=1) for line in lines if line and not line.startswith("#"))


def check(root: pathlib.Path) -> Iterator[str]:
    old, there = words(root), set()
    for name, text in house.files(root, "libtaskactor/**/*.?pp", "apps/**/*.?pp", "examples/**/*.?pp", "tests/**/*.?pp"):
        if name.startswith("libtaskactor/"):
            there.update(WORD.findall(text))
        for number, line in enumerate(text.splitlines(), 1):
            for word in dict.fromkeys(WORD.findall(line)):
                if word.lower() in old:
                    yield f"{name}:{number}: {word}; say: {old[word.lower()]}"
    for word in re.findall(r"`([a-z_]+)`", (root / GLOSSARY).read_text(encoding="utf-8")):
        if word not in there:
            yield f"{GLOSSARY}: `{word}` isn't in the library's sources"


A = "libtaskactor/src/a.hpp"
RIGHT = {LIST: "# a comment\ntoken_gate   limiter_queue\nhusk         a lingering actor\n", A: "limiter_queue husky; // token_gates\n", GLOSSARY: "- `limiter_queue`: x\n"}
WRONG = {
    "a.hpp:2: token_gate; say: limiter_queue": {A: "\nclass token_gate;\n"},
    "a.hpp:1: Husk; say: a lingering actor": {A: "// Husk\n"},
    "a.hpp:1: husk; say: a lingering actor": {A: "// stays as a husk\n"},
    "`gone` isn't in": {GLOSSARY: "`gone`\n"},
    "b.cpp:1: husk": {"tests/run/b.cpp": "int husk;\n"},
}

if __name__ == "__main__":
    house.main(check, RIGHT, WRONG)
