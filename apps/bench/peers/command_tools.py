#!/usr/bin/python3
"""Peers of taskactor-bench: programs that run a command for each line of their input, two at once.

    command_tools.py (xargs | parallel) WORK SIZE
"""
import resource
import shutil
import subprocess
import sys
import tempfile

from peer import Stopwatch, check, main

COMMANDS = {
    # What each prints, GNU parallel keeps apart; xargs doesn't. Neither has a deadline here, since xargs has none.
    "xargs": ["xargs", "-P2", "-n1", "/bin/true"],
    "parallel": ["parallel", "-j2", "/bin/true"],
}


def children_seconds():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def commands_by(command):
    def commands(size):
        with tempfile.TemporaryFile() as items:
            items.write(b"".join(b"%d\n" % number for number in range(size)))
            items.seek(0)
            before, watch = children_seconds(), Stopwatch()
            done = subprocess.run(command, stdin=items, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
            seconds = watch.seconds()
            # Each ends with another code when a single command has failed.
            check(done.returncode == 0, f"{command[0]} ended with {done.returncode}: {done.stderr[-200:]!r}")
            return {"seconds": seconds, "cpu_seconds": children_seconds() - before}

    return commands


def version_of(tool):
    shown = subprocess.run([tool, "--version"], capture_output=True, text=True, check=True).stdout
    return next(word for word in shown.split() if word[0].isdigit())


if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1] not in COMMANDS:
        sys.exit(f"usage: command_tools.py ({' | '.join(COMMANDS)}) ...")
    name = sys.argv[1]
    check(shutil.which(name), f"no {name} in PATH")
    main(name, version_of(name), {"commands": commands_by(COMMANDS[name])}, sys.argv[2:])
