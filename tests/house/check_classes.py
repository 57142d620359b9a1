"""A class has one subject: at most 30 members, and 400 lines with all of its definitions.

Members are what a class declares in itself: its data, and its functions, constructors among them; no types, no friends.
"""
import pathlib
import re
from collections import Counter
from collections.abc import Iterator

import house

MOST_MEMBERS, MOST_LINES = 30, 400
CLASS = re.compile(r"\b(?<!enum )(?:class|struct)\s+((?:\w+::)*)(\w+)(?:\s*<[^{};]*?>)?(?:\s+final)?\s*(?::[^{};()]*)?\{")
DEFINITION = re.compile(r"^(?![ \t}])[^\n;{}]*?\b(\w+)::~?\w+\s*\([^;{}]*?\)[^;{}]*\{", re.MULTILINE)
NO_MEMBER = re.compile(r"(using|friend|typedef|static_assert|class|struct|enum|TYPE\b|template\s*<[^;]*>\s*(class|struct|friend|using))")


def bare(text: str) -> str:
    """Without comments, texts and what is for the preprocessor; with all lines."""
    text = re.sub(r"//[^\n]*", "", text)
    text = re.sub(r'"(?:\\.|[^"\\\n])*"', '""', text)
    text = re.sub(r"'(?:\\.|[^'\\\n])'", "' '", text)
    return re.sub(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", lambda found: "\n" * found[0].count("\n"), text, flags=re.MULTILINE)


def closing(text: str, at: int) -> int:
    """Where what opens there is closed."""
    opens, closes, depth = text[at], {"{": "}", "(": ")"}[text[at]], 0
    for position in range(at, len(text)):
        depth += (text[position] == opens) - (text[position] == closes)
        if depth == 0:
            return position
    return len(text)


def members(text: str) -> int:
    """Of a class with this between its braces."""
    count, said, at = 0, "", 0
    while at < len(text):
        letter = text[at]
        if letter == "(":
            at = closing(text, at)
            said += "()"
        elif letter == "{":
            at = closing(text, at)
            is_type = re.search(r"\b(class|struct|union|enum)\b", said) and "()" not in said
            is_body = "()" in said and not is_type and not re.match(r"\s*[;,]", text[at + 1:])
            count += is_body
            said = "" if is_body else "TYPE" if is_type else said + "{}"
        elif letter == ";":
            said = said.strip()
            if said and not NO_MEMBER.match(said):
                count += 1 + (said.count(",") if "()" not in said and "<" not in said else 0)
            said = ""
        elif letter == ":" and re.search(r"\b(public|private|protected)\s*$", said):
            said = ""
        else:
            said += letter
        at += 1
    return count


def sizes(root: pathlib.Path) -> dict[str, tuple[int, int]]:
    """Members and lines of each class, by its name."""
    most, lines = Counter(), Counter()
    for _, text in house.files(root, "libtaskactor/include/**/*.hpp", "libtaskactor/src/**/*.?pp", "apps/**/*.?pp"):
        text = bare(text)
        for found in CLASS.finditer(text):
            end = closing(text, found.end() - 1)
            most[found[2]] = max(most[found[2]], members(text[found.end():end]))
            lines[found[2]] += text.count("\n", found.start(), end) + 1
        for found in DEFINITION.finditer(text):
            lines[found[1]] += text.count("\n", found.start(), closing(text, found.end() - 1)) + 1
    return {name: (most[name], lines[name]) for name in most}


def check(root: pathlib.Path) -> Iterator[str]:
    for name, (count, lines) in sizes(root).items():
        if count > MOST_MEMBERS or lines > MOST_LINES:
            yield f"{name}: {count} members, {lines} lines; at most {MOST_MEMBERS} and {MOST_LINES}"


DATA = "".join(f"  int a{i};\n" for i in range(28))
SMALL = f"class small {{\npublic:\n  small() : a0(1) {{}}\n  void f();\n{DATA}}};\n"
RIGHT = {
    "libtaskactor/src/a.hpp": SMALL + "struct tall {\n  using x = int;\n  void f() { g(1); }\n  int b;\n" + DATA + "};\n",
    "libtaskactor/src/a.cpp": "void small::f() {\n" + "  g();\n" * 360 + "}\n",
}
WRONG = {
    "small: 31 members": {"libtaskactor/src/a.hpp": SMALL.replace("  void f();", "  void f();\n  int g() const { return {}; }")},
    "small: 30 members, 413 lines": {"libtaskactor/src/a.cpp": "void small::f() {\n" + "  g();\n" * 378 + "}\n"},
    "tall: 31 members": {"libtaskactor/src/a.hpp": SMALL + "struct tall {\n" + DATA + "  int b, c, d;\n};\n"},
}

if __name__ == "__main__":
    house.main(check, RIGHT, WRONG)
