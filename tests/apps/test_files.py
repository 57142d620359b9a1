"""No output overwrites an input, or another output, by whatever names they go; and no two runs write to one file."""
import os
import signal
import subprocess

import program

OLD = "a line of a former log\n"


class OneFile(program.Case):
    def setUp(self):
        super().setUp()
        self.items = self.folder / "items"
        self.items.write_text("one\ntwo\n")
        os.link(self.items, self.folder / "hard")
        os.symlink("items", self.folder / "soft")

    def refused(self, *arguments: str, code: int = 2, **how) -> str:
        done = self.run_program(*arguments, **how)
        self.assertEqual((done.returncode, done.stdout), (code, b""))
        self.assertEqual(self.items.read_text(), "one\ntwo\n")
        return done.stderr.decode()

    def test_the_items_are_neither_report_nor_job_log(self):
        for option, what in (("--report", "the report"), ("--joblog", "the job log")):
            for name in ("items", "./items", "hard", "soft"):
                with self.subTest(option=option, name=name):
                    said = self.refused("-a", "items", option, name, "echo")
                    self.assertEqual(said, f"taskactor: {what} {name} and the file of items items are one file\n")
                    with open(self.items) as items:
                        said = self.refused(option, name, "echo", stdin=items)
                    self.assertEqual(said, f"taskactor: {what} {name} and standard input are one file\n")

    def test_nothing_of_the_other_files_is_lost_when_one_is_refused(self):
        (self.folder / "old").write_text(OLD)
        self.refused("-a", "items", "--joblog", "old", "--report", "hard", "echo")
        self.assertEqual((self.folder / "old").read_text(), OLD)
        self.refused("-a", "items", "--joblog", "new", "--report", "hard", "echo")
        self.assertFalse((self.folder / "new").exists())

    def test_nothing_of_them_is_lost_when_the_outputs_have_no_place(self):
        for name, option in (("old", "--report"), ("log", "--joblog")):
            (self.folder / name).write_text(OLD)
            self.refused("-a", "items", option, name, "--output", "/proc/none", "echo", code=5)
            self.assertEqual((self.folder / name).read_text(), OLD)

    def test_the_items_are_not_standard_output(self):
        for stream in ("stdout", "stderr"):
            with self.subTest(stream), open(self.folder / "hard", "a") as end:
                how = {"stderr": subprocess.PIPE, "stdout": subprocess.PIPE, stream: end}
                done = self.run_program("-a", "items", "echo", **how)
                self.assertEqual(done.returncode, 2)
                if stream == "stdout":
                    self.assertEqual(self.items.read_text(), "one\ntwo\n")
                    self.assertEqual(done.stderr, b"taskactor: standard output and the file of items items are one file\n")

    def test_the_items_are_no_file_of_an_output(self):
        os.link(self.items, self.folder / "1.out")
        said = self.refused("-a", "items", "--output", ".", "echo", code=5)
        self.assertIn("taskactor: the output ./1.out and the file of items items are one file; the run is ended\n", said)

    def test_a_file_of_an_output_that_is_none_of_these_is_replaced(self):
        (self.folder / "1.out").write_text("something longer\n")
        self.assertEqual(self.run_program("-q", "--output", ".", "echo", ":::", "x").returncode, 0)
        self.assertEqual((self.folder / "1.out").read_text(), "x\n")

    def test_report_and_job_log_are_two(self):
        (self.folder / "a").write_text(OLD)
        os.link(self.folder / "a", self.folder / "b")
        done = self.run_program("--report", "a", "--joblog", "b", "echo", ":::", "x")
        self.assertEqual((done.returncode, done.stdout), (2, b""))
        self.assertIn("one file", done.stderr.decode())
        self.assertEqual((self.folder / "a").read_text(), OLD)

    def test_a_report_that_is_resumed_is_no_job_log(self):
        self.run_program("-q", "--report", "report", "true", ":::", "a")
        before = (self.folder / "report").read_text()
        os.link(self.folder / "report", self.folder / "other")
        done = self.run_program("--resume", "report", "--joblog", "other", "echo", ":::", "a", "b")
        self.assertEqual((done.returncode, done.stdout), (2, b""))
        self.assertIn("one file", done.stderr.decode())
        self.assertEqual((self.folder / "report").read_text(), before)

    def test_by_whatever_name_a_report_that_is_resumed_is_gone_on_with(self):
        self.run_program("-q", "--report", "report", "true", ":::", "a")
        os.link(self.folder / "report", self.folder / "other")
        self.assertEqual(self.run_program("-q", "--resume", "report", "--report", "other", "true", ":::", "a", "b").returncode, 0)
        self.assertEqual([line["item"] for line in self.report()], ["a", "b"])

    def test_a_report_on_standard_output_is_not_overwritten_by_outputs(self):
        script = f"'{program.PROGRAM}' run -q -j1 --report /dev/stdout echo ::: one two > both"
        self.assertEqual(subprocess.run(["sh", "-c", script], cwd=self.folder, timeout=program.LIMIT).returncode, 0)
        text = (self.folder / "both").read_text()
        self.assertEqual(text.count('"state":"completed"'), 2)
        self.assertEqual([line for line in text.splitlines() if not line.startswith("{")], ["one", "two"])


class TwoRuns(program.Case):
    def test_one_that_is_being_written_is_refused(self):
        for option, what in (("--report", "the report"), ("--joblog", "the job log")):
            with self.subTest(option):
                first = self.start_program("-q", "-j1", option, "log", "cat", ":::", "/dev/null", self.gate())
                lines = 1 + (option == "--joblog")
                self.wait_until(lambda: (self.folder / "log").exists() and (self.folder / "log").read_bytes().count(b"\n") == lines)
                before = (self.folder / "log").read_bytes()
                for arguments in ([], ["--resume", "log"] if option == "--report" else []):
                    second = self.run_program(option, "log", *arguments, "echo", ":::", "x")
                    self.assertEqual((second.returncode, second.stdout), (2, b""))
                    self.assertEqual(second.stderr.decode(), f"taskactor: {what} log is being written by another run\n")
                self.assertEqual((self.folder / "log").read_bytes(), before)
                (self.folder / "gate").write_text("")
                self.assertEqual(first.finish()[0], 0)
                self.assertEqual(self.run_program("-q", option, "log", "true", ":::", "x").returncode, 0)

    def gate(self) -> str:
        (self.folder / "gate").unlink(missing_ok=True)
        os.mkfifo(self.folder / "gate")
        return "gate"

    def test_pipes_and_devices_may_have_several(self):
        first = self.start_program("-q", "--report", "/dev/null", "cat", ":::", self.gate())
        self.wait_until(lambda: first.process.poll() is None)
        self.assertEqual(self.run_program("-q", "--report", "/dev/null", "true", ":::", "x").returncode, 0)
        first.interrupt(signal.SIGTERM)
        first.finish()


if __name__ == "__main__":
    program.main()
