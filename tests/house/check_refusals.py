"""What can't be is refused at compile time in one sentence that names what is wrong, by g++ and by clang.

Each tests/house/refused_*.cpp is compiled. A line that is to be refused ends with `//!` and the sentence's beginning:
that sentence has to be the one error of the line, and all that the compiler says of it has to be short.
"""
import pathlib
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import house

COMPILERS = ("g++", "clang++-16")
MOST_LINES = 12  # of errors and notes for one line
EXPECTED = re.compile(r"^(?P<code>.*?)//! (?P<sentence>.*)$")
PLACE = re.compile(r"(?P<file>[^ :]+):(?P<line>\d+):\d+: +(?P<text>.*)")
SENTENCE = re.compile(r"static assertion failed(?: due to requirement '.*?')?: (?P<sentence>.*)|static_assert failed .*?\"(.*)")


def is_gcc_12(compiler: str) -> bool:
    """Some things are refused only there, because they can't be compiled rightly."""
    if not compiler.startswith("g++"):
        return False
    return subprocess.run([compiler, "-dumpversion"], capture_output=True, text=True).stdout.startswith("12")


def complaints(compiler: str, output: str, source: str) -> Iterator[tuple[int, str, int]]:
    """Of each error: the line of the source that it comes from, its text, and how many lines are spent on it."""
    seen, found = 0, None  # g++ says where before the error, clang after it
    lines = 0
    for each in output.splitlines():
        place = PLACE.match(each)
        if not place:
            continue
        lines += 1
        here = int(place["line"]) if place["file"].endswith(source) else 0
        text = place["text"]
        if text.startswith(("error: ", "fatal error: ")):
            if found:
                yield *found, lines
            found, lines = (here or (seen if compiler == "g++" else 0), text.partition("error: ")[2]), 1
        elif here:
            seen = here
            if found and not found[0]:
                found = here, found[1]
    if found:
        yield *found, lines


def judge(compiler: str, root: pathlib.Path, name: str, text: str) -> Iterator[str]:
    warnings = ["-Werror=unused-result"] if name.endswith("_forgotten.cpp") else ["-w"]
    command = [compiler, "-std=c++20", "-fsyntax-only", *warnings, "-I", root / "libtaskactor/include", root / name]
    command += ["-ferror-limit=0"] if compiler.startswith("clang") else []
    output = subprocess.run(command, capture_output=True, text=True).stderr
    expected = {}
    for number, line in enumerate(text.splitlines(), 1):
        if wanted := EXPECTED.match(line):
            expected[number] = wanted["sentence"].strip()
    if not is_gcc_12(compiler):
        expected = {number: sentence for number, sentence in expected.items() if "g++ 12" not in sentence}
    for number, error, lines in complaints(compiler, output, name):
        sentence = SENTENCE.search(error)
        said = next((each for each in sentence.groups() if each), "") if sentence else error
        wanted = expected.get(abs(number), "")
        if not wanted:
            yield f"{name}:{number}: by {compiler}: refused a second time, or unasked: {said}"
        elif not said.startswith(wanted):
            yield f"{name}:{number}: by {compiler}: {said!r}, in place of {wanted!r}"
        elif lines > MOST_LINES:
            yield f"{name}:{number}: by {compiler}: {lines} lines for one sentence"
        expected.pop(number, None)
    for number, wanted in expected.items():
        yield f"{name}:{number}: by {compiler}: not refused: {wanted!r}"


def check(root: pathlib.Path) -> Iterator[str]:
    jobs = [
        (compiler, root, name, text)
        for name, text in house.files(root, "tests/house/refused_*.cpp")
        for compiler in COMPILERS
        if shutil.which(compiler)
    ]
    with ThreadPoolExecutor(2) as pool:
        for found in pool.map(lambda job: list(judge(*job)), jobs):
            yield from found


CASE = "tests/house/refused_a.cpp"
RIGHT = {
    "libtaskactor/include/f.hpp": "template <class T> void f(T) { static_assert(sizeof(T) > 9, \"f: too small\"); }\n",
    CASE: "#include <f.hpp>\nint main() {\n  f(1); //! f: too small\n}\n",
}
WRONG = {
    "not refused: 'f: too": {CASE: "int main() {\n  (void)1; //! f: too small\n}\n"},
    "in place of 'f: too big'": {CASE: RIGHT[CASE].replace("//! f: too small", "//! f: too big")},
    "or unasked: f: too small": {CASE: RIGHT[CASE].replace("//! f: too small", "")},
    "a.cpp:3: by g++: refused a second": {CASE: RIGHT[CASE].replace("f(1);", "f(1), f('a');")},
    "in place of 'g'": {CASE: "int main() {\n  g(1); //! g\n}\n"},
}

if __name__ == "__main__":
    house.main(check, RIGHT, WRONG)
