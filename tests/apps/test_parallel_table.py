"""What xargs and GNU parallel do, and `taskactor run` does, doesn't, or does otherwise: each line of the tables in
libtaskactor/docs/from_xargs_and_parallel.md is run as it stands there."""
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

import program

PAGE = pathlib.Path(__file__).resolve().parents[2] / "libtaskactor/docs/from_xargs_and_parallel.md"
ROW = re.compile(r"^\| `(.*?[^\\])` \| `(taskactor .*?|.*?\btaskactor run .*?)` \| (same|otherwise|not here)\b", re.MULTILINE)


def rows() -> list[tuple[str, str, str]]:
    """Theirs, ours, and what is said of them."""
    text = PAGE.read_text(encoding="utf-8")
    return [tuple(cell.replace("\\|", "|") for cell in row) for row in ROW.findall(text)]


class Table(program.Case):
    def setUp(self) -> None:
        super().setUp()
        home = self.folder / "home"
        (home / ".parallel").mkdir(parents=True)
        (home / ".parallel" / "will-cite").touch()
        (home / "bin").mkdir()
        (home / "bin" / "taskactor").symlink_to(program.PROGRAM)
        self.environment = os.environ | {
            "HOME": str(home), "PATH": f"{home}/bin:{os.environ['PATH']}", "LC_ALL": "C", "SHELL": "/bin/sh",
        }

    def outcome(self, command: str) -> tuple[int, bytes]:
        with tempfile.TemporaryDirectory(dir=self.folder) as folder:
            pathlib.Path(folder, "items").write_text("a\nb\nc\n", encoding="utf-8")
            done = subprocess.run(
                ["bash", "-c", command], cwd=folder, env=self.environment, stdin=subprocess.DEVNULL, capture_output=True,
                timeout=program.LIMIT,
            )
            return done.returncode, done.stdout

    def check(self, theirs: str, ours: str, said: str) -> None:
        code, printed = self.outcome(ours)
        if said == "not here":
            self.assertEqual((code, printed), (2, b""))
        if re.search(r"\bparallel\b", theirs) and not shutil.which("parallel"):
            return
        their_code, their_print = self.outcome(theirs)
        if said == "same":
            self.assertEqual((printed, code == 0), (their_print, their_code == 0))
        elif said == "otherwise":
            self.assertNotEqual((printed, code), (their_print, their_code))
        else:
            self.assertEqual(their_code, 0, "it isn't there either")

    def test_each_line_says_what_is_so(self):
        for row in rows():
            with self.subTest(row[1]):
                self.check(*row)

    def test_no_line_is_left_out(self):
        lines = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
        self.assertEqual(len(rows()), len(lines))
        self.assertGreater(len(lines), 50)


if __name__ == "__main__":
    program.main()
