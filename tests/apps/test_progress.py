"""What is said of a run: the live line on a terminal, lines elsewhere, and the summary."""
import os
import re

import program
from terminal import Terminal

ERASED = "\r\x1b[K"


def shown(text: str) -> str:
    """What stays on the screen: a line that is erased is gone."""
    lines = []
    for line in text.split("\n"):
        lines.append(re.sub(r".*\r\x1b\[K", "", re.sub(r"\r(?!\x1b\[K)[^\r]*\x1b\[K", "", line)))
    return "\n".join(lines)


class Live(program.Case):
    def test_the_line_is_redrawn_in_place_and_gone_at_the_end(self):
        script = "until [ -e go.{#} ]; do sleep 0.02; done; exit $1"
        terminal = Terminal(self, "-j2", "sh", "-c", script, "sh", "{}", ":::", *"0011000")
        for number in range(7):  # each ends when it has been seen that those before have
            terminal.wait_for(f"{number} of 7 done")
            (self.folder / f"go.{number + 1}").write_text("")
        code, text = terminal.finish()
        self.assertEqual(code, 1)
        live = re.findall(r"\rtaskactor: (.*?)\x1b\[K", text)
        self.assertGreaterEqual(len(live), 7)
        for line in live:
            self.assertRegex(line, r"\A\d of 7 done(, \d failed)?, \d running(, [\d.]+/(s|min), \d:\d\d left)?\Z")
        self.assertRegex(shown(text), r"\Ataskactor: 7 commands in [\d.]+ s")

    def test_the_output_of_commands_is_never_mixed_with_it(self):
        code, text = Terminal(
            self, "-k", "-j1", "sh", "-c", "sleep 0.15; echo item $1; echo error >&2", "sh", ":::", *"123"
        ).finish()
        self.assertEqual(code, 0)
        self.assertEqual(
            shown(text).splitlines()[:6], ["item 1", "error", "item 2", "error", "item 3", "error"]
        )

    def test_half_a_line_of_a_command_is_not_overwritten(self):
        _, text = Terminal(
            self, "-j1", "sh", "-c", "sleep 0.15; printf half; sleep 0.15", ":::", "1", "2"
        ).finish()
        self.assertEqual(shown(text).splitlines()[0], "halfhalf")
        self.assertIn("halfhalf\ntaskactor: 2 commands", shown(text))

    def test_it_fits_a_narrow_terminal(self):
        terminal = Terminal(self, "-j1", "sh", "-c", "sleep 0.5; exit 1", "sh", ":::", *"12345", columns=32)
        _, text = terminal.finish()
        live = re.findall(r"\r(taskactor: .*?)\x1b\[K", text)
        self.assertTrue(live)
        self.assertLess(max(map(len, live)), 32)

    def test_only_where_it_can_be_and_is_wanted(self):
        for arguments, kind in (
            (["--no-progress"], "xterm"), (["-q"], "xterm"), ([], "dumb"),
            (["--progress", "--no-progress"], "xterm"),
        ):
            with self.subTest(arguments=arguments, kind=kind):
                _, text = Terminal(self, *arguments, "sleep", ":::", "0.3", kind=kind).finish()
                self.assertNotIn("\x1b", text)
                self.assertNotIn("running", text)

    def test_ctrl_c_reaches_the_program_and_not_its_commands(self):
        terminal = Terminal(
            self, "-j2", "sh", "-c", "echo > $1; until [ -e go ]; do sleep 0.02; done; echo done $1", "sh",
            ":::", "1", "2", "3",
        )
        self.wait_until(lambda: all((self.folder / name).exists() for name in "12"))
        terminal.type("\x03")
        terminal.wait_for("stopping; 2 commands still to end")
        (self.folder / "go").write_text("")
        code, text = terminal.finish()
        self.assertEqual(code, 130)
        self.assertEqual(sorted(re.findall(r"done \d", text)), ["done 1", "done 2"])
        self.assertIn("completed            2\n", text)

    def test_after_ctrl_c_it_counts_nothing_that_will_never_start(self):
        os.mkfifo(self.folder / "gate")
        terminal = Terminal(self, "-j1", "sh", "-c", "echo > $1; read x < gate", "sh", ":::", *map(str, range(9)))
        terminal.wait_for(r"0 of 9 done, 1 running")
        self.wait_until(lambda: (self.folder / "0").exists())
        terminal.type("\x03")
        terminal.wait_for("stopping; 1 command")
        terminal.wait_for(r"0 done, 1 running, stopping\x1b\[K")
        said = len(terminal.text)
        (self.folder / "gate").write_text("\n")
        code, text = terminal.finish()
        self.assertEqual(code, 130)
        self.assertNotIn(" of 9 done", text[said:])
        self.assertNotIn("left", text[said:])

    def test_a_command_that_is_just_starting_has_no_part_in_a_ctrl_c(self):
        (self.folder / "list").write_text("x\n" * 100_000)
        for _ in range(5):
            terminal = Terminal(self, "-q", "-j2", "-a", "list", "--report", "report", "true")
            self.wait_until(
                lambda: (self.folder / "report").exists() and (self.folder / "report").stat().st_size > 5000
            )
            terminal.type("\x03")
            self.assertEqual(terminal.finish()[0], 130)
            self.assertEqual({line["state"] for line in self.report()}, {"completed"})
            (self.folder / "report").unlink()


class Summary(program.Case):
    def err(self, *arguments: str, **how) -> str:
        return self.run_program(*arguments, **how).stderr.decode()

    def test_states_slowest_and_failures(self):
        script = 'case $1 in slow) sleep 4;; late) sleep 100;; bad) exit 4;; hit) kill -9 $$;; esac'
        text = self.err(
            "-j4", "--timeout", "9s", "sh", "-c", script, "sh", ":::", "good", "slow", "late", "bad", "hit",
            "good",
        )
        self.assertRegex(text, r"\Ataskactor: 6 commands in [\d.]+ s \([\d.]+/(s|min)\)\n")
        for line in ("completed            3", "failed               2", "timed out            1"):
            self.assertIn(f"\n  {line}\n", text)
        self.assertNotIn("cancelled", text)
        slowest = re.findall(r"  +([\d.]+) s  (\w+)\n", text.partition("slowest:")[2].partition("failed:")[0])
        self.assertEqual([name for _, name in slowest[:2]], ["late", "slow"])
        self.assertEqual(len(slowest), 3)
        self.assertEqual(
            sorted((float(seconds) for seconds, _ in slowest), reverse=True),
            [float(seconds) for seconds, _ in slowest],
        )
        failures = text.partition("\nfailed:\n")[2]
        self.assertRegex(failures, r" #3  late: ran longer than 9 s\n")
        self.assertRegex(failures, r" #4  bad: exit code 4\n")
        self.assertRegex(failures, r" #5  hit: killed by signal 9 \(KILL\)\n")

    def test_of_many_failures_ten_are_named(self):
        text = self.err("false", items=b"x\n" * 35)
        self.assertEqual(len(re.findall(r"#\d+  x: exit code 1", text)), 10)
        self.assertIn("\n  and 25 more\n", text)

    def test_items_cannot_play_with_the_terminal_and_fit_in_it(self):
        text = self.err("-0", "false", items=b"\x1b[2J\nx\xff\x00" + b"/long" * 100 + b"/end")
        self.assertIn("\\x1b[2J\\nx\\xff: exit code 1", text)
        self.assertIn("/end: exit code 1", text)
        self.assertLess(max(map(len, text.splitlines())), 80)

    def test_quiet_says_errors_only(self):
        self.assertEqual(self.err("-q", "false", ":::", "x"), "")
        self.assertEqual(
            self.err("-q", "no-such-command", ":::", "x"),
            "taskactor: cannot run 'no-such-command': not found on the PATH\n",
        )

    def test_quiet_says_why_nothing_could_be_started(self):
        done = self.run_program("-q", "{}", ":::", "./gone", "/", "./gone")
        self.assertEqual(done.returncode, 1)
        self.assertEqual(
            done.stderr.decode(),
            "taskactor: 3 commands were not started; the first, #1 ./gone: cannot run './gone': No such file or directory\n",
        )
        too_long = self.run_program("-q", "true", items=b"x" * 3_000_000 + b"\n")
        self.assertEqual(too_long.returncode, 1)
        self.assertIn("1 command was not started; the first, #1", too_long.stderr.decode())

    def test_numbers_of_seven_digits_keep_their_distance(self):
        (self.folder / "report").write_text('{"item":"x","state":"completed"}\n' * 1_000_000)
        text = self.err("--resume", "report", "true", items=b"x\n" * 1_000_001)
        self.assertIn("\n  completed before 1000000\n", text)
        self.assertIn("\n  completed            1\n", text)

    def test_lines_of_progress_where_there_is_no_terminal_only_if_asked_for(self):
        text = self.err("--progress", "-j1", "--timeout", "25s", "sleep", ":::", "6")
        self.assertRegex(text, r"\Ataskactor: 0 of 1 done, 1 running\n")
        self.assertNotIn("\x1b", text)

    def test_the_log_of_the_runtime(self):
        text = self.err("--log-level", "debug", "true", ":::", "x")
        self.assertRegex(text, r"\[taskactor\] \[debug\] run/0: started\n")
        self.assertRegex(text, r"\[taskactor\] \[debug\] run/0: completed after [\d.]+ (us|ms|s)\n")
        self.assertNotIn("debug", self.err("true", ":::", "x"))

    def test_the_environment_says_its_level_unless_the_option_does(self):
        for options, environment, wanted in (([], "debug", True), (["--log-level", "off"], "debug", False), ([], "", False)):
            with self.subTest(options=options, environment=environment):
                done = self.run_program(*options, "true", ":::", "x", env=os.environ | {"TASKACTOR_LOG": environment})
                self.assertEqual((done.returncode, b"run/0: started" in done.stderr), (0, wanted), done.stderr)
        done = self.run_program("true", ":::", "x", env=os.environ | {"TASKACTOR_LOG": "loud"})
        self.assertEqual(done.returncode, 2)


if __name__ == "__main__":
    program.main()
