"""Help, version, and --dry-run."""
import os
import re
import subprocess

import program


def taskactor(*arguments: str, **how) -> subprocess.CompletedProcess:
    return subprocess.run(
        [program.PROGRAM, *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=program.LIMIT, **how
    )


class Help(program.Case):
    def test_the_verbs_are_named(self):
        for arguments in (["--help"], ["-h"]):
            done = taskactor(*arguments)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertRegex(done.stdout, r"\n  run +\S")

    def test_without_a_verb_it_is_bad_usage(self):
        done = taskactor()
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertRegex(done.stderr, r"\n  run +\S")
        for wrong in (["walk"], ["--bogus"], ["--jobs", "run"]):
            done = taskactor(*wrong)
            self.assertEqual((done.returncode, done.stdout), (2, ""))
            self.assertTrue(done.stderr.startswith("taskactor: "))

    def test_version(self):
        for arguments in (["--version"], ["run", "--version"]):
            done = taskactor(*arguments)
            self.assertEqual(done.returncode, 0)
            self.assertRegex(done.stdout, r"\Ataskactor \d+\.\d+\.\d+\n\Z")

    def test_help_of_run_fits_80_columns_and_tells_every_exit_code(self):
        done = taskactor("run", "--help")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertLessEqual(max(map(len, done.stdout.splitlines())), 80)
        codes = re.findall(r"^  (\d+) ", done.stdout, re.MULTILINE)
        self.assertEqual(codes, ["0", "1", "2", "3", "4", "5", "126", "127", "130", "141"])

    def test_help_that_cannot_be_written_is_an_error(self):
        for verb in (["run"], ["node"], ["node", "cert"], ["nodes"], ["status"], ["services"], ["cancel"], ["completion"], []):
            with self.subTest(verb), open("/dev/full", "w") as full:
                done = subprocess.run([program.PROGRAM, *verb, "--help"], stdout=full, stderr=subprocess.PIPE)
                self.assertEqual(done.returncode, 5)

    def test_the_examples_of_the_help_are_understood(self):
        text = taskactor("run", "--help").stdout.partition("Examples:\n")[2]
        commands = re.findall(r"(taskactor run .*)", text)
        self.assertGreaterEqual(len(commands), 5)
        (self.folder / "urls").write_text("http://a.example\n")
        for name in ("a.txt", "a.tif"):
            (self.folder / name).write_text("")
        for command in commands:
            with self.subTest(command):
                dry = command.replace("taskactor run", f"{program.PROGRAM} run --dry-run")
                done = subprocess.run(
                    ["sh", "-c", dry], input="x.png", capture_output=True, text=True, cwd=self.folder
                )
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                self.assertEqual(done.stdout.count("\n"), 1)


class DryRun(program.Case):
    def test_commands_are_printed_for_a_shell_and_not_run(self):
        done = self.run_program(
            "--dry-run", "--report", "report", "--output", "d", "touch", "{}.x", "it's",
            items=b"a b\n$c\n\n-\n",
        )
        self.assertEqual(done.returncode, 0)
        self.assertEqual(
            done.stdout,
            b"touch 'a b.x' 'it'\\''s'\ntouch '$c.x' 'it'\\''s'\ntouch .x 'it'\\''s'\ntouch -.x 'it'\\''s'\n",
        )
        self.assertEqual(os.listdir(self.folder), [])

    def test_a_shell_that_reads_them_does_what_the_run_would_have_done(self):
        items = b"a\tb\0'\0\"\0$x\0new\nline\0\xff\0 \0"
        for options in ([], ["--shell"]):
            with self.subTest(options):
                command = ["printf", "<%s>", "{}"] if not options else ["printf '<%s>' {} | cat"]
                done = self.run_program("-0kq", *options, *command, items=items)
                printed = self.run_program("-0", "--dry-run", *options, *command, items=items).stdout
                self.assertEqual(
                    subprocess.run(["sh"], input=printed, capture_output=True).stdout, done.stdout
                )

    def test_it_prints_as_items_come(self):
        running = self.start_program("--dry-run", "echo")
        running.give(b"a\n")
        self.assertEqual(running.out_line(), "echo a")
        running.end_items()
        self.assertEqual(running.finish(), (0, "", ""))


if __name__ == "__main__":
    program.main()
