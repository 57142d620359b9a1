"""--joblog: the format of GNU parallel, as the tools that read it expect it."""
import re
import resource
import time

import program

HEADER = ["Seq", "Host", "Starttime", "JobRuntime", "Send", "Receive", "Exitval", "Signal", "Command"]


class Case(program.Case):
    def rows(self) -> list[dict]:
        text = (self.folder / "jobs").read_text()
        self.assertTrue(text.endswith("\n"))
        header, *rows = [line.split("\t", 8) for line in text.split("\n")[:-1]]
        self.assertEqual(header, HEADER)
        return sorted((dict(zip(HEADER, row, strict=True)) for row in rows), key=lambda row: int(row["Seq"]))

    def ends(self, *arguments: str) -> list[tuple[str, str]]:
        """Exitval and Signal of each."""
        self.run_program("--joblog", "jobs", *arguments)
        return [(row["Exitval"], row["Signal"]) for row in self.rows()]


class Content(Case):
    def test_every_column(self):
        begin = time.time()
        script = "sleep 0.1; echo $1; echo error >&2"
        self.run_program("-j1", "--joblog", "jobs", "sh", "-c", script, "sh", ":::", "a", "it's")
        end = time.time()
        first, second = self.rows()
        self.assertEqual((first["Seq"], second["Seq"], first["Host"], first["Send"]), ("1", "2", ":", "0"))
        self.assertRegex(first["Starttime"], r"\A\d{10}\.\d{3}\Z")
        self.assertTrue(begin - 0.002 <= float(first["Starttime"]) < float(second["Starttime"]) < end)
        self.assertRegex(first["JobRuntime"], r"\A(?=.{10}\Z) +\d+\.\d{3}\Z")
        self.assertGreaterEqual(float(first["JobRuntime"]), 0.1)
        self.assertEqual((first["Receive"], second["Receive"]), ("2", "5"))  # without the errors
        self.assertEqual((first["Exitval"], first["Signal"]), ("0", "0"))
        self.assertEqual(second["Command"], "sh -c 'sleep 0.1; echo $1; echo error >&2' sh 'it'\\''s'")

    def test_lines_are_counted_too(self):
        self.run_program("--line-buffer", "--joblog", "jobs", "printf", "one\ntwo\n%s", ":::", "x\n")
        self.assertEqual(self.rows()[0]["Receive"], "10")

    def test_a_newline_in_a_command_does_not_end_the_line(self):
        self.run_program("--joblog", "jobs", "printf", "a\tb\n", ":::", "c\n")
        self.assertEqual(self.rows()[0]["Command"], "printf 'a\tb\0' 'c\0'")

    def test_what_a_command_ended_with(self):
        self.assertEqual(
            self.ends("sh", "-c", "exit $1", "sh", ":::", "0", "3", "255"), [("0", "0"), ("3", "0"), ("255", "0")]
        )
        self.assertEqual(self.ends("sh", "-c", "kill -9 $$", ":::", "x"), [("0", "9")])
        self.assertEqual(self.ends("{}", ":::", "no-such-command", "/etc/passwd"), [("127", "0"), ("126", "0")])

    def test_nothing_that_is_not_completed_looks_so(self):
        late = ["--timeout", "100ms", "sh", "-c"]
        self.assertEqual(self.ends(*late, "exec sleep 100", ":::", "x"), [("-1", "15")])
        obeys = "trap 'exit 0' TERM; while :; do sleep 0.01; done"
        # With the time to set the trap.
        self.assertEqual(self.ends("--timeout", "6s", "sh", "-c", obeys, ":::", "x"), [("-1", "0")])
        self.assertEqual(self.ends("--capture-limit", "1", "echo", ":::", "xx"), [("-1", "0")])


class Files(Case):
    def test_beside_a_report_each_has_its_lines(self):
        self.run_program("--joblog", "jobs", "--report", "report", "true", ":::", "a", "b")
        self.assertEqual((len(self.rows()), len(self.report())), (2, 2))

    def test_without_items_it_has_the_header(self):
        self.run_program("--joblog", "jobs", "true")
        self.assertEqual(self.rows(), [])

    def test_an_old_one_is_replaced_unless_the_run_is_resumed(self):
        for options, count in (([], 2), ([], 2), (["--resume", "report"], 3), (["--resume", "report"], 3)):
            self.run_program(*options, "--report", "report", "--joblog", "jobs", "true", ":::", *"abc"[:count])
            self.assertEqual(len(self.rows()), count)

    def test_a_torn_last_line_is_cut_off(self):
        self.run_program("--report", "report", "--joblog", "jobs", "true", ":::", "a", "b")
        with open(self.folder / "jobs", "a") as log:
            log.write("3\t:\t17000")
        self.run_program("--resume", "report", "--joblog", "jobs", "true", ":::", "a", "b", "c")
        self.assertEqual([row["Command"] for row in self.rows()], ["true a", "true b", "true c"])

    def test_somebodys_file_is_not_touched_and_nothing_is_run(self):
        for text in ("a note", "a note\n", "Seq\tHost\nno\n", "\n"):
            (self.folder / "jobs").write_text(text)
            (self.folder / "report").write_text('{"item": "a", "state": "failed"}\n')
            done = self.run_program(
                "--report", "report", "--resume", "report", "--joblog", "jobs", "touch", ":::", "x"
            )
            self.assertEqual(
                (done.returncode, done.stderr.decode()), (2, "taskactor: jobs:1: not the first line of a job log\n")
            )
            self.assertEqual((self.folder / "jobs").read_text(), text)
            self.assertEqual((self.folder / "report").read_text().count("\n"), 1)
            self.assertFalse((self.folder / "x").exists())

    def test_a_header_that_was_torn_is_written_again(self):
        (self.folder / "jobs").write_text("Seq\tHo")
        (self.folder / "report").write_text("")
        self.run_program("--resume", "report", "--joblog", "jobs", "true", ":::", "a")
        self.assertEqual(len(self.rows()), 1)

    def test_it_cannot_be_the_report(self):
        done = self.run_program("--report", "file", "--joblog", "./file", "touch", ":::", "x")
        self.assertEqual(done.returncode, 2)
        self.assertIn("--report and --joblog are one file", done.stderr.decode())

    def test_one_that_cannot_be_written_gives_5(self):
        done = self.run_program("--joblog", "missing/jobs", "touch", ":::", "x")
        self.assertEqual((done.returncode, (self.folder / "x").exists()), (5, False))
        self.assertIn("the job log missing/jobs can't be written", done.stderr.decode())
        limits = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
        done = self.run_program("--joblog", "jobs", "true", items=b"x\n" * 5000, preexec_fn=limits)
        self.assertEqual(done.returncode, 5)
        self.assertGreater(len(self.rows()), 5)  # whole ones
        self.assertEqual(len(re.findall("can't be written", done.stderr.decode())), 1)


if __name__ == "__main__":
    program.main()
