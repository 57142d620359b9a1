"""How commands end, and what the program returns then."""
import os
import resource
import signal
import time

import program


class ExitCodes(program.Case):
    def code(self, *arguments, **how) -> int:
        return self.run_program(*arguments, **how).returncode

    def test_0_when_all_are_completed(self):
        self.assertEqual(self.code("true", ":::", "a", "b"), 0)

    def test_1_when_one_failed(self):
        self.assertEqual(self.code("sh", "-c", "exit $1", "sh", ":::", "0", "3", "0"), 1)

    def test_1_when_a_signal_ended_one(self):
        self.assertEqual(self.code("sh", "-c", "kill -9 $$", "sh", ":::", "a"), 1)

    def test_2_for_bad_usage_and_nothing_is_run(self):
        for wrong in (
            [],
            ["--"],
            ["", ":::", "x"],
            ["--bogus", "touch", ":::", "x"],
            ["-j", "many", "touch", ":::", "x"],
            ["-j", "1.5", "touch", ":::", "x"],
            ["--timeout", "soon", "touch", ":::", "x"],
            ["--timeout", "0", "touch", ":::", "x"],
            ["--timeout", "-1", "touch", ":::", "x"],
            ["--grace", "1e3", "touch", ":::", "x"],
            ["--capture-limit", "0", "touch", ":::", "x"],
            ["--memory", "0", "touch", ":::", "x"],
            ["--memory", "lots", "touch", ":::", "x"],
            ["--nice", "-1", "touch", ":::", "x"],
            ["--nice", "20", "touch", ":::", "x"],
            ["--log-level", "loud", "touch", ":::", "x"],
            ["--line-buffer", "--keep-order", "touch", ":::", "x"],
            ["--line-buffer", "--output", "d", "touch", ":::", "x"],
            ["-0", "touch", ":::", "x"],
            ["-a", "list", "touch", ":::", "x"],
            ["touch", ":::", "x", ":::", "y"],
        ):
            with self.subTest(wrong):
                done = self.run_program(*wrong)
                self.assertEqual((done.returncode, done.stdout), (2, b""))
                self.assertRegex(done.stderr.decode(), r"\Ataskactor: .+\nTry `taskactor run --help`.\n\Z")
                self.assertEqual(os.listdir(self.folder), [])

    def test_2_for_a_malformed_variable_of_the_environment(self):
        done = self.run_program("touch", ":::", "x", env=dict(os.environ, TASKACTOR_MAX_QUEUE="many"))
        self.assertEqual(done.returncode, 2)
        self.assertIn("TASKACTOR_MAX_QUEUE", done.stderr.decode())

    def test_3_when_time_was_up_for_one_and_none_failed(self):
        self.assertEqual(self.code("--timeout", "100ms", "sleep", ":::", "0", "10"), 3)
        self.assertEqual(self.code("--timeout", "6s", "sleep", ":::", "1000", "nonsense"), 1)

    def test_126_and_127_for_a_command_that_can_never_run(self):
        (self.folder / "plain").write_text("text")
        for name, code, reason in (
            ("no-such-command", 127, "not found on the PATH"),
            ("./missing", 127, "No such file"),
            ("./plain", 126, "Permission denied"),
            (".", 126, "Permission denied"),
        ):
            with self.subTest(name):
                done = self.run_program("-j8", name, items=b"x\n" * 10000)
                self.assertEqual((done.returncode, done.stdout), (code, b""))
                self.assertEqual(done.stderr.decode().count("\n"), 1, done.stderr)
                self.assertIn(f"cannot run '{name}': {reason}", done.stderr.decode())

    def test_a_name_from_an_item_that_cannot_run_fails_alone(self):
        done = self.run_program("-k", "{}", ":::", "pwd", "no-such-command", "pwd")
        self.assertEqual((done.returncode, done.stdout.count(b"\n")), (1, 2))
        self.assertIn(
            "#2  no-such-command: cannot run 'no-such-command': not found on the PATH", done.stderr.decode()
        )


class Time(program.Case):
    def test_a_command_that_takes_too_long_is_ended_and_its_output_kept(self):
        done = self.run_program(
            "--timeout", "6s", "--report", "report", "sh", "-c", "echo partial; exec sleep 100", ":::", "x"
        )
        self.assertEqual((done.returncode, done.stdout), (3, b"partial\n"))
        self.assertIn("timed out            1", done.stderr.decode())
        self.assertIn("x: ran longer than 6 s", done.stderr.decode())
        [line] = self.report()
        self.assertEqual(
            (line["state"], line["signal"], line["exit_code"]), ("timed_out", signal.SIGTERM, None)
        )
        self.assertGreaterEqual(line["seconds"], 5)  # the task's time began a little before the process's

    def test_one_that_ignores_term_is_killed_after_the_grace(self):
        script = "trap '' TERM; echo $$; while :; do sleep 1; done"
        done = self.run_program(
            "--timeout", "6s", "--grace", "100ms", "--report", "report", "sh", "-c", script, ":::", "x"
        )
        self.assertEqual(done.returncode, 3)
        [line] = self.report()
        self.assertEqual((line["state"], line["signal"]), ("timed_out", signal.SIGKILL))
        self.wait_for_end(int(done.stdout))

    def test_the_time_of_a_command_begins_when_it_starts(self):
        # The second has to wait until the first, which is late, is really gone; that is not its own time, for which the
        # grace alone would be too long.
        script = "trap '' TERM; [ $1 = quick ] || while :; do sleep 1; done"
        done = self.run_program(
            "-j1", "--timeout", "6s", "--grace", "6500ms", "--report", "report", "sh", "-c", script, "sh",
            ":::", "slow", "quick",
        )
        self.assertEqual([line["state"] for line in self.report()], ["timed_out", "completed"], done.stderr)

    def test_the_total_time_ends_what_runs_and_starts_no_more(self):
        begin = time.monotonic()
        done = self.run_program(
            "-j1", "--total-timeout", "6s", "--report", "report", "sh", "-c", "echo {}; exec sleep 100",
            ":::", "a", "b", "c",
        )
        self.assertLess(time.monotonic() - begin, 20)
        self.assertEqual((done.returncode, done.stdout), (3, b"a\n"))
        self.assertIn("taskactor: the total time of 6 s is up\n", done.stderr.decode())
        self.assertIn("stopped before the last item", done.stderr.decode())
        self.assertIn("the total time of 6 s was up", self.report()[0]["error"])

    def test_the_total_time_also_ends_a_wait_for_items(self):
        running = self.start_program("--total-timeout", "6s", "echo")
        running.give(b"a\n")
        self.assertEqual(running.out_line(), "a")
        self.assertEqual(running.process.wait(program.LIMIT), 3)

    def test_what_ends_in_time_is_not_touched_by_it(self):
        done = self.run_program(
            "--total-timeout", "1h", "--timeout", "1h", "--jitter", "1ms", "true", ":::", "a"
        )
        self.assertEqual(done.returncode, 0)

    def test_jitter_delays_each_start(self):
        begin = time.monotonic()
        self.assertEqual(self.run_program("-j1", "--jitter", "50ms", "true", items=b"x\n" * 20).returncode, 0)
        self.assertGreater(time.monotonic() - begin, 0.2)  # half a second on average


class FailFast(program.Case):
    def test_the_first_failure_cancels_the_rest(self):
        os.mkfifo(self.folder / "gate")
        script = 'if [ $1 = fails ]; then read go < gate; exit 7; fi; echo > gate; exec sleep 100'
        done = self.run_program(
            "-j2", "--fail-fast", "--report", "report", "sh", "-c", script, "sh", ":::", "runs", "fails",
            "never", "never",
        )
        self.assertEqual(done.returncode, 1)
        self.assertIn("#2 failed: exit code 7; cancelling the rest (--fail-fast)", done.stderr.decode())
        self.assertEqual([line["state"] for line in self.report()], ["cancelled", "failed"])

    def test_what_a_cancelled_command_had_printed_is_kept(self):
        os.mkfifo(self.folder / "gate")
        script = (
            "if [ $1 = fails ]; then read go < gate; exit 7; fi; "
            "echo so far; echo oops >&2; echo > gate; exec sleep 100"
        )
        done = self.run_program(
            "-q", "-j2", "--fail-fast", "--report", "report", "sh", "-c", script, "sh", ":::", "runs", "fails"
        )
        self.assertEqual((done.returncode, done.stdout), (1, b"so far\n"))
        self.assertIn("oops\n", done.stderr.decode())
        self.assertEqual(
            [(line["state"], line["exit_code"], line["signal"]) for line in self.report()],
            [("cancelled", None, signal.SIGTERM), ("failed", 7, None)],
        )

    def test_without_it_the_others_go_on(self):
        done = self.run_program("-j1", "-k", "sh", "-c", "echo $1; exit $1", "sh", ":::", "1", "0", "2", "0")
        self.assertEqual((done.returncode, done.stdout), (1, b"1\n0\n2\n0\n"))


class Processes(program.Case):
    def test_as_many_run_at_once_as_asked_for(self):
        script = "mkdir $1; while [ $(ls | wc -l) -lt 3 ]; do sleep 0.01; done"  # each waits for all of them
        self.assertEqual(
            self.run_program("-j3", "sh", "-c", script, "sh", ":::", "a", "b", "c").returncode, 0
        )

    def test_no_more_run_at_once_than_asked_for(self):
        script = "mkdir $1; ls | wc -l; sleep 0.05; rmdir $1"
        done = self.run_program("-j2", "sh", "-c", script, "sh", ":::", "a", "b", "c", "d", "e", "f")
        self.assertLessEqual(max(map(int, done.stdout.split())), 2)

    def test_more_jobs_than_descriptors_are_said(self):
        limits = lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (100, 100))
        done = self.run_program("-j1000", "echo", items=b"x\n" * 50, preexec_fn=limits)
        self.assertEqual((done.returncode, done.stdout), (0, b"x\n" * 50))
        self.assertRegex(
            done.stderr.decode(), r"there are file descriptors for \d+ commands at once, not for 1000"
        )

    def test_jobs_0_is_as_many_as_possible(self):
        script = "mkdir {#}; while [ $(ls | wc -l) -lt 20 ]; do sleep 0.05; done"  # each waits for all of them
        self.assertEqual(self.run_program("-qj0", "sh", "-c", script, items=b"x\n" * 20).returncode, 0)

    def test_what_a_command_leaves_behind_in_its_group_ends_with_it(self):
        done = self.run_program("-q", "sh", "-c", "sleep 100 & echo $!", ":::", "x")
        self.wait_for_end(int(done.stdout))


if __name__ == "__main__":
    program.main()
