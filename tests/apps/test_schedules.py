"""`taskactor schedule`: what it says and refuses, and who fires what it has written, whoever dies."""
import json
import random
import signal
import sqlite3
import time

import program
import queue_program


class Schedules(queue_program.Case):
    def add(self, name: str, when: str, *more: str) -> dict:
        return json.loads(self.done("schedule", "add", name, when, "--json", *more))

    def schedules(self) -> dict:
        return {each["name"]: each for each in self.lines("schedule", "list")}

    def test_from_adding_to_deleting(self):
        self.assertEqual(
            self.done("schedule", "add", "backup", "0 3 * * *", "--zone", "Europe/Berlin", "--", "./backup.sh").count("\n"), 1)
        made = self.add("poll", "every 90s from 2026-01-01T00:00:00Z", "--paused", "--task", "poll.ann", '"ann"', "7")
        self.assertEqual((made["trigger"], made["task"], made["queue"], made["paused"]),
                         ("every 90s from 2026-01-01T00:00:00Z", "poll.ann", "default", True))
        self.assertEqual(list(self.schedules()), ["backup", "poll"])
        said = self.done("schedule", "list")
        self.assertRegex(said, r"backup .*T03:00:00\+0[12]:00")
        self.assertRegex(said, r"poll +paused ")
        self.assertRegex(self.done("schedule", "preview", "backup", "-n", "3"), r"^(\S+T03:00:00\+0[12]:00( .*)?\n){3}$")
        self.assertRegex(self.done("schedule", "preview", "backup", "-n", "1", "--utc"), r"^\S+T0[12]:00:00Z")
        self.assertEqual(self.done("schedule", "pause", "backup", "poll"),
                         "schedule backup: paused\nschedule poll: was paused before\n")
        self.assertEqual(self.done("schedule", "resume", "poll"), "schedule poll: resumed\n")
        self.assertEqual(self.done("schedule", "run", "poll"), "schedule poll: job 1\n")
        self.assertEqual(self.job(1)["tags"], ["schedule:poll"])
        self.assertIn("as many run as may at once", self.refused(1, "schedule", "run", "poll"))
        self.assertEqual(self.schedules()["poll"]["open"], [1])
        self.assertEqual(self.done("schedule", "delete", "poll"), "schedule poll: deleted\n")
        self.assertEqual(list(self.schedules()), ["backup"])
        self.assertEqual(self.state_of(1), "ready")

    def test_what_is_wrong_is_said_and_nothing_is_written(self):
        for code, words, arguments in (
            (2, "column 1", ("add", "s", "61 * * * *", "--", "true")),
            (2, "nothing to push", ("add", "s", "@daily")),
            (2, "TRIGGER", ("add", "s")),
            (2, "ACTION is required", ()),
            (2, "ACTION is the first word", ("--", "list")),
            (2, "ACTION: see not in {add,list,preview,pause,resume,run,delete}", ("see",)),
            (2, "no JSON", ("add", "s", "@daily", "--task", "t", "x")),
            (2, "zone", ("add", "s", "@daily", "--zone", "Mars/Olympus", "--", "true")),
            (2, "name: ", ("add", "", "@daily", "--", "true")),
            (2, "--overlap", ("add", "s", "@daily", "--overlap", "never", "--", "true")),
            (1, "never fires", ("add", "s", "at 2020-01-01T00:00:00Z", "--", "true")),
        ):
            with self.subTest(arguments):
                self.assertIn(words, self.refused(code, "schedule", *arguments))
        self.add("s", "@daily", "--", "true")
        self.assertIn("there is one of this name", self.refused(1, "schedule", "add", "s", "@daily", "--", "true"))
        for verb in ("pause", "resume", "run", "delete", "preview"):
            self.assertIn('schedule "other": there is none of this name', self.refused(1, "schedule", verb, "other"))
        self.assertEqual(list(self.schedules()), ["s"])

    def test_one_that_cant_be_read_keeps_no_other_back(self):
        for name in ("bad", "well"):
            self.add(name, "@daily", "--paused", "--", "true")
        with sqlite3.connect(self.store) as file:
            file.execute("UPDATE taskactor_schedule SET spec = '{}' WHERE name = 'bad'")
        file.close()
        code, out, err = self.ask("schedule", "resume", "bad", "other", "well")
        self.assertEqual((code, out), (4, "schedule well: resumed\n"))
        self.assertRegex(err, r"""\Ataskactor: schedule "bad": its spec can't be read: .*
taskactor: schedule "other": there is none of this name in the store
\Z""")
        self.assertEqual(self.done("schedule", "delete", "bad"), "schedule bad: deleted\n")

    def test_the_guide(self):
        done = self.run_script("schedules.sh", "-e")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertRegex(done.stdout, r"""(?m)\Aschedule backup: next (\S+T03:00:00\+0[12]:00)
NAME +NEXT .*
backup +\1 .*
(\S+T03:00:00\+0[12]:00.*
){2}schedule backup: paused
schedule backup: resumed
schedule backup: job 1
schedule backup: deleted
\Z""")
        self.assertEqual(self.job(1)["attempts"], 0)

    def test_a_push_may_say_when(self):
        number = self.push("--at", "2036-07-24T18:00", "--zone", "Europe/Berlin", "--", "true")
        self.assertRegex(self.job(number)["due"], r"^2036-07-24T1[67]:00:00")
        past = self.push("--at", "2020-01-01T00:00:00Z", "--", "true")
        self.assertEqual(self.state_of(past), "ready")
        for words, options in (("--at: ", ["--at", "noon"]), ("--at: ", ["--at", ""]), ("--at: ", ["--at", "", "--zone", "UTC"]),
                               ("isn't a time alone", ["--at", "2036-12-24T18:00:00Z jitter 1h"]),
                               ("isn't a time alone", ["--at", "2036-12-24T18:00@Europe/Berlin"]), ("--at: ", ["--at", "2026-02-30T00:00"]),
                               ("give one of them", ["--at", "2046-01-01T00:00Z", "--delay", "1h"]),
                               ("isn't given", ["--zone", "Europe/Berlin"]), ("zone", ["--at", "2046-01-01T00:00", "--zone", "x"])):
            with self.subTest(options):
                self.assertIn(words, self.refused(2, "push", *options, "--", "true"))

    def test_a_worker_fires_and_runs_it(self):
        self.add("s", "every 50ms", "--overlap", "queue-one", "--", "/bin/sh", "-c", "echo >> runs")
        worker = self.start("work", "--quiet")
        runs = self.folder / "runs"
        self.wait_until(lambda: runs.exists() and len(runs.read_text().splitlines()) >= 3)
        worker.interrupt(signal.SIGTERM)
        self.assertEqual(worker.finish()[0], 0)
        now = self.schedules()["s"]
        self.assertGreaterEqual(now["fired"], 3)
        self.assertEqual(self.done("store", "check"), "all is well\n")

    def test_a_worker_that_is_to_end_fires_nothing(self):
        self.add("s", "every 1ms", "--", "true")
        self.assertEqual(self.work("--until-empty", "--quiet")[0], 0)
        self.assertEqual(self.schedules()["s"]["fired"], 0)

    def test_workers_that_are_killed_and_stopped_fire_each_time_once(self):
        names = [f"s{i}" for i in range(4)]
        for name in names:
            self.add(name, "every 100ms", "--overlap", "allow", "--missed", "all", "--", "true")
        chance = random.Random(11)
        workers = []
        for _ in range(12):
            workers.append(self.start("work", "--quiet", "--queue", "other=1"))  # they fire, and run nothing
            if len(workers) == 3:
                old = workers.pop(chance.randrange(3))
                if chance.random() < 0.5:  # with the store's lock, maybe: then nobody fires before it is killed
                    old.interrupt(signal.SIGSTOP)
                    time.sleep(0.25)
                old.interrupt(signal.SIGKILL)
                old.process.wait()
            self.wait_for_fires(names, 2)
        for old in workers:
            old.interrupt(signal.SIGKILL)
            old.process.wait()
        said = self.schedules()
        for name in names:
            jobs = [job["id"] for job in self.lines("jobs", "--all", "--tag", f"schedule:{name}")]
            self.assertEqual(len(jobs), said[name]["fired"], "a job for each fire that was counted, and no other")
            self.assertEqual(sorted(jobs), sorted(said[name]["open"]))
        self.assertEqual(self.done("store", "check"), "all is well\n")

    def wait_for_fires(self, names: list, more: int) -> None:
        before = {name: each["fired"] for name, each in self.schedules().items()}
        self.wait_until(lambda: all(each["fired"] >= before[name] + more for name, each in self.schedules().items()))


if __name__ == "__main__":
    program.main()
