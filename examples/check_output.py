"""Runs an example and compares its standard output with the comment at its end.

    check_output.py PROGRAM SOURCE
    check_output.py --self-test

The comment opens with a line "// Output:"; each line after it is "// " and a line of output. Within a line "..." stands
for any text, for what differs from run to run. The example must exit with 0.
"""
import re
import subprocess
import sys


def expected_lines(source: str) -> list[str]:
    lines = source.rstrip("\n").split("\n")
    starts = [i for i, line in enumerate(lines) if line.strip() == "// Output:"]
    if not starts:
        raise ValueError('no comment "// Output:"')
    block = lines[starts[-1] + 1 :]
    if not block or not all(line.startswith("//") for line in block):
        raise ValueError('the comment "// Output:" must be the last thing in the file, and have lines')
    return [line.removeprefix("//").removeprefix(" ") for line in block]


def matches(pattern: str, line: str) -> bool:
    return re.fullmatch(".*".join(map(re.escape, pattern.split("..."))), line) is not None


def difference(source: str, output: str) -> str | None:
    want, got = expected_lines(source), output.splitlines()
    if len(want) == len(got) and all(map(matches, want, got)):
        return None
    marks = [" " if i < len(want) and matches(want[i], line) else ">" for i, line in enumerate(got)]
    printed = "\n".join(f"{mark} {line}" for mark, line in zip(marks, got))
    return "expected:\n  " + "\n  ".join(want) + "\nprinted:\n" + printed


def self_test() -> None:
    source = "int main() {}\n\n// Output:\n// took ... ms\n// done\n"
    assert difference(source, "took 12 ms\ndone\n") is None
    for wrong in ("", "took 12 s\ndone\n", "done\ntook 12 ms\n", "took 1 ms\n", "took 1 ms\ndone\nmore\n"):
        assert difference(source, wrong) is not None, wrong
    for broken in ("int main() {}\n", "// Output:\n", "// Output:\n// a\nint main() {}\n"):
        try:
            expected_lines(broken)
        except ValueError:
            continue
        raise AssertionError(f"accepted: {broken!r}")


def main() -> int:
    self_test()
    if sys.argv[1:] == ["--self-test"]:
        return 0
    program, source = sys.argv[1:]
    run = subprocess.run([program], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, timeout=55)
    with open(source, encoding="utf-8") as file:
        wrong = difference(file.read(), run.stdout.decode())
    if run.returncode != 0:
        wrong = f"exit code {run.returncode}\n{wrong or ''}"
    if wrong:
        print(f"{source}: {wrong}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
