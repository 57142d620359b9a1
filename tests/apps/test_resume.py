"""--resume: what was completed is not done again, whatever has become of the run before and of its report."""
import fcntl
import json
import os
import pathlib
import subprocess

import program

BOTH = ["--report", "report", "--resume", "report"]


def names(text: bytes) -> list[str]:
    return text.decode().split()


def is_locked(path: pathlib.Path) -> bool:
    with open(path) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def line(item: str | int, state: str = "completed") -> str:
    return json.dumps({"item": str(item), "state": state}) + "\n"


class Again(program.Case):
    def test_what_was_completed_is_skipped_and_what_failed_is_run_again(self):
        (self.folder / "bad").write_text("")
        script = ["-k", *BOTH, "sh", "-c", "echo $1; [ ! -e $1 ]", "sh", ":::", "a", "bad", "c"]
        first = self.run_program(*script)
        self.assertEqual((first.returncode, names(first.stdout)), (1, ["a", "bad", "c"]))
        self.assertIn("report: 3 lines in report\n", first.stderr.decode())
        second = self.run_program(*script, "d")
        self.assertEqual((second.returncode, names(second.stdout)), (1, ["bad", "d"]))
        self.assertRegex(second.stderr.decode(), r"completed before +2\n")
        self.assertIn("report: 2 lines added to report\n", second.stderr.decode())
        (self.folder / "bad").unlink()
        third = self.run_program(*script, "d")
        self.assertEqual((third.returncode, names(third.stdout)), (0, ["bad"]))
        last = self.run_program(*script, "d")
        self.assertEqual((last.returncode, names(last.stdout)), (0, []))
        self.assertEqual(len(self.report()), 6)  # nothing was lost on the way

    def test_timed_out_cancelled_and_cut_ones_are_run_again(self):
        for options, script, code in (
            (["--timeout", "100ms"], "sleep 100", 3),
            (["--fail-fast"], "kill -9 $$", 1),
            (["--capture-limit", "1"], "echo cut", 1),
        ):
            with self.subTest(options):
                (self.folder / "report").unlink(missing_ok=True)
                self.assertEqual(self.run_program(*BOTH, *options, "sh", "-c", script, ":::", "x").returncode, code)
                done = self.run_program(*BOTH, "echo", ":::", "x")
                self.assertEqual((done.returncode, done.stdout), (0, b"x\n"))

    def test_duplicates_count_one_by_one(self):
        script = ["-k", "-j1", *BOTH, "sh", "-c", "echo $1; echo >> done; [ $(wc -l < done) != 2 ]", "sh"]
        self.assertEqual(self.run_program(*script, items=b"x\nx\ny\nx\n").returncode, 1)  # the second x fails
        again = self.run_program(*script, items=b"x\nx\nx\nx\ny\nx\n")
        self.assertEqual((again.returncode, names(again.stdout)), (0, ["x", "x", "x"]))  # five, and two were done
        self.assertEqual(self.run_program(*script, items=b"x\nx\nx\nx\ny\nx\n").stdout, b"")

    def test_items_keep_their_numbers(self):
        options = ["-k", *BOTH, "--joblog", "jobs", "--output", "outputs"]
        script = [*options, "sh", "-c", "echo {#} $1; [ $1 != fails ]", "sh", "{}", ":::", "a", "fails", "c", "d"]
        self.run_program(*script[:-1])
        self.run_program(*script)
        self.assertEqual(
            sorted(os.listdir(self.folder / "outputs")),
            [f"{i}.{kind}" for i in range(1, 5) for kind in ("err", "out")],
        )
        self.assertEqual((self.folder / "outputs/3.out").read_text(), "3 c\n")
        self.assertEqual((self.folder / "outputs/4.out").read_text(), "4 d\n")
        self.assertEqual([each["number"] for each in self.report()], [1, 2, 2, 3, 4])
        lines = [row.split("\t")[0] for row in (self.folder / "jobs").read_text().splitlines()]
        self.assertEqual(lines[0], "Seq")
        self.assertEqual(sorted(lines[1:]), ["1", "2", "2", "3", "4"])

    def test_order_is_kept_without_a_gap_that_holds_up_the_rest(self):
        (self.folder / "report").write_text("".join(line(i) for i in (1, 3, 4)))
        os.mkfifo(self.folder / "gate")
        script = "[ $1 != 6 ] || read x < gate; echo $1"
        running = self.start_program("-qkj1", "--resume", "report", "sh", "-c", script, "sh", ":::", *"123456")
        self.assertEqual([running.out_line(), running.out_line()], ["2", "5"])
        (self.folder / "gate").write_text("\n")
        self.assertEqual(running.finish(), (0, "6\n", ""))

    def test_items_of_any_bytes(self):
        snowman = "\N{SNOWMAN}".encode()
        items = b"".join(
            item + b"\0"
            for item in (b"\xff", b"\xfe", b"\xed\xa0\x80", snowman, b"a\nb", b"", b"\x80ab", b"\x80abc")
        )
        self.run_program("-0", "--report", "report", "true", items=items)
        done = self.run_program("-0q", "--resume", "report", "printf", "%s\n", items=items + b"\xfd\0")
        self.assertEqual(done.stdout, b"\xfd\n")

    def test_the_line_of_the_readme_can_be_given_until_all_is_done(self):
        os.symlink(program.PROGRAM, self.folder / "taskactor")
        (self.folder / "curl").write_text('#!/bin/sh\n[ "$1" = -sSO ] && echo "$2" >> asked && [ ! -e "$2" ]\n')
        (self.folder / "curl").chmod(0o755)
        (self.folder / "urls").write_text("up\ndown\n")
        (self.folder / "down").write_text("")
        script = pathlib.Path(__file__).with_name("resume.sh")
        codes = []
        for _ in range(3):
            path = dict(os.environ, PATH=f"{self.folder}:{os.environ['PATH']}")
            codes.append(subprocess.run(["sh", script], cwd=self.folder, env=path, capture_output=True).returncode)
            (self.folder / "down").unlink(missing_ok=True)
        self.assertEqual(codes, [1, 0, 0])
        self.assertEqual(sorted((self.folder / "asked").read_text().split()), ["down", "down", "up"])

    def test_a_dry_run_shows_what_is_left_and_touches_nothing(self):
        self.run_program("--report", "report", "true", ":::", "b")
        before = (self.folder / "report").read_bytes() + b'{"torn'
        (self.folder / "report").write_bytes(before)
        done = self.run_program("--dry-run", *BOTH, "echo", "{#}", "{}", ":::", "a", "b", "c")
        self.assertEqual(done.stdout, b"echo 1 a\necho 3 c\n")
        self.assertEqual((self.folder / "report").read_bytes(), before)

    def test_progress_counts_what_is_to_be_done(self):
        (self.folder / "report").write_text("".join(line(i) for i in range(900)))
        done = self.run_program(
            "--progress", "-j1", "--resume", "report", "sh", "-c", "[ $1 != 999 ] || sleep 6", "sh",
            items=b"".join(b"%d\n" % i for i in range(1000)),
        )
        self.assertIn("99 of 100 done", done.stderr.decode())


class Files(program.Case):
    def test_another_report_is_read_only_and_the_new_one_has_this_run(self):
        (self.folder / "old").write_text(line("a"))
        done = self.run_program("--resume", "old", "--report", "new", "true", ":::", "a", "b")
        self.assertEqual([each["item"] for each in self.report("new")], ["b"])
        self.assertIn("report: 1 line in new\n", done.stderr.decode())
        self.assertEqual((self.folder / "old").read_text(), line("a"))

    def test_one_file_by_two_names_is_one_file(self):
        (self.folder / "report").write_text(line("a"))
        os.symlink("report", self.folder / "link")
        for first, second in (("report", "./report"), ("link", "report"), (str(self.folder / "report"), "link")):
            self.run_program("--report", first, "--resume", second, "false", ":::", "a", "b")
        self.assertEqual((self.folder / "report").read_text().count("\n"), 4)
        done = self.run_program("--report", "fresh", "--resume", "./fresh", "true", ":::", "a")
        self.assertEqual((done.returncode, done.stdout), (0, b""))

    def test_one_from_a_pipe(self):
        done = subprocess.run(
            ["bash", "-c", '"$0" run -q --resume <(cat one two) echo ::: a b c', program.PROGRAM],
            cwd=self.write({"one": line("a"), "two": line("c")}), capture_output=True,
        )
        self.assertEqual((done.returncode, done.stdout), (0, b"b\n"))

    def write(self, files: dict[str, str]):
        for name, text in files.items():
            (self.folder / name).write_text(text)
        return self.folder

    def test_what_is_no_report_is_bad_usage_and_nothing_is_run_or_written(self):
        good = line("a") * 3
        for text, reason in (
            (good + "nonsense\n" + good, "report:4: not a line of a report: it isn't JSON"),
            (good + "\n" + good, "report:4: not a line of a report: it isn't JSON"),
            (good + '{"item": "b", "st\n' + good, "report:4: not a line of a report: it isn't JSON"),
            (good + "[1]\n", 'report:4: not a line of a report: it has no "item"'),
            ('{"item": 3, "state": "completed"}\n', 'report:1: not a line of a report: it has no "item"'),
            ('{"item": "x"}\n', 'report:1: not a line of a report: it has no "state"'),
            (
                '{"item": "x", "item_base64": "A", "state": "completed"}\n',
                'report:1: not a line of a report: its "item_base64" isn\'t base64',
            ),
            ("a note", "report:1: not a line of a report: it isn't JSON"),  # its end is no torn line of ours
            (good + "a note", "report:4: not a line of a report: it isn't JSON"),
            ("Seq\tHost\tStarttime\n1\t:\n", "report:1: not a line of a report: it isn't JSON"),
        ):
            with self.subTest(text):
                self.write({"report": text})
                done = self.run_program(*BOTH, "touch", ":::", "x")
                self.assertEqual((done.returncode, done.stdout), (2, b""))
                self.assertEqual(done.stderr.decode(), f"taskactor: {reason}\n")
                self.assertEqual(os.listdir(self.folder), ["report"])
                self.assertEqual((self.folder / "report").read_text(), text)

    def test_one_that_cannot_be_read_is_bad_usage(self):
        for options in (["--resume", "missing"], ["--resume", "."], ["--resume", "missing", "--report", "other"]):
            done = self.run_program(*options, "touch", ":::", "x")
            self.assertEqual(done.returncode, 2)
            self.assertRegex(done.stderr.decode(), r"\Ataskactor: the report \S+ can't be read: .+\n\Z")
            self.assertEqual(os.listdir(self.folder), [])


class Killed(program.Case):
    def test_a_last_line_that_was_cut_anywhere_is_told_and_cut_off(self):
        self.run_program("-j1", "--report", "whole", "true", ":::", "a", "b\N{SNOWMAN}")
        whole = (self.folder / "whole").read_bytes()
        first = whole.index(b"\n") + 1
        for cut in [*range(first + 1, len(whole) - 1, 9), len(whole) - 2]:
            (self.folder / "report").write_bytes(whole[:cut])
            done = self.run_program("-q", *BOTH, "echo", ":::", "a", "b\N{SNOWMAN}", "c")
            self.assertEqual((done.returncode, sorted(names(done.stdout))), (0, ["b\N{SNOWMAN}", "c"]))
            self.assertEqual(
                done.stderr.decode(),
                "taskactor: report:2: the last line is torn and doesn't count (a run was killed while it wrote it?)\n",
            )
            self.assertEqual(sorted(each["item"] for each in self.report()), ["a", "b\N{SNOWMAN}", "c"])

    def test_a_last_line_that_misses_its_newline_only_counts(self):
        self.run_program("--report", "report", "true", ":::", "a")
        (self.folder / "report").write_bytes((self.folder / "report").read_bytes().rstrip())
        done = self.run_program("-q", *BOTH, "echo", ":::", "a", "b")
        self.assertEqual((done.stdout, done.stderr), (b"b\n", b""))
        self.assertEqual(len(self.report()), 2)

    def test_a_torn_line_longer_than_what_is_read_at_once(self):
        self.run_program("--report", "report", "true", ":::", "a")
        whole = (self.folder / "report").read_bytes()
        (self.folder / "report").write_bytes(whole + b'{"item": "' + b"x" * 1_000_000)
        done = self.run_program("-q", *BOTH, "echo", ":::", "a")
        self.assertEqual((done.returncode, done.stdout), (0, b""))
        self.assertEqual((self.folder / "report").read_bytes(), whole)

    def test_run_after_run_is_killed_and_all_is_done_in_the_end(self):
        items = b"".join(b"%d\n" % i for i in range(300))
        # None runs far ahead of what has been written, however late that is.
        script = "while [ $(wc -l < report) -lt $(($1 - 40)) ]; do sleep 0.01; done; echo $1 >> ran"
        command = ["-q", "-j3", *BOTH, "sh", "-c", script, "sh"]
        for goal in (20, 80, 150):
            running = self.start_program(*command)
            running.give(items)
            path = self.folder / "report"
            self.wait_until(lambda: path.exists() and path.read_bytes().count(b"\n") >= goal)
            running.process.kill()
            running.process.wait()
            self.wait_until(lambda: not is_locked(path))  # a command that was just being started had it open, too
        self.assertEqual(self.run_program(*command, items=items).returncode, 0)
        lines = self.report()
        self.assertEqual(sorted(int(each["item"]) for each in lines), list(range(300)))
        ran = [int(number) for number in (self.folder / "ran").read_text().split()]
        self.assertEqual(set(ran), set(range(300)))
        self.assertLess(len(ran), 300 + 3 * 50)  # twice only what had run and was not written yet


class Memory(program.Case):
    @program.measures_memory
    def test_it_is_no_more_than_the_items_take(self):
        count = 200_000
        with open(self.folder / "report", "w") as report:
            for i in range(count):
                report.write(line(f"/some/folder/file-{i}", "completed" if i % 2 else "failed"))
        peaks = []
        for options in ([], ["--resume", "report"]):
            command = [program.PROGRAM, "run", *options, "true", ":::", "/some/folder/file-1"]
            process = subprocess.Popen(command, cwd=self.folder, stderr=subprocess.DEVNULL)
            _, process.returncode, usage = os.wait4(process.pid, 0)
            self.assertEqual(process.returncode, 0)
            peaks.append(usage.ru_maxrss * 1024)
        self.assertLess(peaks[1] - peaks[0], count // 2 * 150)


if __name__ == "__main__":
    program.main()
