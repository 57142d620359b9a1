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

LETTERS = [f"{name}@example.org" for name in "abcdefghijklmnopqrst"]


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
        done = subprocess.run([program, "push", address, *LETTERS], stdout=subprocess.PIPE, text=True, timeout=50, check=True)
        lines = done.stdout.splitlines()
        for letter, line in zip(LETTERS, lines, strict=True):
            assert line.startswith(f"sent to {letter} by process "), line
        assert {int(line.rpartition(" ")[2]) for line in lines} == {each.pid for each in workers}, "both have a share"

        # An order and its letter: both, or neither.
        push = "SELECT taskactor.push('mail', 'send_letter', '[\"sql@example.org\"]')"
        server.sql(database, "CREATE TABLE orders(id serial)")
        server.sql(database, f"BEGIN; INSERT INTO orders DEFAULT VALUES; {push}; ROLLBACK")
        job = int(server.sql(database, f"BEGIN; INSERT INTO orders DEFAULT VALUES; {push}; COMMIT"))
        state = f"SELECT convert_from(result, 'UTF8') FROM taskactor.history WHERE job = {job}"
        end = time.monotonic() + 50
        while not (result := server.sql(database, state)):
            assert time.monotonic() < end, "it is never run"
            time.sleep(0.02)
        assert result.startswith('"sent to sql@example.org by process '), result
        for worker in workers:
            worker.send_signal(signal.SIGTERM)
        said = [line for worker in workers for line in worker.communicate(timeout=50)[0].splitlines()]
        assert sorted(said) == sorted(f"sending to {each}" for each in [*LETTERS, "sql@example.org"]), said
        assert [worker.returncode for worker in workers] == [0, 0]
    finally:
        for worker in workers:
            worker.kill()
        server.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
