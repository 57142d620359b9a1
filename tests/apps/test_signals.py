"""Ctrl-C once, twice, three times; TERM, HUP, and the kill that can't be caught: no process is left behind."""
import os
import re
import signal
import time

import program

# Says its process id, and ends when something is written to the gate.
WAITS = "echo $$; read x < gate; echo done"
# Says its process id, and another word when it gets TERM. Not on standard error, where some shells tell that their sleep was
# terminated: what comes there is the program's.
OBEYS = "exec 2>/dev/null; trap 'echo terminated; exit 3' TERM; echo $$; while :; do sleep 0.01; done"
DEFIES = "trap '' TERM; echo $$; while :; do sleep 0.01; done"


class Signals(program.Case):
    def setUp(self):
        super().setUp()
        os.mkfifo(self.folder / "gate")

    def start(self, script: str, *options: str, jobs: int = 2) -> tuple[program.Running, list[int]]:
        """Many items; returns when as many run as may."""
        running = self.start_program(
            f"-j{jobs}", "--line-buffer", "--report", "report", *options, "sh", "-c", script
        )
        running.give(b"x\n" * 1000)
        return running, [int(running.out_line()) for _ in range(jobs)]

    def open_gate(self, count: int) -> None:
        gate = os.open(self.folder / "gate", os.O_RDWR)
        self.addCleanup(os.close, gate)  # what is in it lasts as long as somebody has it open
        os.write(gate, b"\n" * count)

    def states(self) -> list[str]:
        return [line["state"] for line in self.report()]

    def test_once_no_more_are_started_and_those_that_run_go_on(self):
        running, pids = self.start(WAITS)
        running.interrupt()
        self.assertEqual(
            running.err_line(), "taskactor: stopping; 2 commands still to end (again: cancel, third time: kill)"
        )
        self.assertTrue(all(map(program.alive, pids)))
        self.open_gate(2)
        code, out, err = running.finish()
        self.assertEqual((code, out), (130, "done\ndone\n"))
        self.assertEqual(self.states(), ["completed"] * 2)
        self.assertIn("stopped before the last item", err)

    def test_twice_those_that_run_are_cancelled(self):
        running, pids = self.start(OBEYS)
        running.interrupt()
        running.err_line()
        running.interrupt()
        self.assertEqual(running.err_line(), "taskactor: cancelling 2 commands (again: kill)")
        code, out, _ = running.finish()
        self.assertEqual((code, out), (130, "terminated\nterminated\n"))
        self.assertEqual(self.states(), ["cancelled"] * 2)
        self.wait_for_end(*pids)

    def test_twice_and_the_grace_kills_what_does_not_obey(self):
        running, pids = self.start(DEFIES, "--grace", "200ms")
        running.interrupt()
        running.err_line()
        running.interrupt()
        self.assertEqual(running.finish()[0], 130)
        self.assertEqual(self.states(), ["cancelled"] * 2)
        self.wait_for_end(*pids)

    def test_three_times_those_that_run_are_killed(self):
        running, pids = self.start(DEFIES, "--grace", "1h")
        for word in ("stopping", "cancelling", "killing 2 commands"):
            running.interrupt()
            self.assertIn(word, running.err_line())
        begin = time.monotonic()
        self.assertEqual(running.finish()[0], 130)
        self.assertLess(time.monotonic() - begin, 20)  # not the hour
        self.wait_for_end(*pids)

    def test_term_and_hup_cancel_at_once(self):
        for number, code in ((signal.SIGTERM, 143), (signal.SIGHUP, 129)):
            with self.subTest(number):
                running, pids = self.start(OBEYS)
                running.interrupt(number)
                self.assertEqual(running.err_line(), "taskactor: cancelling 2 commands")
                found, out, _ = running.finish()
                self.assertEqual((found, out), (code, "terminated\nterminated\n"))
                self.wait_for_end(*pids)

    def test_once_ends_a_wait_for_items_at_once(self):
        for options in ([], ["--dry-run"]):
            with self.subTest(options):
                running = self.start_program(*options, "echo")
                running.give(b"a\n")
                running.out_line()
                running.interrupt()
                self.assertEqual(running.process.wait(program.LIMIT), 130)

    def test_once_ends_a_pause(self):
        running = self.start_program("--jitter", "10h", "-j1", "echo")
        running.give(b"x\n")
        self.wait_until(lambda: program.blocks(running.process.pid, signal.SIGINT))
        time.sleep(1)  # nothing is said of an item in its pause
        running.interrupt()
        self.assertEqual(running.process.wait(program.LIMIT), 130)

    def test_a_signal_that_was_ignored_at_the_start_stays_ignored(self):
        def ignore():
            signal.signal(signal.SIGINT, signal.SIG_IGN)

        running = self.start_program("-q", "echo", preexec_fn=ignore)
        running.give(b"a\n")
        running.out_line()
        running.interrupt()
        running.give(b"b\n")
        self.assertEqual(running.out_line(), "b")
        running.end_items()
        self.assertEqual(running.finish(), (0, "", ""))

    def test_nothing_reads_the_output_and_twice_ends_it_all_the_same(self):
        # Two run, and say more than is kept for them; or they end, and the third shows that one has.
        for options, size, count in (([], b"100000\n", 3), (["--line-buffer"], b"10000000\n", 2)):
            with self.subTest(options):
                said = self.folder / "said"
                said.unlink(missing_ok=True)
                script = "seq 2000; echo >> said; seq $1"
                running = self.start_program("-j2", "--grace", "100ms", *options, "sh", "-c", script, "sh")
                running.fill_output()
                running.give(size * 1000)
                self.wait_until(lambda: said.exists() and len(said.read_bytes()) >= count)
                running.interrupt()
                running.err_line()
                running.interrupt()
                while "not read" not in running.err_line():
                    pass
                self.assertEqual(running.process.wait(program.LIMIT), 130)

    def test_killed_itself_it_leaves_no_process(self):
        script = "sleep 1000 & echo $$ $!; trap '' TERM; while :; do sleep 0.01; done"
        running = self.start_program("-j2", "--line-buffer", "sh", "-c", script)
        running.give(b"x\n" * 10)
        pids = [int(pid) for _ in range(2) for pid in re.findall(r"\d+", running.out_line())]
        self.assertEqual(len(pids), 4)
        self.assertTrue(all(map(program.alive, pids)))
        running.process.kill()
        self.wait_for_end(*pids)

    def test_a_killed_command_is_a_failure_and_the_others_go_on(self):
        running, pids = self.start(WAITS)
        os.kill(pids[0], signal.SIGKILL)
        running.out_line()  # the next has started in its place
        running.interrupt()
        running.err_line()
        self.open_gate(2)
        self.assertEqual(running.finish()[0], 130)
        self.assertEqual(sorted(self.states()), ["completed", "completed", "failed"])
        self.assertIn(9, [line["signal"] for line in self.report()])


if __name__ == "__main__":
    program.main()
