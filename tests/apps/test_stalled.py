"""Nobody reads what the program says, or opens the FIFO that it wants: who stops the run stops it all the same."""
import os
import pathlib
import signal
import subprocess
import threading
import time

import program

WAITS = "echo $$ > pid.$1; sleep 1000"
OBEYS = "trap 'exit 3' TERM; echo $$ > pid.$1; while :; do sleep 0.01; done"
DEFIES = "trap '' TERM; echo $$ > pid.$1; while :; do sleep 0.01; done"


class Stalled(program.Case):
    """Programs whose standard error is a pipe that is full, and that nobody reads until a test does."""

    def full_pipe(self) -> tuple[int, int]:
        reader, writer = os.pipe()
        os.set_blocking(writer, False)
        program.fill(writer)
        os.set_blocking(writer, True)
        self.addCleanup(os.close, reader)
        return reader, writer

    def start(self, *arguments: str, **how) -> subprocess.Popen:
        if "stderr" not in how:
            self.said, how["stderr"] = self.full_pipe()
        how.setdefault("stdout", subprocess.DEVNULL)
        process = subprocess.Popen(
            [program.PROGRAM, "run", *arguments], cwd=self.folder, **{"stdin": subprocess.DEVNULL, **how}
        )
        if isinstance(how["stderr"], int) and how["stderr"] > 2:
            os.close(how["stderr"])
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def pids(self, count: int) -> list[int]:
        def written() -> list[str]:
            return [text for path in self.folder.glob("pid.*") if (text := path.read_text()).endswith("\n")]

        self.wait_until(lambda: len(written()) == count)
        return [int(text) for text in written()]

    def interrupt(self, process: subprocess.Popen) -> None:
        """Returns when it has read the signal: one that is pending already doesn't count twice."""
        process.send_signal(signal.SIGINT)
        self.wait_until(lambda: not program.alive(process.pid) or not program.is_in("ShdPnd", process.pid, signal.SIGINT))

    @staticmethod
    def has_runtime(pid: int) -> bool:
        try:
            return any(path.read_text().startswith("caf.") for path in pathlib.Path(f"/proc/{pid}/task").glob("*/comm"))
        except (FileNotFoundError, ProcessLookupError):  # one of its threads has ended meanwhile
            return True

    def lines(self) -> int:
        """Of the report, while it is written."""
        report = self.folder / "report"
        return report.read_bytes().count(b"\n") if report.exists() else 0

    def read_all(self) -> str:
        text = b""
        while piece := os.read(self.said, 65536):
            text += piece
        return text.decode().lstrip("x")

    def test_ctrl_c_twice_cancels_and_ends_it(self):
        process = self.start("-j2", "sh", "-c", OBEYS, "sh", ":::", *"123")
        pids = self.pids(2)
        for _ in range(2):
            self.interrupt(process)
        self.wait_for_end(*pids)
        self.assertEqual(process.wait(program.LIMIT), 130)

    def test_ctrl_c_three_times_kills(self):
        process = self.start("-j2", "--grace", "1h", "sh", "-c", DEFIES, "sh", ":::", *"123")
        pids = self.pids(2)
        for _ in range(3):
            self.interrupt(process)
        self.assertEqual(process.wait(program.LIMIT), 130)
        self.wait_for_end(*pids)

    def test_term_cancels_and_ends_it(self):
        process = self.start("-j2", "sh", "-c", OBEYS, "sh", ":::", *"123")
        pids = self.pids(2)
        process.terminate()
        self.wait_for_end(*pids)
        self.assertEqual(process.wait(program.LIMIT), 143)

    def test_fail_fast_cancels(self):
        script = f"case $1 in 1) while [ ! -s pid.2 ]; do sleep 0.01; done; exit 7;; esac; {WAITS}"
        process = self.start("-j2", "--fail-fast", "sh", "-c", script, "sh", ":::", *"123")
        self.wait_for_end(*self.pids(1))
        said = self.read_all()  # only now
        self.assertEqual(process.wait(program.LIMIT), 1)
        self.assertIn("#1 failed: exit code 7; cancelling the rest (--fail-fast)", said)
        self.assertIn("2 commands in", said)

    def test_the_total_time_ends_it(self):
        process = self.start("-j2", "--grace", "100ms", "--total-timeout", "8s", "sh", "-c", WAITS, "sh", ":::", *"12")
        pids = self.pids(2)
        self.assertEqual(process.wait(program.LIMIT), 3)
        self.wait_for_end(*pids)

    def test_the_total_time_ends_it_though_its_commands_have_said_something(self):
        # Six at once, on a machine that they make busy: their commands may end before or after it is seen that time is up.
        command = ("sh", "-c", "echo something >&2; echo $$ > pid.$1; sleep 1000", "sh", ":::")
        runs = [self.start("--total-timeout", "12s", "--grace", "0.2s", *command, str(i)) for i in range(6)]
        pids = self.pids(6)
        for each in runs:
            self.assertEqual(each.wait(program.LIMIT), 3)
        self.wait_for_end(*pids)

    def test_the_total_time_ends_it_when_no_command_runs(self):
        """They wait for the rate, or for further items, and those that have run had much to say."""
        says = ("sh", "-c", "head -c 100000 /dev/zero >&2", "sh")
        runs = [self.start("--rate", "1/s", "--total-timeout", "2500ms", "--grace", "100ms", *says, ":::", *"abcdefghij")]
        items, more = os.pipe()
        self.addCleanup(os.close, more)
        os.write(more, b"a\n")
        runs.append(self.start("--total-timeout", "2s", "--grace", "100ms", *says, stdin=items))
        os.close(items)
        for each in runs:
            self.assertEqual(each.wait(program.LIMIT), 3)

    def test_what_was_done_in_time_may_be_read_later(self):
        reader, writer = os.pipe()
        process = self.start("--total-timeout", "6s", "head", "-c", "100000", ":::", "/dev/zero", stdout=writer,
                             stderr=subprocess.PIPE)
        os.close(writer)
        time.sleep(8)  # its time is up meanwhile, and nothing was to be ended by it
        with os.fdopen(reader, "rb") as output:
            self.assertEqual(len(output.read()), 100_000)
        said = process.stderr.read().decode()
        self.assertEqual(process.wait(program.LIMIT), 0, said)
        process.stderr.close()
        self.assertNotIn("total time", said)

    def test_a_run_goes_on_and_its_words_come_when_they_are_read(self):
        process = self.start("-j2", "--report", "report", "--progress", "--log-level", "debug", "true", ":::", *map(str, range(500)))
        self.wait_until(lambda: self.lines() == 500, 3 * program.LIMIT)
        said = self.read_all()
        self.assertEqual(process.wait(program.LIMIT), 0)
        self.assertEqual(said.count("completed after"), 500)
        self.assertIn("500 commands in", said)

    def test_of_a_log_that_nobody_reads_what_is_too_much_is_counted(self):
        count = 2300  # with two lines each, more than is kept
        process = self.start("-j2", "--report", "report", "--log-level", "debug", "true", ":::", *map(str, range(count)))
        self.wait_until(lambda: self.lines() == count, 6 * program.LIMIT)
        said = self.read_all()
        self.assertEqual(process.wait(program.LIMIT), 0)
        self.assertRegex(said, r"\ntaskactor: lines of the log that are lost, since nobody read standard error: \d+\n")
        self.assertIn(f"{count} commands in", said)

    def test_last_words_that_nobody_reads_end_with_a_signal(self):
        for arguments, code in ((["true", ":::", "x"], 130), (["--resume", "missing", "true", ":::", "x"], 2)):
            with self.subTest(arguments):
                process = self.start("--report", "report", *arguments)
                self.wait_until(lambda: program.blocks(process.pid, signal.SIGINT))
                if code == 130:
                    # As long as the run hears of signals, one would only stop that: its runtime ends later.
                    self.wait_until(lambda: self.lines() == 1 and not self.has_runtime(process.pid))
                else:
                    time.sleep(3)  # nothing shows that it has words to say
                self.assertIsNone(process.poll())
                process.send_signal(signal.SIGINT)
                self.assertEqual(process.wait(program.LIMIT), code)

    def test_a_dry_run_that_nobody_reads_ends_with_a_signal(self):
        _, full = self.full_pipe()
        process = self.start("--dry-run", "echo", ":::", "x", stdout=full, stderr=subprocess.DEVNULL)
        os.close(full)
        self.wait_until(lambda: program.blocks(process.pid, signal.SIGTERM))
        process.terminate()
        self.assertEqual(process.wait(program.LIMIT), 143)

    def test_a_report_that_nobody_reads_is_named_and_twice_ends_it(self):
        os.mkfifo(self.folder / "fifo")
        reader = os.open(self.folder / "fifo", os.O_RDONLY | os.O_NONBLOCK)
        self.addCleanup(os.close, reader)
        writer = os.open(self.folder / "fifo", os.O_WRONLY | os.O_NONBLOCK)
        program.fill(writer)  # so that not even the first line has room
        os.close(writer)
        process = self.start("-q", "--grace", "100ms", "--report", "fifo", "sh", "-c", "echo >> ran", ":::",
                             *map(str, range(2000)), stderr=subprocess.PIPE)
        self.addCleanup(process.stderr.close)
        ran = self.folder / "ran"
        self.wait_until(lambda: ran.exists() and ran.stat().st_size >= 50)  # many have ended
        for _ in range(2):
            self.interrupt(process)
        self.assertEqual(process.wait(program.LIMIT), 130)
        self.assertIn(b"the report is not read; what was left to write is lost", process.stderr.read())


class Fifos(program.Case):
    OPTIONS = (["-a", "fifo"], ["--report", "fifo"], ["--joblog", "fifo"], ["--resume", "fifo"],
               ["--joblog", "log", "--report", "fifo"], ["--dry-run", "-a", "fifo"], ["--dry-run", "--resume", "fifo"])

    def setUp(self):
        super().setUp()
        os.mkfifo(self.folder / "fifo")

    def start(self, options: list[str]) -> program.Running:
        items = [] if "-a" in options else [":::", "ran"]
        return self.start_program(*options, "touch", *items)

    def test_a_signal_ends_the_wait_for_who_opens_the_other_end(self):
        for options in self.OPTIONS:
            for number, code in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
                with self.subTest(options=options, number=number):
                    running = self.start(options)
                    self.wait_until(lambda: program.blocks(running.process.pid, number))
                    running.interrupt(number)
                    running.process.send_signal(signal.SIGCONT)  # as systemd and timeout do it
                    self.assertEqual(running.process.wait(program.LIMIT), code)
                    self.assertEqual(os.listdir(self.folder), ["fifo"])

    def test_so_does_the_total_time(self):
        for options in self.OPTIONS:
            with self.subTest(options):
                running = self.start(["--total-timeout", "200ms", *options])
                self.assertIn(running.process.wait(program.LIMIT), (0, 3) if "--dry-run" in options else (3,))
                self.assertEqual(os.listdir(self.folder), ["fifo"])

    def test_items_come_from_one_that_is_opened_late(self):
        running = self.start_program("-kq", "-a", "fifo", "echo")
        self.wait_until(lambda: program.blocks(running.process.pid, signal.SIGINT))
        (self.folder / "fifo").write_text("a\nb\n")
        self.assertEqual(running.finish(), (0, "a\nb\n", ""))

    def test_lines_go_to_one_that_is_opened_late(self):
        for option in ("--report", "--joblog"):
            with self.subTest(option):
                running = self.start_program("-q", option, "fifo", "true", ":::", *map(str, range(300)))
                self.wait_until(lambda: program.blocks(running.process.pid, signal.SIGINT))
                read = []
                reader = threading.Thread(target=lambda: read.append((self.folder / "fifo").read_text()))
                reader.start()
                self.assertEqual(running.finish(), (0, "", ""))
                reader.join(program.LIMIT)
                self.assertEqual(read[0].count("\n"), 300 + (option == "--joblog"))


if __name__ == "__main__":
    program.main()
