"""--retries, --backoff and --rate: what is tried again, when, and how that shows."""
import datetime
import signal
import time

import program

# Fails as often as its item says; notes each start in the file that is named like it.
FAILS = 'echo x >> "$0"; test "$(wc -l < "$0")" -gt "$0"'


class Retries(program.Case):
    def attempts(self, *items: str) -> list[int]:
        return [len((self.folder / item).read_text().splitlines()) for item in items]

    def test_a_command_that_fails_is_run_again_until_it_succeeds_or_has_been_often_enough(self):
        done = self.run_program(
            "--retries", "2", "--backoff", "0", "--report", "report", "sh", "-c", FAILS, ":::", "0", "1", "2", "3"
        )
        self.assertEqual(done.returncode, 1)
        self.assertEqual(self.attempts("0", "1", "2", "3"), [1, 2, 3, 3])
        self.assertEqual(
            [(line["item"], line["state"], line["attempts"]) for line in self.report()],
            [("0", "completed", 1), ("1", "completed", 2), ("2", "completed", 3), ("3", "failed", 3)],
        )
        self.assertRegex(done.stderr.decode(), r"#4  3: exit code 1 after .* \(attempt 3\)\n")
        self.assertRegex(done.stderr.decode(), r"completed +3\n +failed +1\n")

    def test_without_it_nothing_is_tried_again(self):
        self.assertEqual(self.run_program("-q", "sh", "-c", FAILS, ":::", "1").returncode, 1)
        self.assertEqual(self.attempts("1"), [1])

    def test_only_the_last_attempts_output_comes_out(self):
        done = self.run_program(
            "-q", "--retries", "1", "--backoff", "0", "sh", "-c", FAILS + "; s=$?; wc -l < $0; exit $s", ":::", "1"
        )
        self.assertEqual((done.returncode, done.stdout), (0, b"2\n"))

    def test_what_ran_too_long_is_run_again(self):
        done = self.run_program(
            "-q", "--retries", "1", "--backoff", "0", "--timeout", "6s", "--grace", "0",
            "sh", "-c", FAILS + " || sleep 100", ":::", "1",
        )  # fmt: skip
        self.assertEqual((done.returncode, self.attempts("1")), (0, [2]))

    def test_what_cannot_be_executed_is_not_tried_again(self):
        begin = time.monotonic()
        done = self.run_program("--retries", "5", "--backoff", "60", "./no-such-program", ":::", "x")
        self.assertEqual(done.returncode, 127)
        self.assertLess(time.monotonic() - begin, 20)

    def test_each_wait_is_twice_the_one_before(self):
        begin = time.monotonic()
        self.run_program("-q", "--retries", "3", "--backoff", "100ms", "false", ":::", "x")
        self.assertGreaterEqual(time.monotonic() - begin, 0.7)

    def test_a_wait_that_goes_beyond_the_total_time_is_not_begun(self):
        done = self.run_program("--retries", "3", "--backoff", "20", "--total-timeout", "10", "false", ":::", "x")
        self.assertEqual(done.returncode, 1)

    def test_an_interrupt_ends_the_wait_and_the_last_attempt_stands(self):
        running = self.start_program(
            "--retries", "3", "--backoff", "60", "--report", "report", "sh", "-c", FAILS, ":::", "5"
        )
        self.wait_until((self.folder / "5").exists)
        running.interrupt()
        code, _, err = running.finish()
        self.assertEqual(code, 128 + signal.SIGINT)
        self.assertEqual([(line["state"], line["attempts"]) for line in self.report()], [("failed", 1)])

    def test_bad_values_are_refused(self):
        for option, value in (("--retries", "-1"), ("--backoff", "x"), ("--retries", "many")):
            done = self.run_program(option, value, "true", ":::", "x")
            self.assertEqual(done.returncode, 2)
            self.assertIn(option, done.stderr.decode())


class Rate(program.Case):
    def starts(self) -> list[float]:
        return sorted(
            datetime.datetime.fromisoformat(line["started"].replace("Z", "+00:00")).timestamp()
            for line in self.report()
        )

    def test_commands_start_no_closer_than_the_rate_has_it(self):
        done = self.run_program(
            "-j8", "--rate", "2/s", "--report", "report", "true", items=b"".join(b"%d\n" % i for i in range(11))
        )
        self.assertEqual(done.returncode, 0)
        starts = self.starts()
        self.assertEqual(len(starts), 11)
        self.assertGreaterEqual(starts[-1] - starts[0], 2)  # five seconds, if the first was in time
        self.assertGreater(sum(line["waited"] for line in self.report()), 5)

    def test_each_attempt_counts(self):
        begin = time.monotonic()
        self.run_program("-q", "--rate", "10/s", "--retries", "4", "--backoff", "0", "false", ":::", "x")
        self.assertGreaterEqual(time.monotonic() - begin, 0.4)

    def test_a_failure_says_how_long_it_had_waited(self):
        done = self.run_program("--rate", "1/6s", "-j2", "false", ":::", "x", "y")
        self.assertRegex(done.stderr.decode(), r'[xy]: exit code 1 after .*; waited .* for the rate of "--rate"\n')

    def test_an_interrupt_ends_the_wait(self):
        running = self.start_program("--rate", "1/h", "-j1", "sh", "-c", "echo > $0", ":::", "a", "b", "c")
        self.wait_until((self.folder / "a").exists)
        running.interrupt()
        code, _, err = running.finish()
        self.assertEqual(code, 128 + signal.SIGINT)
        self.assertFalse((self.folder / "b").exists())

    def test_an_interrupt_ends_the_waits_of_more_items_than_run_at_once(self):
        for options in (["--rate", "1/h"], ["--jitter", "10h"]):
            report = self.folder / "report"
            report.unlink(missing_ok=True)
            running = self.start_program(*options, "-j2", "--report", "report", "true", ":::", *map(str, range(40)))
            self.wait_until(lambda: program.blocks(running.process.pid, signal.SIGINT) and report.exists())
            time.sleep(1)  # nothing is said of items that wait
            running.interrupt()
            begin = time.monotonic()
            code, _, err = running.finish()
            self.assertEqual(code, 128 + signal.SIGINT)
            self.assertLess(time.monotonic() - begin, 20)

    def test_the_total_time_ends_the_waits_of_more_items_than_run_at_once(self):
        for options in (["--rate", "1/h"], ["--jitter", "10h"]):
            begin = time.monotonic()
            done = self.run_program(
                *options, "-j2", "--grace", "60", "--total-timeout", "2s", "true", ":::", *map(str, range(40))
            )
            self.assertEqual(done.returncode, 3)
            self.assertLess(time.monotonic() - begin, 30)

    def test_the_total_time_ends_the_wait(self):
        done = self.run_program("--rate", "1/h", "-j2", "--total-timeout", "6s", "true", ":::", "a", "b", "c")
        self.assertEqual(done.returncode, 3)
        self.assertRegex(done.stderr.decode(), r"completed +1\n +not started +2\n")

    def test_what_is_no_rate_is_refused(self):
        for value in ("0/s", "5", "5/", "/s", "5/0s", "x/s", "5/y", "-1/s", "1.5/s"):
            done = self.run_program("--rate", value, "true", ":::", "x")
            self.assertEqual(done.returncode, 2, value)
            self.assertIn("is not a rate above zero; write 100/s", done.stderr.decode())


if __name__ == "__main__":
    program.main()
