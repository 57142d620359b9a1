"""`taskactor run --store`: a run that goes on after a crash, by the same command line."""
import json
import os
import random
import signal
import sqlite3
import sys
import unittest

import program
import queue_program

# Notes that its item was run, before and after the work.
WORK = 'echo "begin $1" >>trace; sleep ${2:-0}; echo "end $1" >>trace; echo "out $1"'


class Durable(queue_program.Case):
    def run_batch(self, *arguments: str | bytes, items: str | None = None, **how) -> tuple[int, str, str]:
        if items is not None:
            (self.folder / "given").write_text(items)
            how["stdin"] = (self.folder / "given").open("rb")
            self.addCleanup(how["stdin"].close)
        return self.ask("run", "--store", *arguments, **how)

    def start_batch(self, *arguments: str, **how) -> program.Running:
        return self.start("run", "--store", *arguments, **how)

    def trace(self, word: str) -> list[str]:
        file = self.folder / "trace"
        lines = file.read_text().splitlines() if file.exists() else []
        return [line.partition(" ")[2] for line in lines if line.startswith(word + " ")]

    def items_of(self, queue: str) -> list[dict]:
        return [job for job in self.lines("jobs", "--all", "--queue", queue) if job["task"] == "taskactor run"]

    def in_order(self, queue: str) -> list[dict]:
        return sorted(self.items_of(queue), key=lambda job: job["id"])

    def wait_for(self, batch: str, **counts: int) -> None:
        """Until so many of its items are in each of these states."""

        def is_so() -> bool:
            code, out, _ = self.ask("jobs", "--all", "--json", "--queue", f"run/{batch}")  # 4: no store yet
            jobs = [json.loads(line) for line in out.splitlines()]
            states = [job["state"] for job in jobs if job["task"] == "taskactor run"]
            return code == 0 and all(states.count(state) == count for state, count in counts.items())

        self.wait_until(is_so)

    def is_well(self) -> None:
        self.assertEqual(self.done("store", "check"), "all is well\n")


class GoingOn(Durable):
    def test_after_random_kills_each_item_has_succeeded_and_no_ended_one_was_run_again(self):
        count, jobs, kills = 300, 4, 6
        chance = random.Random(os.environ.get("TASKACTOR_SEED", 17))
        items = [str(i) for i in range(count)]
        command = ["-j", str(jobs), "--batch", "b", "--", "sh", "-c", WORK, "x", "{}", "0.02", ":::", *items]
        stops = sorted(chance.sample(range(10, count - 10), kills))
        # Of each item, in the order of their jobs' numbers: how often it may begin, by what the store says at
        # each kill (its command ran, or had ended and wasn't written down yet), and where in the trace it isn't
        # to begin any more.
        most, closed = [1] * count, [sys.maxsize] * count
        for stop in stops:
            running = self.start_batch(*command)
            self.wait_until(lambda: len(set(self.trace("end"))) >= stop)
            running.process.kill()
            running.process.communicate()
            so_far = len(self.trace("begin"))
            for i, job in enumerate(self.in_order("run/b")):
                most[i] += job["state"] == "running"
                if job["state"] == "succeeded":
                    closed[i] = min(closed[i], so_far)
        code, out, err = self.run_batch(*command)
        self.assertEqual(code, 0, err)
        began, ended = self.trace("begin"), self.trace("end")
        self.assertEqual(set(ended), set(items))
        for i in range(count):
            self.assertLessEqual(began.count(str(i)), most[i], f"{i} was run again more often than it was in flight")
            self.assertNotIn(str(i), began[closed[i]:], "it had succeeded")
        self.assertIn("completed before", err)
        done = self.in_order("run/b")
        self.assertEqual([job["state"] for job in done], ["succeeded"] * count)
        self.assertEqual(self.job(done[-1]["id"])["arguments"]["item"], items[-1])
        self.is_well()

    def test_what_has_ended_before_a_kill_isnt_run_again(self):
        script = 'echo "begin $1" >>trace; echo "out $1"; [ "$1" != 0 ] || [ -e go ] || exec sleep 100'
        command = ["-j2", "--batch", "b", "--", "sh", "-c", script, "x", "{}", ":::", "0", *"abcdef"]
        running = self.start_batch(*command)
        self.wait_for("b", succeeded=6, running=1)
        self.wait_until(lambda: "0" in self.trace("begin"))
        running.process.kill()
        running.process.communicate()
        (self.folder / "go").touch()
        code, out, err = self.run_batch(*command)
        self.assertEqual((code, out), (0, "out 0\n"), err)
        self.assertEqual(sorted(self.trace("begin")), ["0", "0", *"abcdef"])
        self.assertRegex(err, r"completed before +6\n")

    def test_an_interrupted_run_ends_what_runs_and_goes_on_by_the_same_command_line(self):
        script = 'echo "begin $1" >>trace; while [ ! -e go ]; do sleep 0.01; done'
        command = ["-j2", "--", "sh", "-c", script, "x", "{}", ":::", *"abcde"]
        running = self.start_batch(*command)
        self.wait_until(lambda: len(self.trace("begin")) == 2)
        running.interrupt()
        self.assertIn("stopping; 2 commands still to end", running.err_line())
        (self.folder / "go").touch()
        code, _, err = running.finish()
        self.assertEqual(code, 130)
        self.assertIn("isn't finished; the same command line goes on with it", err)
        status = self.lines("status")[0]
        self.assertIn(4, [queue["ready"] for queue in status["queues"]], "three items, and the batch")
        code, _, err = self.run_batch(*command)
        self.assertEqual(code, 0, err)
        self.assertRegex(err, r"completed +3\n  completed before +2\n")
        self.assertEqual(sorted(self.trace("begin")), list("abcde"))

    def test_what_ctrl_c_twice_cancels_is_run_again(self):
        script = 'echo "begin $1" >>trace; [ -e go ] || exec sleep 100'
        command = ["-j1", "--batch", "b", "--", "sh", "-c", script, "x", "{}", ":::", "a", "b"]
        running = self.start_batch(*command)
        self.wait_until(lambda: self.trace("begin"))
        running.interrupt()
        running.err_line()
        running.interrupt()
        self.assertEqual(running.finish()[0], 130)
        (self.folder / "go").touch()
        self.assertEqual(self.run_batch(*command)[0], 0)
        self.assertEqual(self.trace("begin"), ["a", "a", "b"])

    def test_items_of_standard_input_are_run_as_they_come_and_compared_when_they_come_again(self):
        command = ["--batch", "b", "--", "sh", "-c", WORK, "x"]
        running = self.start("run", "--store", *command, stdin=program.subprocess.PIPE)
        running.give(b"a\nb\n")
        self.assertEqual(sorted([running.out_line(), running.out_line()]), ["out a", "out b"])
        self.wait_for("b", succeeded=2)
        running.process.kill()
        running.process.wait()
        code, _, err = self.run_batch(*command, items="a\nx\nc\n")
        self.assertEqual(code, 2)
        self.assertIn("had other items before: the first 2 aren't the same", err)
        code, _, err = self.run_batch(*command, items="a\n")
        self.assertEqual(code, 2)
        self.assertIn("there were 2 or more, now there is 1", err)
        self.assertEqual(sorted(self.trace("begin")), ["a", "b"], "nothing is run then")
        code, out, err = self.run_batch(*command, items="a\nb\nc\n")
        self.assertEqual((code, out), (0, "out c\n"), err)

    def test_a_time_for_all_ends_this_run_and_not_the_item(self):
        script = 'echo "begin $1" >>trace; [ -e go ] || exec sleep 100'
        command = ["--batch", "b", "-j1"], ["--", "sh", "-c", script, "x", "{}", ":::", "a"]
        self.assertEqual(self.run_batch(*command[0], "--total-timeout", "10", *command[1])[0], 3)
        (self.folder / "go").touch()
        self.assertEqual(self.run_batch(*command[0], *command[1])[0], 0)
        self.assertEqual(self.trace("begin"), ["a", "a"])

    def test_a_program_that_is_missing_costs_no_item_its_end(self):
        command = ["--batch", "b", "--", "./later", "{}", ":::", "a", "b"]
        self.assertEqual(self.run_batch(*command)[0], 127)
        later = self.folder / "later"
        later.write_text("#!/bin/sh\necho did $1\n")
        later.chmod(0o755)
        code, out, err = self.run_batch("-k", *command)
        self.assertEqual((code, out), (0, "did a\ndid b\n"), err)

    def test_report_and_job_log_go_on_and_outputs_have_the_items_numbers(self):
        script = 'echo "out $1"; [ "$1" != c ] || [ -e go ] || exec sleep 100'
        command = ["-j1", "--batch", "b", "--report", "r", "--joblog", "l", "--output", "o",
                   "--", "sh", "-c", script, "x", "{}", ":::", *"abcd"]
        running = self.start_batch(*command)
        self.wait_for("b", succeeded=2) # what is reported and not stored yet is run, and reported, again
        running.process.kill()
        running.process.communicate()
        (self.folder / "go").touch()
        self.assertEqual(self.run_batch(*command)[0], 0)
        self.assertEqual([line["item"] for line in self.report("r")], list("abcd"))
        self.assertEqual(len((self.folder / "l").read_text().splitlines()), 5)
        self.assertEqual((self.folder / "o" / "4.out").read_text(), "out d\n")


class Finished(Durable):
    def test_a_finished_batch_is_reported_and_run_anew_only_when_asked(self):
        command = ["sh", "-c", WORK, "x", "{}", ":::", "a", "b"]
        self.assertEqual(self.run_batch("-k", *command)[:2], (0, "out a\nout b\n"))
        code, out, err = self.run_batch("-k", *command)
        self.assertEqual((code, out), (0, ""))
        self.assertRegex(err, r"^taskactor: the batch [0-9a-f]{32} was finished at .*: 2 commands, 2 completed; "
                              r"to run it anew say --again\n$")
        self.assertEqual(self.run_batch("-q", *command), (0, "", ""))
        code, out, err = self.run_batch("-k", "--again", *command)
        self.assertEqual((code, out), (0, "out a\nout b\n"), err)
        self.assertNotIn("before", err)
        self.assertEqual(sorted(self.trace("begin")), ["a", "a", "b", "b"])
        self.is_well()

    def test_the_name_that_nobody_gives_is_made_of_command_items_and_folder(self):
        self.assertEqual(self.run_batch("-k", "echo", ":::", "a", "b")[1], "a\nb\n")
        self.assertEqual(self.run_batch("-k", "echo", ":::", "ab")[1], "ab\n")
        self.assertEqual(self.run_batch("-k", "echo", "-n", ":::", "a", "b")[1], "ab")
        (self.folder / "sub").mkdir()
        self.assertEqual(self.run_batch("-k", "echo", ":::", "a", "b", cwd=self.folder / "sub")[1], "a\nb\n")
        self.assertEqual(self.run_batch("-j1", "echo", items="a\nb\n")[1], "", "it is the same, wherever from")

    def test_another_command_under_the_same_name_is_refused(self):
        self.assertEqual(self.run_batch("--batch", "b", "echo", ":::", "a")[0], 0)
        code, out, err = self.run_batch("--batch", "b", "echo", "x", ":::", "a")
        self.assertEqual((code, out), (2, ""))
        self.assertIn("the batch b is of another command, echo in ", err)
        code, out, err = self.run_batch("--batch", "b", "echo", ":::", "a", "b")
        self.assertIn("there were 1, now there are more", err)
        self.assertEqual(self.run_batch("--batch", "b", "--again", "echo", "x", ":::", "c")[:2], (0, "x c\n"))

    def test_failed_items_are_tried_as_retries_say_and_then_stay_failed(self):
        script = 'echo "begin $1" >>trace; [ "$1" != b ] || [ -e go ]'
        command = ["-j1", "--retries", "2", "--backoff", "0", "--batch", "b", "--", "sh", "-c", script, "x", "{}",
                   ":::", *"abc"]
        self.assertEqual(self.run_batch(*command)[0], 1)
        self.assertEqual(self.trace("begin"), ["a", "b", "b", "b", "c"])
        code, _, err = self.run_batch(*command)
        self.assertEqual(code, 1)
        self.assertIn("3 commands, 2 completed, 1 failed", err)
        self.assertEqual(len(self.trace("begin")), 5)
        (self.folder / "go").touch()
        failed = [j["id"] for j in self.items_of("run/b") if j["state"] == "failed"]
        self.done("retry", str(failed[0]))
        code, _, err = self.run_batch(*command)
        self.assertEqual(code, 0, err)
        self.assertEqual(len(self.trace("begin")), 6)

    def test_a_batch_with_a_failed_item_goes_on_and_ends_with_its_code(self):
        script = 'case $1 in a) exit 3;; b) [ -e go ] || exec sleep 100;; esac'
        command = ["-j1", "--batch", "b", "--", "sh", "-c", script, "x", "{}", ":::", *"abc"]
        running = self.start_batch(*command)
        self.wait_for("b", failed=1)
        running.process.kill()
        running.process.communicate()
        (self.folder / "go").touch()
        code, _, err = self.run_batch(*command)
        self.assertEqual(code, 1)
        self.assertRegex(err, r"failed before +1\n")

    def test_a_late_item_is_late_and_the_batch_has_that_code(self):
        command = ["--batch", "b", "--timeout", "6", "sleep", ":::", "50", "0"]
        self.assertEqual(self.run_batch(*command)[0], 3)
        code, _, err = self.run_batch(*command)
        self.assertEqual(code, 3)
        self.assertIn("1 timed out", err)

    def test_outputs_come_in_the_order_of_items_after_a_kill_too(self):
        script = 'echo $1; [ "$1" != 5 ] || [ -e go ] || exec sleep 100'
        command = ["-k", "-j3", "--batch", "b", "--", "sh", "-c", script, "x", "{}",
                   ":::", *(str(i) for i in range(1, 21))]
        running = self.start_batch(*command)
        self.wait_for("b", succeeded=4) # what is printed and not stored yet is run, and printed, again
        running.process.kill()
        first = running.process.communicate()[0].decode().split()
        (self.folder / "go").touch()
        code, out, err = self.run_batch(*command)
        self.assertEqual(code, 0, err)
        self.assertEqual(first + out.split(), [str(i) for i in range(1, 21)])

    def test_without_items_it_is_finished_at_once(self):
        self.assertEqual(self.run_batch("--batch", "b", "echo", items="")[0], 0)
        self.assertIn("0 commands", self.run_batch("--batch", "b", "echo", items="")[2])


class Together(Durable):
    def test_a_batch_that_is_being_run_is_refused_and_another_isnt(self):
        script = 'echo begun; while [ ! -e go ]; do sleep 0.01; done'
        command = ["--batch", "b", "--", "sh", "-c", script, "x", "{}", ":::", "a"]
        running = self.start_batch("--line-buffer", *command)
        self.assertEqual(running.out_line(), "begun")
        code, out, err = self.run_batch(*command)
        self.assertEqual((code, out), (2, ""))
        self.assertIn(f"the batch b is being run by process {running.process.pid}", err)
        self.assertEqual(self.run_batch("--batch", "c", "echo", ":::", "a")[:2], (0, "a\n"))
        (self.folder / "go").touch()
        self.assertEqual(running.finish()[0], 0)

    def test_its_jobs_are_shown_and_cancelled_and_no_worker_takes_them(self):
        running = self.start_batch("-j1", "--batch", "b", "sleep", ":::", "90", "91")
        self.wait_for("b", running=2)
        self.assertEqual(self.work("--queue", "run/b=2", "--quiet")[0], 3)
        for job in self.items_of("run/b"):
            self.ask("cancel", str(job["id"]))
        code, _, err = running.finish()
        self.assertEqual(code, 1, err)
        self.assertEqual({j["state"] for j in self.items_of("run/b")}, {"cancelled"})
        self.assertIn("2 commands, 0 completed, 2 cancelled", self.run_batch("--batch", "b", "sleep", ":::", "90", "91")[2])

    def test_a_paused_batch_waits_until_it_is_resumed(self):
        self.done("pause", "run/b")
        running = self.start_batch("--batch", "b", "echo", ":::", "a")
        self.assertIn("the queue run/b is paused", running.err_line())
        self.done("resume", "run/b")
        self.assertEqual(running.finish()[:2], (0, "a\n"))

    def test_an_item_of_the_command_line_may_have_line_ends(self):
        items = ["a\nb", "", "\n", "c"]
        for name in ([], ["--batch", "b"]):
            code, out, err = self.run_batch(*name, "-k", "--", "printf", "<%s>", "{}", ":::", *items)
            self.assertEqual((code, out), (0, "".join(f"<{item}>" for item in items)), err)

    def test_an_item_may_have_any_bytes(self):
        done = program.subprocess.run([program.PROGRAM, "run", "--store", "-k", "echo", ":::", b"\xff", "ü"],
                                      cwd=self.folder, env=self.environment, capture_output=True, timeout=program.LIMIT)
        self.assertEqual((done.returncode, done.stdout), (0, b"\xff\n\xc3\xbc\n"), done.stderr)


class Guide(Durable):
    def test_the_guide(self):
        programs, photos = self.folder / "programs", self.folder / "photos"
        programs.mkdir()
        photos.mkdir()
        for name in "abc":
            (photos / f"{name}.tif").write_text(name)
        convert = programs / "convert"
        # b fails once. What the others do doesn't decide it: all three run at the same time.
        convert.write_text('#!/bin/sh\nif [ "$1" = photos/b.tif ] && mkdir tried 2>/dev/null; then exit 1; fi\ncp "$1" "$2"\n')
        convert.chmod(0o755)
        done = self.run_script("durable_run.sh")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("taskactor: retry: 2 jobs\n", done.stderr)
        self.assertEqual(sorted(file.name for file in photos.glob("*.jpg")), ["a.jpg", "b.jpg", "c.jpg"])
        self.is_well()


class Refused(Durable):
    def refusal(self, *arguments: str) -> str:
        return self.refused(2, "run", *arguments)

    def test_what_doesnt_go_together_is_refused_in_words(self):
        for options, why in [
            (["--batch", "b"], "say --store, too"),
            (["--again"], "say --store, too"),
            (["--store", "--resume", "r"], "--store alone goes on with its own run"),
            (["--store", "--batch", ""], "a name has 1 to 150 bytes"),
            (["--store", "--batch", "a\nb"], "without control characters"),
        ]:
            with self.subTest(options):
                self.assertIn(why, self.ask("run", *options, "echo", ":::", "a")[2])
                self.assertEqual(self.ask("run", *options, "echo", ":::", "a")[:2], (2, ""))
        self.assertFalse(self.store.exists())

    def test_a_dry_run_prints_all_commands_and_makes_no_store(self):
        self.assertEqual(self.ask("run", "--store", "--again", "--dry-run", "echo", ":::", "a")[:2], (0, "echo a\n"))
        self.assertFalse(self.store.exists())

    def test_a_store_that_is_meant_isnt_run_as_the_command(self):
        for words in (["jobs.db", "echo"], ["jobs", "--", "echo"]):
            code, out, err = self.ask("run", "--store", *words, ":::", "a")
            self.assertEqual((code, out), (2, ""))
            self.assertIn(f"Write --store={words[0]}, or --store -- {words[0]}", err)

    def test_another_store_is_named_and_has_to_be_ones_own(self):
        self.assertEqual(self.ask("run", "--store=mine.db", "echo", ":::", "a")[:2], (0, "a\n"))
        self.assertFalse(self.store.exists())
        (self.folder / "mine.db").chmod(0o666)
        code, out, err = self.ask("run", "--store=mine.db", "--again", "echo", ":::", "a")
        self.assertEqual(out, "")
        self.assertNotEqual(code, 0)
        self.assertIn("others can write to it", err)

    def test_a_file_that_is_no_store_stays_as_it_is(self):
        file = self.folder / "other.db"
        with sqlite3.connect(file) as other:
            other.execute("CREATE TABLE taskactor_meta(mine)")
        other.close()
        before = file.read_bytes()
        code, out, err = self.ask("run", "--store=other.db", "echo", ":::", "a")
        self.assertEqual(out, "")
        self.assertNotEqual(code, 0)
        self.assertEqual(file.read_bytes(), before)


if __name__ == "__main__":
    program.main()
