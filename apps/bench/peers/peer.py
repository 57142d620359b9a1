"""What the peers of taskactor-bench that are written in Python share: the protocol of a contender (../contender.hpp).

    PROGRAM WORK SIZE    does the work once, and prints what it took as JSON; fails when a task gave a wrong result
    PROGRAM --about      prints {"name": ..., "version": ..., "works": [...]}
"""
import json
import sys
import time


class Stopwatch:
    """Runs from its construction."""

    def __init__(self):
        self._wall, self._cpu = time.perf_counter(), time.process_time()

    def seconds(self):
        return time.perf_counter() - self._wall

    def read(self):
        return {"seconds": self.seconds(), "cpu_seconds": time.process_time() - self._cpu}


def check(right, what="a result is wrong"):
    """Not an assert: that may be left out of a run."""
    if not right:
        sys.exit(what)


def percentiles(seconds):
    seconds = sorted(seconds)
    return {"p50_seconds": seconds[len(seconds) // 2], "p99_seconds": seconds[len(seconds) * 99 // 100]}


def resident_bytes():
    with open("/proc/self/status", encoding="ascii") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmRSS:"))


def plain_fib(n):
    before, this = 0, 1
    for _ in range(n):
        before, this = this, before + this
    return before


def main(name, version, works, arguments):
    """`works`: functions by name, each of which takes the size and gives what it took."""
    if arguments == ["--about"]:
        print(json.dumps({"name": name, "version": version, "works": list(works)}))
        return
    if len(arguments) != 2 or arguments[0] not in works:
        sys.exit(f"usage: PROGRAM ({' | '.join(works)}) SIZE, or --about")
    print(json.dumps(works[arguments[0]](int(arguments[1]))))
