"""Commands as jobs of `taskactor push` and `taskactor work`, while the worker is killed.

    test_queue_kills.py PROGRAM [--count COMMANDS] [--kills N] [--seed N]

All succeed; each runs at least once, and only those that were in flight at a kill run more than once.
"""
import argparse
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


def lines_of(file: pathlib.Path) -> list[str]:
    return file.read_text(encoding="utf-8").splitlines() if file.exists() else []


def kill_in_flight(program: Program, chance: random.Random, runs: pathlib.Path) -> bool:
    """Starts a worker, and kills it at some time after it has run something; False: all was over before."""
    before = len(lines_of(runs))
    worker = program.start("work", "--until-empty", "--quiet", "--queue", f"default={SLOTS}")
    wanted = before + chance.randrange(1, 40)
    end = time.monotonic() + LIMIT
    while worker.poll() is None and len(lines_of(runs)) < wanted:
        if time.monotonic() > end:
            worker.kill()
            sys.exit(f"a worker has begun {len(lines_of(runs)) - before} commands, and no more")
        time.sleep(0.003)
    time.sleep(chance.random() * 0.05)
    killed = worker.poll() is None
    worker.send_signal(signal.SIGKILL)
    worker.communicate()
    return killed


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
        while numbers:
            group, numbers = numbers[:8], numbers[8:]
            pushes = [program.start("push", "--", "/bin/sh", "-c", f"echo {i} >> runs; sleep 0.03") for i in group]
            for each in pushes:
                err = each.communicate(timeout=LIMIT)[1]
                if each.returncode != 0:
                    sys.exit(f"a push has failed: {err}")
        killed = sum(kill_in_flight(program, chance, runs) for _ in range(given.kills))
        program.ask("work", "--until-empty", "--quiet", "--queue", f"default={SLOTS}")
        jobs = [json.loads(line) for line in program.ask("jobs", "--all", "--json").splitlines()]
        counts = [lines_of(runs).count(str(i)) for i in range(given.count)]
        if killed != given.kills:
            faults.append(f"{killed} workers were killed, not {given.kills}: more commands are needed")
        if len(jobs) != given.count or {job["state"] for job in jobs} != {"succeeded"}:
            faults.append(f"{len(jobs)} jobs: {[job for job in jobs if job['state'] != 'succeeded'][:3]}")
        if min(counts) == 0:
            faults.append(f"{counts.count(0)} commands never ran")
        again = sum(counts) - given.count
        if again > killed * SLOTS:
            faults.append(f"{again} commands were run again after {killed} kills of {SLOTS} in flight")
        checked = program.ask("store", "check")
        if checked != "all is well\n":
            faults.append(checked)
    for each in faults:
        print(each, file=sys.stderr)
    print(f"{given.count} commands, {killed} kills: {again} were run again")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
