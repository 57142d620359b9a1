"""Ctrl-Z and the terminal: commands stop and go on with the program, and one that wants the terminal can have it."""
import os
import pathlib
import signal
import subprocess
import time

import program
from terminal import Terminal

TICKS = "echo $$ > pid; while [ ! -e go ]; do sleep 0.02; done"


def state(pid: int) -> str:
    return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


class Paused(program.Case):
    def start(self, *options: str, script: str = TICKS, items: tuple = ("x",)) -> subprocess.Popen:
        # In a group of its own, whose parent is in another group of this session: a shell's job.
        process = subprocess.Popen(
            [program.PROGRAM, "run", "--report", "report", *options, "sh", "-c", script, "sh", ":::", *items],
            cwd=self.folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, process_group=0,
        )
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def pid(self) -> int:
        path = self.folder / "pid"
        self.wait_until(lambda: path.exists() and path.read_text().endswith("\n"))
        return int(path.read_text())

    def stop(self, process: subprocess.Popen) -> None:
        process.send_signal(signal.SIGTSTP)
        _, status = os.waitpid(process.pid, os.WUNTRACED)
        self.assertTrue(os.WIFSTOPPED(status))
        self.assertEqual(os.WSTOPSIG(status), signal.SIGTSTP)

    def test_commands_stop_and_go_on_with_the_program(self):
        # A shell that doesn't fork: one whose child is stopped between vfork and exec waits for it, and isn't stopped itself.
        os.mkfifo(self.folder / "go")
        process = self.start(script="echo $$ > pid; read x < go")
        pid = self.pid()
        for _ in range(2):
            self.stop(process)
            self.wait_until(lambda: state(pid) == "T")
            process.send_signal(signal.SIGCONT)
            self.wait_until(lambda: state(pid) != "T")
        (self.folder / "go").write_text("\n")
        self.assertEqual(process.wait(program.LIMIT), 0)
        self.assertEqual([line["state"] for line in self.report()], ["completed"])

    def test_no_clock_goes_on_meanwhile(self):
        # At once, in a folder each: they are given the time to begin and to end.
        top, stopped = self.folder, []
        for options in (["--timeout", "8s"], ["--total-timeout", "8s"], ["--timeout", "8s", "--total-timeout", "90s"]):
            self.folder = top / str(len(stopped))
            self.folder.mkdir()
            process = self.start(*options)
            self.pid()
            self.stop(process)
            stopped.append((options, process, self.folder))
        time.sleep(9)  # what is waited for is that nothing happens
        for options, process, self.folder in stopped:
            with self.subTest(options):
                process.send_signal(signal.SIGCONT)
                (self.folder / "go").write_text("")
                self.assertEqual(process.wait(program.LIMIT), 0)
                self.assertEqual([line["state"] for line in self.report()], ["completed"])

    def test_what_is_asked_to_end_has_its_grace_without_the_pause(self):
        script = ("trap 'echo > asked; while [ ! -e go ]; do sleep 0.02; done; echo > cleaned; exit' TERM; "
                  "echo $$ > pid; while :; do sleep 0.02; done")
        process = self.start("--grace", "6s", script=script)
        self.pid()
        process.terminate()
        self.wait_until(lambda: (self.folder / "asked").exists())
        self.stop(process)
        time.sleep(9)  # longer than the grace, and what the program itself may take
        (self.folder / "go").write_text("")
        process.send_signal(signal.SIGCONT)
        self.assertEqual(process.wait(program.LIMIT), 143)
        self.assertTrue((self.folder / "cleaned").exists())

    def test_a_reader_that_is_stopped_with_the_program_loses_nothing(self):
        running = program.Running(
            [program.PROGRAM, "run", "--grace", "4s", "-j1", "sh", "-c", "echo $$ >> pids; head -c 300000 /dev/zero", "sh",
             ":::", "a", "b"],
            self.folder, self, stdin=subprocess.DEVNULL, process_group=0,
        )
        pids = self.folder / "pids"
        self.wait_until(lambda: pids.exists() and len(pids.read_text().split()) == 2)
        running.interrupt(signal.SIGTERM)  # from now on it waits for its reader for the grace, and a little
        self.stop(running.process)
        time.sleep(8)
        running.interrupt(signal.SIGCONT)
        _, out, err = running.finish()
        self.assertNotIn("is not read", err)
        self.assertGreaterEqual(len(out), 300000)

    def test_they_go_on_at_the_end(self):
        process = self.start("--timeout", "6s", "--grace", "100ms")
        pid = self.pid()
        self.stop(process)
        time.sleep(0.5)
        process.send_signal(signal.SIGCONT)
        self.assertEqual(process.wait(program.LIMIT), 3)
        self.wait_for_end(pid)

    def test_a_command_that_is_stopped_is_told(self):
        process = self.start()
        pid = self.pid()
        os.kill(pid, signal.SIGSTOP)
        self.assertEqual(process.stderr.readline(), b"taskactor: #1 has been stopped by signal 19 (STOP)\n")
        os.kill(pid, signal.SIGCONT)
        (self.folder / "go").write_text("")
        self.assertEqual(process.wait(program.LIMIT), 0)

    def test_cancelled_while_it_is_stopped_it_ends(self):
        process = self.start("--grace", "1h", script="trap 'exit 3' TERM; " + TICKS)
        pid = self.pid()
        os.kill(pid, signal.SIGSTOP)
        process.stderr.readline()
        process.terminate()
        self.assertEqual(process.wait(program.LIMIT), 143)
        self.wait_for_end(pid)


class OnTerminal(program.Case):
    def test_a_command_that_reads_it_without_having_it_is_told(self):
        terminal = Terminal(self, "sh", "-c", "read x < /dev/tty", ":::", "x")
        terminal.wait_for(r"taskactor: #1 has been stopped by signal 21 \(TTIN\): it wants the terminal \(see --tty\)")
        terminal.type("\x03")
        terminal.wait_for("stopping")
        terminal.type("\x03")
        self.assertEqual(terminal.finish()[0], 130)

    def test_with_tty_it_has_it(self):
        terminal = Terminal(self, "--tty", "sh", "-c", "echo ask $1; read x; echo got $x; [ -t 1 ] && [ -t 2 ]", "sh", ":::", "a", "b")
        for item, text in (("a", "first"), ("b", "second")):
            terminal.wait_for(f"ask {item}")
            terminal.type(text + "\n")
            terminal.wait_for(f"got {text}")
        code, text = terminal.finish()
        self.assertEqual(code, 0)
        self.assertIn("completed            2\n", text)

    def test_ctrl_c_is_the_commands_and_ends_the_run(self):
        terminal = Terminal(self, "--tty", "sh", "-c", "echo ask $1; read x", "sh", ":::", "a", "b")
        terminal.wait_for("ask a")
        terminal.type("\x03")
        code, text = terminal.finish()
        self.assertEqual(code, 130)
        self.assertNotIn("ask b", text)

    def test_its_modes_are_restored(self):
        done = Terminal(self, "--tty", "sh", "-c", "stty -a | grep -o '.icanon'; stty raw -echo", "sh", ":::", "a", "b").finish()
        self.assertEqual(done[1].count("-icanon"), 0)
        self.assertEqual(done[1].count(" icanon"), 2)

    def test_ctrl_z_gives_the_shell_its_prompt_and_fg_goes_on(self):
        terminal = Terminal(self, command=["bash", "--norc", "--noprofile", "-i"])
        terminal.type(f"PS1='pro''mpt> '; export A='{program.PROGRAM}'\n")
        terminal.wait_for("prompt> ")
        terminal.type("$A run -q --tty sh -c 'echo a''sk; read x; echo got $x' ::: a; echo ended with $?\n")
        terminal.wait_for(r"[\r\n]ask\r\n")
        terminal.type("\x1a")
        terminal.wait_for(r"Stopped(.|\n)*prompt> $")
        terminal.type("fg\n")
        terminal.type("back\n")
        terminal.wait_for(r"got back")
        terminal.type("exit\n")
        terminal.finish()

    def test_without_a_terminal_it_says_so(self):
        done = self.run_program("--tty", "cat", ":::", "x", start_new_session=True)
        self.assertEqual(done.returncode, 1)
        self.assertIn("/dev/tty", done.stderr.decode())

    def test_what_does_not_go_together(self):
        for options in (["-j2"], ["-j0"], ["--line-buffer"], ["--output", "d"]):
            done = self.run_program("--tty", *options, "cat", ":::", "x")
            self.assertEqual(done.returncode, 2)
            self.assertIn("--tty", done.stderr.decode())


if __name__ == "__main__":
    program.main()
