"""`taskactor preview`: a line a fire, notes behind, and what is said where there is none."""
import os
import pathlib
import re
import shutil
import subprocess
import time
import unittest

import program

CASES = pathlib.Path(__file__).parent.parent / "schedule" / "cron_cases.tsv"


class Preview(program.Case):
    def ask(self, *arguments: str, **how) -> tuple[int, str, str]:
        done = subprocess.run([program.PROGRAM, "preview", *arguments], stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=program.LIMIT, cwd=self.folder, **how)
        return done.returncode, done.stdout, done.stderr

    def lines(self, *arguments: str) -> list[str]:
        code, out, err = self.ask(*arguments)
        self.assertEqual((code, err), (0, ""), arguments)
        return out.splitlines()

    def refused(self, code: int, *arguments: str) -> str:
        got, out, err = self.ask(*arguments)
        self.assertEqual((got, out), (code, ""), (arguments, err))
        self.assertTrue(err.startswith("taskactor: "), err)
        return err.removeprefix("taskactor: ").rstrip("\n")

    def test_each_row_of_the_table_of_cases_holds(self):
        head, *rows = CASES.read_text(encoding="utf-8").splitlines()
        self.assertTrue(head.startswith("expression\tzone\tstart_utc\tnext_five_utc"))
        self.assertEqual(len(rows), 65)
        for row in rows:
            expression, zone, start, fires, _ = row.split("\t")
            call = (expression, "--zone", zone, "--after", start, "-n", "5", "--utc")
            with self.subTest(row):
                if fires in ("ERROR", "NEVER"):  # an impossible date is refused, too
                    self.refused(2, *call)
                    continue
                self.assertEqual([line.split()[0] for line in self.lines(*call)], fires.split(","))
                named = f"cron {expression} @ {zone}"
                self.assertEqual(self.lines(named, *call[3:]), self.lines(*call))

    def test_times_are_those_of_the_zones_clocks_and_notes_stand_behind(self):
        self.assertEqual(
            self.lines("0 9 * * mon-fri", "--zone", "Europe/Berlin", "--after", "2026-03-26T13:00:00+01:00", "-n", "3"),
            ["2026-03-27T09:00:00+01:00",
             "2026-03-30T09:00:00+02:00  clocks were set forward at 2026-03-29T01:00:00Z",
             "2026-03-31T09:00:00+02:00"])
        spring, autumn = "2026-03-28T12:00:00Z", "2026-10-24T12:00:00Z"
        self.assertEqual(
            self.lines("cron 30 2 * * * @ Europe/Berlin", "--after", spring, "-n", "1", "--utc"),
            ["2026-03-29T01:00:00Z  instead of 02:30:00, which clocks pass over; "
             "clocks were set forward at 2026-03-29T01:00:00Z"])
        self.assertEqual(
            self.lines("cron 30 2 * * * @ Europe/Berlin fold both", "--after", autumn, "-n", "2"),
            ["2026-10-25T02:30:00+02:00  the first 02:30:00 of two",
             "2026-10-25T02:30:00+01:00  the second 02:30:00 of two; clocks were set back at 2026-10-25T01:00:00Z"])

    def test_why_there_are_no_more_stands_behind_the_last(self):
        self.assertEqual(self.lines("cron 0 9 * * * @ Europe/Berlin", "--after", "2037-12-30T12:00:00Z"),
                         ["2037-12-31T09:00:00+01:00  the zone's data ends before the next fire"])
        once = ("at 2026-01-01T00:00:00Z", "--after", "2025-01-01T00:00:00Z")
        self.assertEqual(self.lines(*once), ["2026-01-01T00:00:00Z  there are no more fires"])
        self.assertEqual(self.lines(*once, "-n", "1"), ["2026-01-01T00:00:00Z"])

    def test_without_a_fire_there_is_no_line(self):
        for (expression, after), why in {
            ("at 2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z"): "there are no more fires",
            ("@daily @ Europe/Berlin", "2038-06-01T00:00:00Z"): "the zone's data ends before the next fire",
            ("every 1h end 2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z"): "there are no more fires",
            ("all_of(0 0 1 * *; 0 1 1 * *)", "2026-01-01T00:00:00Z"): "no fire was found within the limits of a search",
        }.items():
            self.assertEqual(self.refused(1, expression, "--after", after),
                             f"it is never due again after {after}: {why}")

    def test_every_kind_of_trigger_is_understood(self):
        after = ("--after", "2026-01-01T00:00:00Z", "-n", "1", "--utc")
        for expression, first in {
            "every 1h30m": "2026-01-01T01:30:00Z",
            "every 90m from 2026-01-01T00:10:00Z": "2026-01-01T00:10:00Z",
            "calendar 2 months on last at 09:00 from 2026-01-31": "2026-01-31T09:00:00Z",
            "any_of(@daily; at 2026-01-01T06:00)": "2026-01-01T06:00:00Z",
            "all_of(0 0 13 * *; 0 0 * * fri)": "2026-02-13T00:00:00Z",
            " @hourly ": "2026-01-01T01:00:00Z",
            "*/10 * * * * *": "2026-01-01T00:00:10Z",
        }.items():
            self.assertEqual(self.lines(expression, *after), [first])
        self.assertEqual(self.lines("every", "90m", *after), ["2026-01-01T01:30:00Z"])

    def test_the_name_decides_when_a_jittered_fire_is_due(self):
        call = ("every 1h jitter 10m", "--after", "2026-01-01T00:00:00Z", "-n", "3")
        ours = self.lines(*call, "--name", "a")
        for line in ours:
            self.assertRegex(line, r"\A(2026-01-01T0\d):00:00Z  due \1:0\d:\d\d\.\d+Z\Z")
        self.assertEqual(ours, self.lines(*call, "--name", "a"))
        self.assertNotEqual(ours, self.lines(*call, "--name", "b"))

    def test_it_begins_now(self):
        before = time.time()
        line = self.lines("* * * * * *", "-n", "1")[0]
        self.assertGreater(line, time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(before)))

    def test_what_is_wrong_is_said_with_its_place_and_what_would_be_right(self):
        at = "2026-01-01T00:00:00Z"
        for call, said in {
            ("0 9 * * fri-mon",): '"fri-mon" (column 9): a range doesn\'t go over its end; write 5-6,0-1',
            ("",): "column 1: there is no trigger; write for instance cron 0 9 * * mon-fri",
            ("@daily @ Berlin",):
                '"Berlin" (column 10): there is no zone of this name; did you mean Europe/Berlin?',
            ("@daily", "--zone", "Berlin"): 'zone: "Berlin": there is no zone of this name; did you mean Europe/Berlin?',
            ("every 90m @",): '"@" (column 11): its value is missing',
        }.items():
            self.assertEqual(self.refused(2, *call, "--after", at), said)
        self.assertIn("quotes", self.refused(2, "*", "a.txt", "b.txt", "*", "*"))

    def test_bad_usage(self):
        for count in ("0", "-1", "x", "1.5", "1e3", "", "1000000001", "9" * 40):
            self.assertIn(f'-n: "{count}" is not a number of fires; write 1 to 1000000000',
                          self.refused(2, "@daily", "-n", count))
        for when in ("yesterday", "2026-01-01", "2026-01-01T00:00:00", "2026-02-30T00:00:00Z", "10000-01-01T00:00:00Z",
                     "1767225600", ""):
            self.assertIn("write it as 2026-03-29T01:00:00Z", self.refused(2, "@daily", "--after", when))
        self.refused(2)
        self.refused(2, "@daily", "--bogus")

    def test_many_are_printed_page_by_page(self):
        for count in (999, 1000, 1001, 100_001):
            lines = self.lines("* * * * * *", "--after", "2026-01-01T00:00:00Z", "-n", str(count))
            self.assertEqual(len(lines), count)
            self.assertEqual(len(set(lines)), count)
        limited = "every 1s start 2026-01-01T00:00:00Z count "  # an end at the edge of a page
        for count in (1000, 1001):
            lines = self.lines(limited + str(count), "--after", "2025-01-01T00:00:00Z", "-n", "5000")
            self.assertEqual(len(lines), count)
            self.assertTrue(lines[-1].endswith("Z  there are no more fires"), lines[-1])

    def test_a_reader_that_goes_ends_it(self):
        running = program.Running([program.PROGRAM, "preview", "* * * * * *", "-n", "1000000000"], self.folder, self,
                                  stdin=subprocess.DEVNULL)
        running.out_line()
        running.process.stdout.close()
        self.assertIn(running.process.wait(program.LIMIT), (-13, 5))

    def test_output_that_cannot_be_written_is_an_error(self):
        for verb in (["@daily"], ["--help"]):
            with self.subTest(verb), open("/dev/full", "w") as full:
                done = subprocess.run([program.PROGRAM, "preview", *verb], stdout=full, stderr=subprocess.PIPE)
                self.assertEqual(done.returncode, 5)
        done = subprocess.run(["sh", "-c", '"$1" preview @daily >&-', "sh", program.PROGRAM], capture_output=True)
        self.assertEqual(done.returncode, 5)
        self.assertIn(b"standard output can't be written", done.stderr)

    def test_zones_are_those_of_the_system(self):
        self.assertEqual(self.ask("@daily", "--zone", "Asia/Tokyo", "-n", "1", env={"TZDIR": "/nonexistent"})[0], 0)
        script = ('mount -t tmpfs none /usr/share/zoneinfo || exit 77; "$1" preview @daily --after 2026-01-01T00:00:00Z -n 1'
                  ' && "$1" preview @daily --zone Europe/Berlin')
        if not shutil.which("unshare"):
            raise unittest.SkipTest("there is no unshare")
        done = subprocess.run(["unshare", "-rm", "sh", "-c", script, "sh", program.PROGRAM], capture_output=True, text=True)
        if done.returncode not in (0, 2) or "unshare" in done.stderr:
            raise unittest.SkipTest(f"no folder can be hidden here: {done.stderr}")
        self.assertEqual((done.returncode, done.stdout), (2, "2026-01-02T00:00:00Z\n"))
        self.assertEqual(
            done.stderr,
            'taskactor: zone: "Europe/Berlin": this machine has no data of zones but UTC; install tzdata\n')

    def test_the_lines_of_the_page_do_what_it_says(self):
        script = pathlib.Path(__file__).parent / "preview.sh"
        path = f"{pathlib.Path(program.PROGRAM).parent}:{os.environ['PATH']}"
        done = subprocess.run(["sh", "-e", script], env={**os.environ, "PATH": path}, capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        lines = done.stdout.splitlines()
        self.assertEqual(lines[:3], ["2026-03-27T09:00:00+01:00",
                                     "2026-03-30T09:00:00+02:00  clocks were set forward at 2026-03-29T01:00:00Z",
                                     "2026-03-31T09:00:00+02:00"])
        self.assertEqual(len(lines), 8)

    def test_help_fits_and_its_examples_are_understood(self):
        code, text, err = self.ask("--help")
        self.assertEqual((code, err), (0, ""))
        self.assertLessEqual(max(map(len, text.splitlines())), 100)
        self.assertEqual(re.findall(r"^  (\d) ", text, re.MULTILINE), ["0", "1", "2", "5"])
        examples = re.findall(r"^  taskactor (.*)", text, re.MULTILINE)
        self.assertEqual(len(examples), 5)
        for example in examples:
            done = subprocess.run(["sh", "-c", f'"$1" {example}', "sh", program.PROGRAM], capture_output=True, text=True)
            self.assertEqual((done.returncode, done.stderr), (0, ""), example)


if __name__ == "__main__":
    program.main()
