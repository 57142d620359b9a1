"""Runs the example of many machines: two programs that work, one that pushes, and psql, on a server of its own.

    check_many_machines.py PROGRAM
"""
import pathlib
import signal
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests" / "apps"))

import postgres_server


def push(program: str, address: str, letters: list[str]) -> set[int]:
    """The processes that have sent them."""
    done = subprocess.run([program, "push", address, *letters], stdout=subprocess.PIPE, text=True, timeout=50, check=True)
    lines = done.stdout.splitlines()
    for letter, line in zip(letters, lines, strict=True):
        assert line.startswith(f"sent to {letter} by process "), line
    return {int(line.rpartition(" ")[2]) for line in lines}


def main() -> int:
    program = sys.argv[1]
    server = postgres_server.Server()
    workers = []
    try:
        database = server.new_database()
        address = server.address(database)
        for _ in range(2):
            workers.append(subprocess.Popen([program, "work", address], stdout=subprocess.PIPE, text=True))
            assert workers[-1].stdout.readline() == "working\n"
        # One that comes late may find that the other has done all of it.
        letters: list[str] = []
        senders: set[int] = set()
        end = time.monotonic() + 50
        while senders != {each.pid for each in workers}:
            assert time.monotonic() < end, f"both have a share: {senders}"
            more = [f"{name}{len(letters)}@example.org" for name in "abcdefghijklmnopqrst"]
            senders |= push(program, address, more)
            letters += more

        # An order and its letter: both, or neither.
        pushes = "SELECT taskactor.push('mail', 'send_letter', '[\"sql@example.org\"]')"
        server.sql(database, "CREATE TABLE orders(id serial)")
        server.sql(database, f"BEGIN; INSERT INTO orders DEFAULT VALUES; {pushes}; ROLLBACK")
        job = int(server.sql(database, f"BEGIN; INSERT INTO orders DEFAULT VALUES; {pushes}; COMMIT"))
        state = f"SELECT convert_from(result, 'UTF8') FROM taskactor.history WHERE job = {job}"
        end = time.monotonic() + 50
        while not (result := server.sql(database, state)):
            assert time.monotonic() < end, "it is never run"
            time.sleep(0.02)
        assert result.startswith('"sent to sql@example.org by process '), result
        for worker in workers:
            worker.send_signal(signal.SIGTERM)
        said = [line for worker in workers for line in worker.communicate(timeout=50)[0].splitlines()]
        assert sorted(said) == sorted(f"sending to {each}" for each in [*letters, "sql@example.org"]), said
        assert [worker.returncode for worker in workers] == [0, 0]
    finally:
        for worker in workers:
            worker.kill()
        server.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
