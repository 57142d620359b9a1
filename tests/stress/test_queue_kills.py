"""Commands as jobs of `taskactor push` and `taskactor work`, while the worker is killed.

    test_queue_kills.py PROGRAM [--count COMMANDS] [--kills N] [--seed N]

All succeed; each runs at least once, and only those that were running in the store at a kill run more than
once: an end that was stored before is one.
"""
import argparse
import collections
import json
import os
import pathlib
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time

LIMIT = 200  # seconds
SLOTS = 4
# As the last ones have it: no worker that is to be killed comes to an end before.
WAITS = "while [ ! -e go ]; do sleep 0.01; done"


class Program:
    """The program, in a folder and with a default store of its own."""

    def __init__(self, path: str, folder: pathlib.Path) -> None:
        self.path, self.folder = path, folder
        self.environment = {**os.environ, "XDG_STATE_HOME": str(folder / "state"), "LANG": "C.UTF-8"}
        for name in ("TASKACTOR_STORE", "TASKACTOR_NODE", "TASKACTOR_LOG"):
            self.environment.pop(name, None)

    def start(self, *words: str) -> subprocess.Popen:
        return subprocess.Popen([self.path, *words], cwd=self.folder, env=self.environment, text=True,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def ask(self, *words: str) -> str:
        process = self.start(*words)
        out, err = process.communicate(timeout=LIMIT)
        if process.returncode != 0:
            sys.exit(f"{' '.join(words)}: exit code {process.returncode}: {err}")
        return out


    def jobs(self) -> list[dict]:
        return [json.loads(line) for line in self.ask("jobs", "--all", "--json").splitlines()]


def lines_of(file: pathlib.Path) -> list[str]:
    return file.read_text(encoding="utf-8").splitlines() if file.exists() else []


def kill_in_flight(program: Program, chance: random.Random, runs: pathlib.Path, count: int) -> None:
    """Starts a worker, and kills it at some time after it has run something."""
    before = len(lines_of(runs))
    worker = program.start("work", "--until-empty", "--quiet", "--queue", f"default={SLOTS}")
    wanted = before + chance.randrange(1, 40)
    end = time.monotonic() + LIMIT
    while len(lines := lines_of(runs)) < wanted:
        if len(lines) > before and len(set(lines)) == count:
            break  # all others are over
        if worker.poll() is not None:
            sys.exit(f"a worker has ended before it was killed: {worker.communicate()[1]}")
        if time.monotonic() > end:
            worker.kill()
            sys.exit(f"a worker has begun {len(lines) - before} commands, and no more")
        time.sleep(0.003)
    time.sleep(chance.random() * 0.05)
    worker.send_signal(signal.SIGKILL)
    err = worker.communicate()[1]
    if worker.returncode != -signal.SIGKILL:
        sys.exit(f"a worker has ended before it was killed: {err}")


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--kills", type=int, default=6)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    chance = random.Random(given.seed)
    faults = []
    with tempfile.TemporaryDirectory() as holder:
        program = Program(given.program, pathlib.Path(holder))
        runs = program.folder / "runs"
        # In groups: to start the program for each takes longer than to run it.
        numbers = list(range(given.count))
        command_of: dict[int, str] = {}  # by its job's id
        while numbers:
            group, numbers = numbers[:8], numbers[8:]
            works = {i: WAITS if i >= given.count - SLOTS else "sleep 0.03" for i in group}
            pushes = {i: program.start("push", "--", "/bin/sh", "-c", f"echo {i} >> runs; {works[i]}") for i in group}
            for i, each in pushes.items():
                out, err = each.communicate(timeout=LIMIT)
                if each.returncode != 0:
                    sys.exit(f"a push has failed: {err}")
                command_of[int(out)] = str(i)
        # How often each may run, by what the store says at each kill; and how many lines there were at the
        # first one at which it had succeeded.
        may_run = collections.Counter(command_of.values())
        ended: dict[str, int] = {}
        for _ in range(given.kills):
            kill_in_flight(program, chance, runs, given.count)
            so_far = len(lines_of(runs))
            for job in program.jobs():
                may_run[command_of[job["id"]]] += job["state"] == "running"
                if job["state"] == "succeeded":
                    ended.setdefault(command_of[job["id"]], so_far)
        (program.folder / "go").touch()
        program.ask("work", "--until-empty", "--quiet", "--queue", f"default={SLOTS}")
        jobs = program.jobs()
        lines = lines_of(runs)
        counts = [lines.count(str(i)) for i in range(given.count)]
        if len(jobs) != given.count or {job["state"] for job in jobs} != {"succeeded"}:
            faults.append(f"{len(jobs)} jobs: {[job for job in jobs if job['state'] != 'succeeded'][:3]}")
        if min(counts) == 0:
            faults.append(f"{counts.count(0)} commands never ran")
        again = sum(counts) - given.count
        for i, count in enumerate(counts):
            if count > may_run[str(i)]:
                faults.append(f"{i} ran {count} times, and was running at {may_run[str(i)] - 1} kills")
            if str(i) in lines[ended.get(str(i), len(lines)):]:
                faults.append(f"{i} ran after it had succeeded")
        checked = program.ask("store", "check")
        if checked != "all is well\n":
            faults.append(checked)
    for each in faults:
        print(each, file=sys.stderr)
    print(f"{given.count} commands, {given.kills} kills: {again} were run again")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
