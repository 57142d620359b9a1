"""--report: what it says, that each of its lines is whole, and what happens when it can't be written."""
import base64
import datetime
import json
import os
import resource

import program


class Content(program.Case):
    def test_every_field(self):
        begin = datetime.datetime.now(datetime.timezone.utc)
        self.run_program("--report", "report", "sh", "-c", "sleep 0.05; exit $1", "sh", ":::", "0", "3")
        end = datetime.datetime.now(datetime.timezone.utc)
        first, second = self.report()
        self.assertEqual(
            list(first),
            ["number", "item", "command", "state", "exit_code", "signal", "started", "ended", "seconds", "error",
             "attempts", "waited"],
        )
        self.assertEqual((first["number"], first["item"], first["state"]), (1, "0", "completed"))
        self.assertEqual(first["command"], ["sh", "-c", "sleep 0.05; exit $1", "sh", "0"])
        self.assertEqual((first["exit_code"], first["signal"], first["error"]), (0, None, None))
        self.assertEqual(
            (second["exit_code"], second["state"], second["error"]), (3, "failed", "exit code 3")
        )
        started, ended = (datetime.datetime.fromisoformat(first[key]) for key in ("started", "ended"))
        slack = datetime.timedelta(milliseconds=5)
        self.assertTrue(begin - slack <= started < ended <= end + slack)
        self.assertAlmostEqual((ended - started).total_seconds(), first["seconds"], delta=0.003)
        self.assertGreaterEqual(first["seconds"], 0.05)

    def test_signals_and_commands_that_cannot_start(self):
        self.run_program("--report", "report", "{}", ":::", "no-such-command", "true")
        self.run_program("--report", "killed", "sh", "-c", "kill -SEGV $$", ":::", "x")
        missing, good = self.report()
        self.assertEqual((missing["state"], missing["exit_code"], missing["signal"]), ("failed", None, None))
        self.assertIn("not found", missing["error"])
        self.assertEqual(good["state"], "completed")
        [killed] = self.report("killed")
        self.assertEqual((killed["exit_code"], killed["signal"]), (None, 11))
        self.assertIn("killed by signal 11 (SEGV)", killed["error"])

    def test_any_item_is_good_json(self):
        items = [b"\xff\xfe", b"a\nb", b'"\\', "\N{SNOWMAN}\N{PILE OF POO}".encode(), b"\xed\xa0\x80", b"", b"\x01", b"\xc3"]
        done = self.run_program("-0", "--report", "report", "true", items=b"\0".join(items) + b"\0")
        self.assertEqual(done.returncode, 0)
        lines = self.report()
        self.assertEqual(len(lines), len(items))
        for line, item in zip(lines, items):
            try:
                self.assertEqual(line["item"], item.decode())
                self.assertNotIn("item_base64", line)
            except UnicodeDecodeError:
                self.assertIn("\N{REPLACEMENT CHARACTER}", line["item"])
                self.assertEqual(base64.b64decode(line["item_base64"]), item)

    def test_it_is_written_as_commands_end(self):
        os.mkfifo(self.folder / "gate")
        running = self.start_program(
            "-qk", "-j1", "--report", "report", "sh", "-c", "[ $1 = a ] || read x < gate", "sh", ":::", "a",
            "b",
        )
        self.wait_until(lambda: (self.folder / "report").exists() and len(self.report()) == 1)
        (self.folder / "gate").write_text("\n")
        self.assertEqual(running.finish(), (0, "", ""))
        self.assertEqual(len(self.report()), 2)

    def test_an_old_report_is_replaced_and_the_summary_names_the_new_one(self):
        (self.folder / "report").write_text("old\n" * 1000)
        done = self.run_program("--report", "report", "true", ":::", "a", "b")
        self.assertEqual(len(self.report()), 2)
        self.assertIn("report: 2 lines in report", done.stderr.decode())

    def test_a_run_without_items_has_an_empty_one(self):
        self.run_program("--report", "report", "true")
        self.assertEqual((self.folder / "report").read_text(), "")


class Faults(program.Case):
    def test_one_that_cannot_be_opened_gives_5_and_nothing_is_run(self):
        for path in ("missing/report", "."):
            done = self.run_program("--report", path, "touch", ":::", "x")
            self.assertEqual(done.returncode, 5)
            self.assertRegex(done.stderr.decode(), r"\Ataskactor: the report \S+ can't be written: .+\n\Z")
            self.assertFalse((self.folder / "x").exists())

    def test_a_full_disk_is_said_and_ends_the_run(self):
        done = self.run_program(
            "-j2", "--report", "/dev/full", "sh", "-c", "echo >> {}",
            items=b"".join(b"%d\n" % i for i in range(20_000)),
        )
        self.assertEqual(done.returncode, 5)
        text = done.stderr.decode()
        self.assertIn(
            "taskactor: the report /dev/full can't be written: No space left on device; the run is ended\n",
            text,
        )
        self.assertEqual(text.count("can't be written"), 1)
        self.assertIn("stopped before the last item", text)
        self.assertNotIn("report:", text)
        self.assertLess(len(os.listdir(self.folder)), 10_000)

    def test_no_half_line_is_left_when_there_is_no_room_for_a_whole_one(self):
        limits = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
        done = self.run_program("--report", "report", "true", items=b"x\n" * 5000, preexec_fn=limits)
        self.assertEqual(done.returncode, 5)
        self.assertIn("the report report can't be written: File too large", done.stderr.decode())
        lines = (self.folder / "report").read_text().splitlines(keepends=True)
        self.assertGreater(len(lines), 2)
        for line in lines:
            self.assertTrue(line.endswith("}\n"))
            json.loads(line)

    def test_a_reader_of_the_report_that_goes_away_ends_the_run(self):
        os.mkfifo(self.folder / "pipe")
        running = self.start_program("--report", "pipe", "true")
        with open(self.folder / "pipe") as reader:
            running.give(b"x\n")
            self.assertEqual(json.loads(reader.readline())["state"], "completed")
        running.give(b"x\n")
        code, _, err = running.finish()
        self.assertEqual(code, 5)
        self.assertIn("the report pipe can't be written: Broken pipe", err)


if __name__ == "__main__":
    program.main()
