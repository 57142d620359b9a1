"""Nothing in an await that g++ 12 would destroy twice: no temporary of an aggregate, no lambda that owns its captures.

g++ 12 copies such a temporary byte by byte into the coroutine's frame and destroys both (see first_steps.md). Where
the types tell, the library refuses it; a check of the text finds the rest, in code, in comments of headers and in the
guide: `name{...}` and `[name] (...) {...}` between `co_await`, or `co_yield`, and the end of its statement, or around it.
What is no aggregate, or owns nothing, is listed here, or its line says `// owns nothing`. Of lambdas in code only
those are looked at that can't be copied, since the compiler sees the others.
"""
import pathlib
import re
from collections.abc import Iterator

import house

PLACES = ("libtaskactor/**/*.?pp", "apps/**/*.?pp", "examples/**/*.?pp", "tests/**/*.?pp", "**/*.md")
# Tests of what is refused, and builds.
LEFT_OUT = ("tests/house/refused_", "build/", ".git/")
EXCUSED = "// owns nothing"
# Classes with constructors, and aggregates of numbers.
HARMLESS = re.compile(
    r"(?:^|::)(?:nanoseconds|microseconds|milliseconds|seconds|minutes|hours|string|string_view|vector|optional|suspend_never"
    r"|system_error|runtime_error|path|call_wait|node_call_wait)$"
)
TYPE_BRACE = re.compile(r"((?:[A-Za-z_]\w*::)*[A-Za-z_]\w*)(?:<[^<>;(){}]*(?:<[^<>;(){}]*>)?[^<>;(){}]*>)?\{")
KEYWORDS = {"return", "co_return", "co_yield", "else", "do", "try", "mutable", "const", "noexcept", "override", "final"}
AWAIT = re.compile(r"(?<!operator )\bco_(?:await|yield)\b")
LAMBDA = re.compile(r"(?<![\w\])])\[([^\[\]]*)\]\s*(?=[({])")


def blank(match: re.Match[str]) -> str:
    return re.sub(r"[^\n]", " ", match.group(0))


def shown(text: str) -> str:
    """What the comments of a header show."""
    text = re.sub(r"^(?!\s*///)[^\n]+", blank, text, flags=re.MULTILINE)
    return without_comments(re.sub(r"^(\s*)///", r"\1   ", text, flags=re.MULTILINE))


def quoted(text: str) -> str:
    """The code that a page shows."""
    prose = re.compile(r"\A.*?^```|^```\n.*?(?:^```|\Z)", re.MULTILINE | re.DOTALL)
    return prose.sub(blank, text)


def without_comments(text: str) -> str:
    """Code, with strings emptied and comments blanked."""
    text = re.sub(r"//[^\n]*", blank, text)
    return re.sub(r'"(?:[^"\\\n]|\\.)*"', lambda match: '"' + " " * (len(match.group(0)) - 2) + '"', text)


def closing(text: str, start: int) -> int:
    """The place of what closes the bracket at `start`."""
    depth = 0
    for at in range(start, len(text)):
        depth += (text[at] in "([{") - (text[at] in ")]}")
        if depth == 0:
            return at
    return len(text) - 1


def statement(text: str, start: int) -> str:
    """From an await to the end of its statement, without the bodies of lambdas."""
    kept, at, depth = [], start, 0
    while at < len(text):
        here = text[at]
        if here == "`" or (depth == 0 and here in ";)]}"):
            break
        if here == "{" and re.search(r"(?:\)|\bmutable|\bnoexcept|->\s*[\w:<>, ]+|\])\s*$", "".join(kept)):
            at = closing(text, at)
            kept.append("{}")
        else:
            depth += (here in "([{") - (here in ")]}")
            kept.append(here)
        at += 1
    return "".join(kept)


def owns(captures: str) -> list[str]:
    parts = [part.strip() for part in captures.split(",")]
    return [part for part in parts if part and part != "this" and not part.startswith("&")]


def check(root: pathlib.Path) -> Iterator[str]:
    for name, text in house.files(root, *PLACES):
        if name.startswith(LEFT_OUT):
            continue
        lines = text.splitlines()
        compiled = not name.endswith(".md")
        if not compiled:
            text = quoted(text)
        seen = [(without_comments(text), compiled)] + ([(shown(text), False)] if compiled else [])
        for code, found, compiled in ((code, found, kind) for code, kind in seen for found in AWAIT.finditer(code)):
            number = code.count("\n", 0, found.start()) + 1
            part = statement(code, found.end())
            if any(EXCUSED in line for line in lines[number - 1:number + part.count("\n")]):
                continue
            for brace in TYPE_BRACE.finditer(part):
                kind = brace.group(1)
                if part[brace.end():brace.end() + 1] != "}" and kind not in KEYWORDS and not HARMLESS.search(kind):
                    yield f"{name}:{number}: a temporary in an await: {kind}{{...}}; give it a name before"
            for captures in LAMBDA.finditer(part):
                for owned in owns(captures.group(1)):
                    if compiled and "move" not in owned:
                        continue
                    yield f"{name}:{number}: a lambda in an await owns {owned!r}; give it a name before"
            before = code[:found.start()].rstrip()
            if around := re.search(r"([\w:]+)\{[^{};]*$", before):
                kind = around.group(1)
                if kind not in KEYWORDS and not HARMLESS.search(kind):
                    yield f"{name}:{number}: an await within {kind}{{...}}; give its value a name before"


CODE = "examples/a.cpp"
RIGHT = {
    CODE: "auto made = job{1, s};\nco_await run_in_thread(work, std::move(made));\n"
    "co_await ta::sleep_for(std::chrono::seconds{1});\nco_await f(std::vector<int>{n});\n"
    "co_await gather({.id = s}, [&](int i) -> ta::task<int> { job here{1, s}; co_return i; }, items);\n"
    "if (x) { co_await f(); }\nco_await f([&text, this] { return g{1}; });\n"
    "co_await f([n] { return n; }); // owns nothing\nco_await f(tag{});\n",
    "libtaskactor/docs/a.md": "no `co_await f(job{1, s});`\n```cpp\nconst job one{1, s};\nco_await f(one);\n```\nco_await f(job{1, s});\n",
}
WRONG = {
    f"{name}:{line}: {fault}": {name: text}
    for name, line, fault, text in (
        (CODE, 1, "a temporary in an await: job{", "co_await run_in_thread(work, job{1, s});\n"),
        (CODE, 1, "a temporary in an await: ns::job{", "const int x = co_await f(\n  ns::job{.n = 1}) + 1;\n"),
        (CODE, 2, "a temporary in an await: page{", "\nco_yield page{a, b};\n"),
        (CODE, 1, "a temporary in an await: pair{", "co_await f(pair<int, std::string>{1, s});\n"),
        ("README.md", 2, "a lambda in an await owns 's'", "```cpp\nco_await run_in_thread([s] { return s; });\n```\n"),
        ("README.md", 4, "a lambda in an await owns '='", "a\n\n```cpp\nco_await f([=] { return s; });\n```\n"),
        (CODE, 1, "a lambda in an await owns 'p = std::move(p)'", "co_await f([&, p = std::move(p)](int) {});\n"),
        (CODE, 1, "an await within job{", "auto j = job{s, co_await f()};\n"),
        ("libtaskactor/include/taskactor/a.hpp", 1, "a temporary in an await: lookup{",
         "///     const auto [a, b] = co_await ta::request<int>(store, 2s, lookup{key});\n"),
        ("libtaskactor/docs/a.md", 2, "a temporary in an await: job{", "```cpp\nco_await f(job{1, s});\n```\n"),
    )
}
if __name__ == "__main__":
    house.main(check, RIGHT, WRONG)
