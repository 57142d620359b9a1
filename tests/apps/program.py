"""What the tests of the program share: running it to its end, or beside the test, which waits for what it says."""
import json
import os
import pathlib
import select
import signal
import subprocess
import sys
import tempfile
import time
import unittest

# A sanitizer has memory and quarantines of its own: what these tests measure would be those.
measures_memory = unittest.skipIf(os.environ.get("TASKACTOR_SANITIZED"), "a sanitizer's memory would be measured")

LIMIT = 100  # seconds; nothing here takes as long unless it hangs, on a loaded machine and with sanitizers either
PROGRAM = ""


class Case(unittest.TestCase):
    """A test with an empty folder of its own, in which the program runs."""

    def setUp(self) -> None:
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.folder = pathlib.Path(holder.name)

    def run_program(self, *arguments: str | bytes, items: bytes = b"", **how) -> subprocess.CompletedProcess:
        """`taskactor run ARGUMENT...` with `items` on its standard input, to its end."""
        if "stdin" not in how:
            how["input"] = items
        how.setdefault("stdout", subprocess.PIPE)
        how.setdefault("stderr", subprocess.PIPE)
        return subprocess.run([PROGRAM, "run", *arguments], cwd=self.folder, timeout=LIMIT, **how)

    def start_program(self, *arguments: str | bytes, **how) -> "Running":
        return Running([PROGRAM, "run", *arguments], self.folder, self, **how)

    def report(self, name: str = "report") -> list[dict]:
        """The report's lines, in the order of the items; a line that isn't whole is an error."""
        text = (self.folder / name).read_text(encoding="utf-8")
        self.assertTrue(not text or text.endswith("\n"))
        return sorted((json.loads(line) for line in text.splitlines()), key=lambda line: line["number"])

    def wait_until(self, what, limit: float = LIMIT) -> None:
        end = time.monotonic() + limit
        while not what():
            self.assertLess(time.monotonic(), end, "it never came")
            time.sleep(0.005)

    def wait_for_end(self, *pids: int) -> None:
        self.wait_until(lambda: not any(alive(pid) for pid in pids))


class Running:
    """The program while it runs."""

    def __init__(self, command: list, folder: pathlib.Path, case: Case, **how) -> None:
        how.setdefault("stdin", subprocess.PIPE)
        self.process = subprocess.Popen(
            command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0, **how
        )
        self.buffers = {self.process.stdout: b"", self.process.stderr: b""}
        case.addCleanup(self._end)

    def _end(self) -> None:
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            if pipe:
                pipe.close()

    def _line(self, pipe) -> str:
        while b"\n" not in self.buffers[pipe]:
            if not select.select([pipe], [], [], LIMIT)[0]:
                raise AssertionError(f"no line came; so far: {self.buffers}")
            piece = os.read(pipe.fileno(), 65536)
            if not piece:
                raise AssertionError(f"it said no more than {self.buffers}")
            self.buffers[pipe] += piece
        line, _, self.buffers[pipe] = self.buffers[pipe].partition(b"\n")
        return line.decode()

    def out_line(self) -> str:
        return self._line(self.process.stdout)

    def err_line(self) -> str:
        return self._line(self.process.stderr)

    def fill_output(self) -> None:
        """Before there is any: none will be taken."""
        writer = os.open(f"/proc/self/fd/{self.process.stdout.fileno()}", os.O_WRONLY | os.O_NONBLOCK)
        fill(writer)
        os.close(writer)

    def give(self, items: bytes) -> None:
        self.process.stdin.write(items)

    def end_items(self) -> None:
        self.process.stdin.close()
        self.process.stdin = None

    def interrupt(self, number: int = signal.SIGINT) -> None:
        self.process.send_signal(number)

    def finish(self) -> tuple[int, str, str]:
        """Exit code, and what it said since."""
        rest = {}
        for pipe in (self.process.stdout, self.process.stderr):
            rest[pipe] = self.buffers[pipe]
        out, err = self.process.communicate(timeout=LIMIT)
        rest[self.process.stdout] += out
        rest[self.process.stderr] += err
        return self.process.returncode, rest[self.process.stdout].decode(), rest[self.process.stderr].decode()


def fill(pipe: int) -> None:
    """One whose writer doesn't block."""
    for size in (65536, 1):  # what is left of the last page, too
        try:
            while True:
                os.write(pipe, b"x" * size)
        except BlockingIOError:
            pass


def alive(pid: int) -> bool:
    """A zombie counts as ended."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def blocks(pid: int, number: int) -> bool:
    """Does it wait for that signal itself?"""
    return is_in("SigBlk", pid, number)


def is_in(mask: str, pid: int, number: int) -> bool:
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    masks = [line.split()[1] for line in status.splitlines() if line.startswith(mask + ":")]
    return bool(int(masks[0], 16) >> (number - 1) & 1)


def main() -> None:
    global PROGRAM
    sys.modules["program"].PROGRAM = PROGRAM = sys.argv.pop(1)
    unittest.main(module="__main__", verbosity=1)
