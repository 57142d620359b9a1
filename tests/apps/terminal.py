"""A program on a terminal of its own."""
import fcntl
import os
import pty
import re
import select
import struct
import termios

import program


class Terminal:
    """The program on a terminal of its own, which it leads; or the `command` that is given in its place."""

    def __init__(self, case: program.Case, *arguments: str, columns: int = 80, kind: str = "xterm", command: list[str] = ()):
        self.process, self.terminal = pty.fork()
        if self.process == 0:
            os.chdir(case.folder)
            os.environ["TERM"] = kind
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))  # before it can be asked for
            words = list(command) or [program.PROGRAM, "run", *arguments]
            os.execvp(words[0], words)
        case.addCleanup(os.close, self.terminal)
        self.text = ""

    def _read(self) -> bool:
        if not select.select([self.terminal], [], [], program.LIMIT)[0]:
            raise AssertionError(f"nothing more came after {self.text!r}")
        try:
            self.text += os.read(self.terminal, 65536).decode()
        except OSError:  # so a terminal says that nobody has its other end any more
            return False
        return True

    def wait_for(self, pattern: str) -> None:
        while not re.search(pattern, self.text):
            if not self._read():
                raise AssertionError(f"{pattern!r} never came: {self.text!r}")

    def type(self, keys: str) -> None:
        os.write(self.terminal, keys.encode())

    def finish(self) -> tuple[int, str]:
        while self._read():
            pass
        _, status = os.waitpid(self.process, 0)
        return os.waitstatus_to_exitcode(status), self.text.replace("\r\n", "\n")
