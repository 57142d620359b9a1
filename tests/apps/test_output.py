"""What commands print: whole, in its order, bounded in memory, and never lost without a word."""
import os
import pathlib
import subprocess

import program


def peak_memory(pid: int) -> int:
    """In bytes; zero of one that has ended, and is still to be waited for."""
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return 0


class Whole(program.Case):
    def test_outputs_are_never_mixed(self):
        script = "for i in 1 2 3 4 5 6 7 8 9 10; do printf '%s ' $1; printf '%s ' $1 >&2; done; echo; echo >&2"
        done = self.run_program(
            "-q", "-j8", "sh", "-c", script, "sh", items=b"".join(b"%d\n" % i for i in range(50))
        )
        for text in (done.stdout, done.stderr):
            lines = text.decode().splitlines()
            self.assertEqual(len(lines), 50)
            for line in lines:
                self.assertEqual(line.split(), line.split()[:1] * 10)

    def test_bytes_stay_as_they_are(self):
        done = self.run_program("-kq", "printf", "%b", ":::", r"\0377\0000", "no newline", r"\n\n")
        self.assertEqual(done.stdout, b"\xff\0no newline\n\n")

    def test_errors_go_to_standard_error(self):
        done = self.run_program("-kq", "sh", "-c", "echo out; echo err >&2", ":::", "x")
        self.assertEqual((done.stdout, done.stderr), (b"out\n", b"err\n"))


class Order(program.Case):
    def setUp(self):
        super().setUp()
        os.mkfifo(self.folder / "gate")

    def start_two(self, *options: str) -> program.Running:
        """The first of two commands ends when something is written to the gate."""
        script = "[ $1 = last ] || read x < gate; echo $1"
        return self.start_program("-q", "-j2", *options, "sh", "-c", script, "sh", ":::", "first", "last")

    def test_each_output_comes_when_its_command_has_ended(self):
        running = self.start_two()
        self.assertEqual(running.out_line(), "last")
        (self.folder / "gate").write_text("\n")
        self.assertEqual(running.finish(), (0, "first\n", ""))

    def test_with_keep_order_they_come_in_the_order_of_the_items(self):
        running = self.start_two("--keep-order", "--report", "report")
        self.wait_until(lambda: (self.folder / "report").exists() and self.report())  # it is written at each end
        (self.folder / "gate").write_text("\n")
        self.assertEqual(running.finish(), (0, "first\nlast\n", ""))

    def test_what_was_not_started_leaves_no_gap_that_holds_up_the_rest(self):
        done = self.run_program(
            "-k", "-j2", "--fail-fast", "sh", "-c", "echo $1; [ $1 != 3 ]", "sh",
            items=b"".join(b"%d\n" % i for i in range(1, 99)),
        )
        numbers = [int(line) for line in done.stdout.split()]
        self.assertEqual(numbers, sorted(numbers))
        self.assertIn(3, numbers)


class Limits(program.Case):
    def test_beyond_the_capture_limit_it_is_cut_and_that_is_a_failure(self):
        done = self.run_program(
            "-k", "--capture-limit", "4", "--report", "report", "printf", "%s\n", ":::", "123", "1234567",
            "12",
        )
        self.assertEqual((done.returncode, done.stdout), (1, b"123\n123412\n"))
        self.assertIn("its output went beyond 4 bytes and was cut", done.stderr.decode())
        self.assertEqual([line["state"] for line in self.report()], ["completed", "failed", "completed"])
        self.assertEqual(self.report()[1]["exit_code"], 0)

    @program.measures_memory
    def test_many_outputs_that_nobody_reads_yet_take_bounded_memory(self):
        for order in ([], ["--keep-order"]):
            running = self.start_program(
                "-q", "-j4", *order, "sh", "-c", "echo; echo x >> started; head -c 2000000 /dev/zero"
            )
            running.give(b"x\n" * 150)
            running.end_items()
            # The first bytes are here, no others are taken: what is kept fills up, and then no more are started.
            self.wait_until(lambda: peak_memory(running.process.pid) > 60_000_000)
            size = peak = 0
            while piece := os.read(running.process.stdout.fileno(), 1 << 16):
                size += len(piece)
                peak = max(peak, peak_memory(running.process.pid))
            self.assertEqual(running.process.wait(program.LIMIT), 0)
            self.assertEqual(size, 150 * 2_000_001)
            self.assertLess(peak, 220_000_000)  # of 300 MB; the allocator keeps some of what each thread has freed

    @program.measures_memory
    def test_a_hundred_thousand_items_take_no_more_memory_than_a_few(self):
        peaks = []
        for count in (100, 100_000):
            (self.folder / "list").write_bytes(b"".join(b"/some/folder/file-%d\n" % i for i in range(count)))
            command = [program.PROGRAM, "run", "-a", "list", "--dry-run", "echo"]
            process = subprocess.Popen(command, cwd=self.folder, stdout=subprocess.DEVNULL)
            _, process.returncode, usage = os.wait4(process.pid, 0)
            self.assertEqual(process.returncode, 0)
            peaks.append(usage.ru_maxrss * 1024)
        self.assertLess(peaks[1], peaks[0] + 30_000_000)


class ByLine(program.Case):
    def test_lines_come_at_once(self):
        os.mkfifo(self.folder / "gate")
        running = self.start_program(
            "-q", "--line-buffer", "sh", "-c", "echo one; read x < gate; printf two", "sh"
        )
        running.give(b"x\n")
        self.assertEqual(running.out_line(), "one")
        (self.folder / "gate").write_text("\n")
        self.assertEqual(running.out_line(), "two")  # a last line without a newline gets one
        running.end_items()
        self.assertEqual(running.finish(), (0, "", ""))

    def test_there_is_no_limit_and_no_mixing(self):
        done = self.run_program(
            "-q", "-j3", "--line-buffer", "--capture-limit", "1", "seq", "1", ":::", "100000", "100000",
            "100000",
        )
        self.assertEqual(
            sorted(done.stdout.split(), key=int), [b"%d" % i for i in range(1, 100001) for _ in range(3)]
        )

    @program.measures_memory
    def test_a_reader_that_is_slow_holds_the_commands_up_and_memory_stays_bounded(self):
        running = self.start_program("-q", "--line-buffer", "sh", "-c", "yes 0123456789 | head -c 150000000")
        running.give(b"x\n")
        running.end_items()
        size = 0
        while piece := os.read(running.process.stdout.fileno(), 1 << 16):
            size += len(piece)
            peak = peak_memory(running.process.pid)
        self.assertEqual(running.process.wait(program.LIMIT), 0)
        self.assertLess(peak, 110_000_000)
        self.assertGreaterEqual(size, 150_000_000)


class Files(program.Case):
    def test_each_output_in_files_of_its_own(self):
        done = self.run_program(
            "--output", "a/b", "sh", "-c", "echo out $1; echo err $1 >&2", "sh", ":::", "x", "y"
        )
        self.assertEqual((done.returncode, done.stdout), (0, b""))
        found = {path.name: path.read_text() for path in (self.folder / "a/b").iterdir()}
        self.assertEqual(
            found, {"1.out": "out x\n", "1.err": "err x\n", "2.out": "out y\n", "2.err": "err y\n"}
        )

    def test_a_folder_that_cannot_be_made_gives_5_and_nothing_is_run(self):
        (self.folder / "file").write_text("")
        for name in ("file", "file/sub"):
            done = self.run_program("--output", name, "touch", ":::", "x")
            self.assertEqual(done.returncode, 5)
            self.assertIn("can't be written", done.stderr.decode())
            self.assertFalse((self.folder / "x").exists())

    def test_a_file_that_cannot_be_written_ends_the_run(self):
        (self.folder / "d/2.out").mkdir(parents=True)
        done = self.run_program(
            "-j1", "--output", "d", "touch", items=b"".join(b"%d\n" % i for i in range(1, 10000))
        )
        self.assertEqual(done.returncode, 5)
        self.assertIn("d/2.out can't be written: Is a directory; the run is ended", done.stderr.decode())
        self.assertFalse((self.folder / "9999").exists())


class Broken(program.Case):
    def test_a_reader_that_goes_away_ends_the_run_quietly(self):
        for arguments in (
            ["seq", "1000"], ["--line-buffer", "seq", "1000"], ["--dry-run", "echo"], ["-k", "seq", "1000"]
        ):
            with self.subTest(arguments):
                running = self.start_program(*arguments)
                running.give(b"1000\n" * 10000)
                running.out_line()
                running.process.stdout.close()
                running.process.stdout = None
                try:
                    running.give(b"1000\n" * 10000)
                    running.process.stdin.close()
                except BrokenPipeError:
                    pass
                running.process.stdin = None
                self.assertEqual(running.process.wait(program.LIMIT), 141)
                self.assertEqual(running.process.stderr.read(), b"")

    def test_a_full_disk_is_said_and_ends_the_run(self):
        for arguments in (["echo"], ["--line-buffer", "echo"], ["--dry-run", "echo"]):
            with self.subTest(arguments), open("/dev/full", "wb") as full:
                done = self.run_program(*arguments, items=b"x\n" * 100000, stdout=full)
                self.assertEqual(done.returncode, 5)
                self.assertIn(
                    "taskactor: standard output can't be written: No space left on device",
                    done.stderr.decode(),
                )


if __name__ == "__main__":
    program.main()
