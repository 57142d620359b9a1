"""What a shell completes: bash by asking the function that it would ask, zsh on a terminal."""
import fcntl
import os
import pty
import re
import select
import shutil
import struct
import subprocess
import termios
import time
import unittest

import program


def taskactor(*arguments: str) -> str:
    return subprocess.run([program.PROGRAM, *arguments], capture_output=True, text=True, check=True).stdout


def options_of_the_help() -> set[str]:
    """Each name of an option in `taskactor run --help`."""
    lines = re.findall(r"^  (-.*?)(?:  |$)", taskactor("run", "--help"), re.MULTILINE)
    return {name for line in lines for name in re.findall(r"--?[A-Za-z0-9-]+", line)}


class Bash(program.Case):
    def complete(self, *words: str, setup: str = "") -> list[str]:
        """What comes for the last of the words; bash has cut them at `=` and `:` already."""
        script = (
            f'source <("$1" completion bash); {setup}\n'
            'shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _taskactor && printf "%s\\n" "${COMPREPLY[@]}"'
        )
        done = subprocess.run(
            ["bash", "--norc", "-c", script, "bash", program.PROGRAM, "taskactor", *words],
            cwd=self.folder, capture_output=True, text=True, timeout=program.LIMIT,
        )
        self.assertEqual(done.stderr, "")
        return [line for line in done.stdout.split("\n") if line]

    def setUp(self):
        super().setUp()
        (self.folder / "a file").write_text("")
        (self.folder / "a folder").mkdir()

    def test_the_first_word_is_a_verb_or_an_option(self):
        self.assertEqual(set(self.complete("")), {
            "run", "push", "work", "jobs", "job", "log", "wait", "retry", "cancel", "delete", "pause", "resume", "limit",
            "status", "store", "preview", "schedule", "node", "nodes", "services", "completion", "list", "call",
            "-h", "--help", "--version"})
        self.assertEqual(self.complete("ru"), ["run"])
        self.assertEqual(self.complete("completion", ""), ["bash", "zsh"])

    def test_every_option_of_the_help_is_offered_and_no_other(self):
        self.assertGreater(len(options_of_the_help()), 30)
        self.assertEqual(set(self.complete("run", "-")), options_of_the_help())
        self.assertEqual(set(self.complete("run", "-k", "-j", "4", "--time")), {"--timeout"})

    def test_values(self):
        files = (["--report"], ["--resume"], ["--joblog"], ["--arg-file"], ["-a"], ["-ka"], ["--report", "="])
        for option in files:
            self.assertEqual(sorted(self.complete("run", *option, "a")), ["a file", "a folder"], option)
        self.assertEqual(self.complete("run", "--output", "a"), ["a folder"])
        self.assertEqual(self.complete("run", "--log-level", "="), ["debug", "info", "warn", "error", "off"])
        self.assertEqual(self.complete("run", "--log-level", "=", "e"), ["error"])
        self.assertEqual(self.complete("run", "--jobs", ""), [])
        self.assertEqual(self.complete("run", "-kj", ""), [])

    def test_options_of_named_tasks(self):
        for verb in ("list", "call"):
            in_help = set(re.findall(r"^  (--\w+)", taskactor(verb, "--help"), re.MULTILINE))
            self.assertEqual(set(self.complete(verb, "-")), in_help)
            self.assertEqual(sorted(self.complete(verb, "--load", "=", "a")), ["a file", "a folder"])
            self.assertEqual(self.complete(verb, "--load", "a file", "--lo"), ["--load"])
        self.assertEqual(self.complete("call", "--where", ""), ["actor", "thread", "process"])
        self.assertEqual(self.complete("call", "--where", "=", "t"), ["thread"])
        self.assertEqual(self.complete("call", "--timeout", ""), [])
        self.assertEqual(self.complete("call", "resize", "--lo"), [])

    def test_verbs_of_jobs(self):
        for verb in ("push", "work", "jobs", "wait", "store"):
            in_help = set(re.findall(r"^  (?:-\w,)?(--[\w-]+)", taskactor(verb, "--help"), re.MULTILINE))
            offered = {word for word in self.complete(verb, "-") if word.startswith("--")}
            self.assertEqual(offered, in_help)
        in_help = set(re.findall(r"^  (?:-\w,)?(--?\w+)", taskactor("preview", "--help"), re.MULTILINE))
        self.assertEqual(set(self.complete("preview", "-")) - {"-h"}, in_help)
        self.assertEqual(self.complete("store", ""), ["check", "migrate", "backup", "restored", "prune", "export"])
        self.assertEqual(self.complete("store", "--js"), ["--json"])
        self.assertEqual(self.complete("jobs", "--state", "q"), ["quarantined"])
        self.assertIn("--node", self.complete("cancel", "--no"))

    def test_behind_the_dashes_of_push_comes_a_command(self):
        self.assertIn("sha256sum", self.complete("push", "--delay", "1h", "--", "sha256"))
        self.assertEqual(self.complete("push", "--", "sha256sum", "a f"), ["a file", "a folder"])
        self.assertEqual(self.complete("call", "--", "sha256"), [])

    def test_a_verb_of_two_words(self):
        self.assertEqual(self.complete("node", ""), ["cert"])
        self.assertEqual(set(self.complete("schedule", "")), {"add", "list", "preview", "pause", "resume", "run", "delete"})
        self.assertEqual(self.complete("schedule", "add", "name", "@daily", "--over"), ["--overlap"])
        self.assertEqual(self.complete("schedule", "resume", "--m"), ["--make-up"])
        self.assertEqual(self.complete("schedule", "resume", "name", "--m"), ["--make-up"])
        self.assertEqual(self.complete("schedule", "resume", "name", "--", "sha256"), [])
        self.assertIn("sha256sum", self.complete("schedule", "add", "name", "@daily", "--", "sha256"))
        in_help = set(re.findall(r"^  (?:-\w,)?(--\w+)", taskactor("node", "cert", "--help"), re.MULTILINE))
        self.assertEqual(set(self.complete("node", "cert", "--")), in_help)
        self.assertEqual(self.complete("node", "cert", "--force", "--au"), ["--authority"])
        self.assertEqual(self.complete("node", "cert", "--authority", "a"), ["a file", "a folder"])
        self.assertEqual(self.complete("node", "cert", "name", "--au"), ["--authority"])

    def test_after_the_options_comes_a_command(self):
        before_command = (
            [], ["-k"], ["-j", "4"], ["-j4"], ["-kj4"], ["--jobs", "=", "4"], ["--report", "a file"],
            ["--no-progress"], ["--"],
        )
        for options in before_command:
            self.assertIn("sha256sum", self.complete("run", *options, "sha256"), options)
            self.assertEqual(self.complete("run", *options, "sha256sum", "a f"), ["a file", "a folder"], options)
        self.assertEqual(self.complete("run", "--", "--jo"), [])

    def test_options_of_the_command_are_its_own_affair(self):
        self.assertEqual(self.complete("run", "tar", "--jo"), [])
        offset = "_command_offset() { COMPREPLY=(\"from ${COMP_WORDS[$1]}\"); }"
        self.assertEqual(self.complete("run", "-k", "tar", "--ver", setup=offset), ["from tar"])
        self.assertEqual(self.complete("run", "--", "tar", "--ver", setup=offset), ["from tar"])

    def test_items_are_files(self):
        offset = "_command_offset() { COMPREPLY=(\"from ${COMP_WORDS[$1]}\"); }"
        self.assertEqual(self.complete("run", "tar", ":::", "a fi", setup=offset), ["a file"])

    def test_bash_knows_the_function(self):
        done = subprocess.run(
            ["bash", "--norc", "-c", 'source <("$1" completion bash); complete -p taskactor', "bash", program.PROGRAM],
            capture_output=True, text=True,
        )
        self.assertEqual((done.stdout, done.stderr), ("complete -F _taskactor taskactor\n", ""))


class Terminal:
    """A zsh that somebody types into."""

    def __init__(self, case: program.Case) -> None:
        self.seen = ""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(case.folder)
            os.environ.update(PS1="READY ", TERM="dumb", HOME=str(case.folder))
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 100, 300, 0, 0))  # before it can be asked for
            os.execvp("zsh", ["zsh", "-f", "-i"])
        case.addCleanup(self.end)

    def end(self) -> None:
        os.close(self.fd)
        os.waitpid(self.pid, 0)

    def type(self, text: str) -> None:
        os.write(self.fd, text.encode())

    def wait_for(self, pattern: str) -> str:
        """All that was shown up to there."""
        end = time.monotonic() + program.LIMIT
        while not (found := re.search(pattern, self.seen)):
            if time.monotonic() > end or not select.select([self.fd], [], [], program.LIMIT)[0]:
                raise AssertionError(f"{pattern!r} never came; on the screen: {self.seen!r}")
            self.seen += os.read(self.fd, 65536).decode(errors="replace")
        shown, self.seen = self.seen[: found.end()], self.seen[found.end() :]
        return shown


@unittest.skipUnless(shutil.which("zsh"), "there is no zsh")
class Zsh(program.Case):
    def start(self, load: str) -> Terminal:
        (self.folder / "functions").mkdir()
        (self.folder / "functions/_taskactor").write_text(taskactor("completion", "zsh"))
        terminal = Terminal(self)
        terminal.wait_for("READY ")
        terminal.type(f"autoload -U compinit; LISTMAX=1000; {load}; echo LOADED\n")
        terminal.wait_for("\nLOADED")
        terminal.wait_for("READY ")
        return terminal

    def test_it_has_no_error_of_syntax(self):
        done = subprocess.run(["zsh", "-n"], input=taskactor("completion", "zsh"), capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_options_are_completed_and_listed(self):
        terminal = self.start("fpath=($PWD/functions $fpath); compinit -u -D")
        terminal.type("taskactor ru\t--rep\t")
        terminal.wait_for("taskactor run .*--report")
        terminal.type("\x15taskactor run --log-level er\t")
        terminal.wait_for("--log-level error")
        terminal.type("\x15taskactor run --\t\t")
        shown = terminal.wait_for(r"--version .*\n")  # the last of the list
        for name in options_of_the_help():
            if name.startswith("--"):
                self.assertIn(f"{name} ", shown)

    def test_options_of_named_tasks(self):
        terminal = self.start("fpath=($PWD/functions $fpath); compinit -u -D")
        terminal.type("taskactor call --where pro\t--loa\t")
        terminal.wait_for("taskactor call --where process .*--load")
        terminal.type("\x15taskactor list --js\t")
        terminal.wait_for("taskactor list --json")

    def test_a_verb_of_two_words(self):
        terminal = self.start("fpath=($PWD/functions $fpath); compinit -u -D")
        terminal.type("taskactor sched\tres\t--ma\t")
        terminal.wait_for("taskactor schedule .*resume .*--make-up")
        terminal.type("\x15taskactor schedule add name @daily --over\tqu\t")
        terminal.wait_for("@daily .*--overlap.*queue-one")
        terminal.type("\x15taskactor schedule add name @daily -- sha512su\t")
        terminal.wait_for("@daily -- .*sha512sum")

    def test_it_can_be_sourced_and_commands_complete_as_their_own(self):
        (self.folder / "some-file").write_text("")
        terminal = self.start("compinit -u -D; source functions/_taskactor")
        terminal.type("taskactor run -k sha512su\t--che\t")
        terminal.wait_for("sha512sum .*--check")
        terminal.type("\x15taskactor run -k cat ::: some-\t")
        terminal.wait_for("some-file")


class Usage(program.Case):
    def test_a_shell_that_is_not_known_is_bad_usage(self):
        for arguments in (["completion"], ["completion", "fish"], ["completion", "bash", "zsh"]):
            done = subprocess.run([program.PROGRAM, *arguments], capture_output=True, text=True)
            self.assertEqual((done.returncode, done.stdout), (2, ""))
            self.assertTrue(done.stderr.startswith("taskactor: "))

    def test_the_help_says_where_it_goes(self):
        self.assertIn("source <(taskactor completion bash)", taskactor("completion", "--help"))


if __name__ == "__main__":
    program.main()
