"""A task costs no more instructions than it did: of a few works of the benchmark they are counted by callgrind, and
compared with tests/house/instructions.txt. Time would be noise where others use the same processors.

    instructions.py BENCH            compares, and fails when a figure is off by more than 3 %, in either direction
    instructions.py BENCH --renew    writes the file anew
    instructions.py --self-test      shows that it can fail

Counted is what one more task costs: the difference of two runs, so that neither start nor end is in it, on one thread
of the scheduler. "own" are the instructions in the program itself (our code, and what the compiler has made of CAF's and
the standard library's templates in it), "all" are those in shared libraries as well. How a pool's threads come to be
woken is up to the kernel: of a work with threads "all" varies by a tenth, "own" by 5 %, and the least "own" of three
runs by 1 %; so of these only that is compared. Without threads both vary by less than half a percent; but how a gather's
items fall to its slots is up to the kernel as well, and changes one run in four by 4 %: the median of five is compared.
"""
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import NamedTuple

ROOT = pathlib.Path(__file__).resolve().parents[2]
LIST = ROOT / "tests/house/instructions.txt"
RENEW = "./dev instructions --renew"
SLACK = 0.03


class Work(NamedTuple):
    name: str
    few: int
    many: int
    runs: int
    chosen: Callable[[list[int]], float]
    counts: tuple[str, ...]


WORKS = (
    Work("add", 2000, 6000, 1, min, ("own", "all")),
    Work("gather", 2000, 22000, 5, statistics.median, ("own", "all")),
    Work("thread", 1000, 7000, 3, min, ("own",)),
    Work("triggers", 1000, 6000, 1, min, ("own", "all")),
)
Figures = dict[tuple[str, str], int]


def instructions(profile: str) -> dict[str, int]:
    """By the object that they are in. A line of costs after `calls=` is what was called, and counted where it is."""
    names: dict[str, str] = {}
    totals: dict[str, int] = defaultdict(int)
    here, called = "", False
    for line in profile.splitlines():
        if found := re.match(r"(c?)ob=\((\d+)\)(?: (.*))?", line):
            inner, number, name = found.groups()
            if name:
                names[number] = name
            if not inner:
                here = names[number]
        elif line.startswith("calls="):
            called = True
        elif re.match(r"[+*-]?\d", line) or line.startswith("* "):
            if not called:
                totals[here] += int(line.split()[1])
            called = False
    return totals


def count(bench: pathlib.Path, work: str, size: int) -> dict[str, int]:
    with tempfile.TemporaryDirectory() as folder:
        profile = pathlib.Path(folder) / "profile"
        command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={profile}",
                   bench, "--threads", "1", "--once", work, str(size)]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)
        if done.returncode != 0:
            sys.exit(f"{' '.join(map(str, command))}: {done.stderr}")
        totals = instructions(profile.read_text(encoding="utf-8"))
    own = sum(cost for name, cost in totals.items() if pathlib.Path(name).name == bench.name)
    return {"own": own, "all": sum(totals.values())}


def measure(bench: pathlib.Path) -> Figures:
    figures = {}
    for work in WORKS:
        few, many = ([count(bench, work.name, size) for _ in range(work.runs)] for size in (work.few, work.many))
        for what in work.counts:
            more = work.chosen([run[what] for run in many]) - work.chosen([run[what] for run in few])
            figures[work.name, what] = round(more / (work.many - work.few))
    return figures


def versions() -> str:
    """What the figures hold for."""
    compiler = subprocess.run(["g++", "-dumpversion"], capture_output=True, text=True, check=True).stdout
    return f"g++ {compiler.partition('.')[0].strip()}"


def write_list(figures: Figures, by: str) -> str:
    head = f"# Instructions that one more task costs, in a release by {by}. Written by: {RENEW}\n"
    return head + "".join(f"{cost:6} {what} {work}\n" for (work, what), cost in figures.items())


def read_list(text: str) -> Figures:
    return {(work, what): int(cost) for cost, what, work in re.findall(r"^ *(\d+) (\w+) (\S+)$", text, re.MULTILINE)}


def faults(figures: Figures, listed: Figures) -> Iterator[str]:
    if figures.keys() != listed.keys():
        yield f"the list isn't of what is counted; renew it: {RENEW}"
        return
    for (work, what), cost in figures.items():
        was = listed[work, what]
        if abs(cost - was) > SLACK * was:
            change, advice = ("dearer", "find out why; if it must be so,") if cost > was else ("cheaper", "well done:")
            yield (f"a task of `{work}` has become {change}: {cost} instructions ({what}), were {was} "
                   f"({cost / was - 1:+.1%}); {advice} renew the list in a commit that says what for: {RENEW}")


PROFILE = """
ob=(1) /x/taskactor-bench
fn=(1) main
5 100
+2 20
cob=(2) /lib/libc.so.6
cfn=(2) malloc
calls=7 1
* 700
* 3
ob=(2)
fn=(2)
1 700
ob=(1)
fn=(3) other
-4 7
"""


def self_test() -> None:
    assert instructions(PROFILE) == {"/x/taskactor-bench": 130, "/lib/libc.so.6": 700}, instructions(PROFILE)
    listed = {("add", "own"): 1000, ("thread", "own"): 2000}
    assert read_list(write_list(listed, "g++ 12")) == listed
    assert not list(faults({("add", "own"): 1030, ("thread", "own"): 1940}, listed))
    assert "dearer: 1031 " in "".join(faults({**listed, ("add", "own"): 1031}, listed))
    assert "cheaper: 1939 " in "".join(faults({**listed, ("thread", "own"): 1939}, listed))
    assert "isn't of what" in "".join(faults({("add", "own"): 1000}, listed))


def main(arguments: list[str]) -> None:
    self_test()
    if arguments == ["--self-test"]:
        return
    if not arguments or arguments[1:] not in ([], ["--renew"]):
        sys.exit(__doc__)
    figures = measure(pathlib.Path(arguments[0]).resolve())
    if arguments[1:]:
        LIST.write_text(write_list(figures, versions()), encoding="utf-8")
        return
    text = LIST.read_text(encoding="utf-8")
    if f"by {versions()}." not in text.partition("\n")[0]:
        print(f"{LIST.name} isn't by {versions()}: the figures are not compared", file=sys.stderr)
        return
    listed = read_list(text)
    for (work, what), cost in figures.items():
        print(f"{work:8} {what:4} {cost:6}, listed {listed.get((work, what), '-')}")
    if found := list(faults(figures, listed)):
        sys.exit("\n".join(found))


if __name__ == "__main__":
    main(sys.argv[1:])
