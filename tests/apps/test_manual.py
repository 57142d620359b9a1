"""The manual page: it has what the help has, and is set without a complaint."""
import re
import shutil
import subprocess
import unittest

import program


def taskactor(*arguments: str) -> str:
    return subprocess.run([program.PROGRAM, *arguments], capture_output=True, text=True, check=True).stdout


def plain(page: str) -> str:
    """The page's text: without macros and fonts."""
    text = re.sub(r"\\f[BIR]|\\&", "", page).replace("\\-", "-").replace("\\(aq", "'")
    return text.replace("\\(ga", "`").replace("\\(ha", "^").replace("\\e", "\\")


class Manual(program.Case):
    def setUp(self):
        super().setUp()
        self.page = taskactor("man")

    def tags(self, section: str) -> list[str]:
        """What stands left of its explanation, in a section."""
        text = plain(self.page).partition(f"\n.SH {section}\n")[2].partition("\n.SH ")[0]
        return re.findall(r"\.TP\n(.*)\n", text)

    def test_its_options_are_those_of_the_help(self):
        lines = re.findall(r"^  (-.*?)(?:  |$)", taskactor("run", "--help"), re.MULTILINE)
        self.assertGreater(len(lines), 20)
        in_help = [line.strip().replace(",", ", ") for line in lines]
        self.assertEqual(self.tags("OPTIONS OF TASKACTOR RUN"), in_help)

    def test_its_exit_codes_and_verbs_are_those_of_the_help(self):
        self.assertEqual(
            self.tags("EXIT STATUS"), re.findall(r"^  (\d+) ", taskactor("run", "--help"), re.MULTILINE)
        )
        verbs = [tag.split()[0] for tag in self.tags("VERBS")]
        self.assertEqual(list(dict.fromkeys(verbs)), re.findall(r"^  ([a-z]+) ", taskactor("--help"), re.MULTILINE))

    def test_options_and_exit_codes_of_named_tasks_are_those_of_their_help(self):
        text = plain(self.page).partition("\n.SH NAMED TASKS\n")[2].partition("\n.SH ")[0]
        for verb in ("list", "call"):
            help_text = taskactor(verb, "--help")
            part = text.partition(f"\n.SS Options of taskactor {verb}\n")[2].partition("\n.SS ")[0]
            self.assertEqual(re.findall(r"\.TP\n(.*)\n", part), re.findall(r"^  (--.*?)  ", help_text, re.MULTILINE))
            codes = text.partition("\n.SS Exit status of both\n")[2]
            self.assertEqual(re.findall(r"\.TP\n(.*)\n", codes), re.findall(r"^  (\d+) ", help_text, re.MULTILINE))

    def test_options_of_jobs_are_those_of_their_help(self):
        text = plain(self.page).partition("\n.SH JOBS\n")[2].partition("\n.SH ")[0]
        for verb in ("push", "work", "jobs", "job", "log", "wait", "retry", "delete", "pause", "resume", "limit", "store"):
            part = text.partition(f"\n.SS Options of taskactor {verb}\n")[2].partition("\n.SS ")[0]
            tags = [word for tag in re.findall(r"\.TP\n(.*)\n", part) for word in tag.split() if word.startswith("--")]
            in_help = re.findall(r"^  (?:-\w,)?(--[\w-]+)", taskactor(verb, "--help"), re.MULTILINE)
            self.assertEqual(tags, in_help, verb)

    def test_options_of_schedules_are_those_of_their_help(self):
        text = plain(self.page).partition("\n.SH SCHEDULES\n")[2].partition("\n.SH ")[0]
        part = text.partition("\n.SS Options of taskactor preview\n")[2]
        in_help = re.findall(r"^  (-.*?)  ", taskactor("preview", "--help"), re.MULTILINE)
        self.assertEqual(re.findall(r"\.TP\n(.*)\n", part), [line.strip().replace(",", ", ") for line in in_help])

    def test_options_of_node_cert_are_those_of_its_help(self):
        text = plain(self.page).partition("\n.SS Options of taskactor node cert\n")[2].partition("\n.S")[0]
        in_help = re.findall(r"^  (-.*?)(?: REQUIRED)?  ", taskactor("node", "cert", "--help"), re.MULTILINE)
        self.assertEqual(re.findall(r"\.TP\n(.*)\n", text), [line.strip().replace(",", ", ") for line in in_help])

    def test_it_says_what_the_help_says(self):
        said = " ".join(re.sub(r"^\.\w\w.*\n", "", plain(self.page), flags=re.MULTILINE).split()).lower()
        text = taskactor("run", "--help")
        for paragraph in re.findall(r"^[A-Z][\w-]+: (.+(?:\n\S.*)*)", text, re.MULTILINE)[1:]:
            self.assertIn(" ".join(paragraph.split()).lower(), said)
        for example in text.partition("Examples:\n")[2].splitlines():
            self.assertIn(" ".join(example.split()).lower(), said)

    def test_it_names_the_version(self):
        self.assertIn(f'"{taskactor("--version").strip()}"', self.page.splitlines()[0])

    @unittest.skipUnless(shutil.which("mandoc"), "there is no mandoc")
    def test_mandoc_has_nothing_to_complain_of(self):
        done = subprocess.run(["mandoc", "-T", "lint"], input=self.page, capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))

    @unittest.skipUnless(shutil.which("groff"), "there is no groff")
    def test_groff_sets_it_without_a_warning(self):
        done = subprocess.run(["groff", "-man", "-ww", "-Tutf8"], input=self.page, capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("--report", re.sub(r"\x1b\[\d*m|.\x08", "", done.stdout))


if __name__ == "__main__":
    program.main()
