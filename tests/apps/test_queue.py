"""Jobs by the program: pushed, run, looked at, waited for, asked to end."""
import errno
import json
import os
import pathlib
import pty
import shutil
import signal
import stat
import subprocess
import sys
import unittest

import program
import queue_program

LIBRARY = os.environ.get("TASKACTOR_JOBS_LIBRARY")
needs_library = unittest.skipUnless(LIBRARY, "this build makes no shared library")


def all_of_terminal(leader: int) -> bytes:
    """What was written to it, whose other end is closed: it comes in pieces."""
    said = b""
    try:
        while piece := os.read(leader, 65536):
            said += piece
    except OSError as why:  # Linux's word for the end
        if why.errno != errno.EIO:
            raise
    os.close(leader)
    return said


class PushAndWork(queue_program.Case):
    def test_a_command_is_pushed_and_run_with_nothing_else_said(self):
        number = self.push("--", "touch", "here")
        self.assertEqual(self.state_of(number), "ready")
        code, out, err = self.work()
        self.assertEqual(code, 0, err)
        self.assertRegex(out, rf"^job {number}: succeeded, \d.*, touch\n$")
        self.assertTrue((self.folder / "here").exists())
        self.assertEqual(self.state_of(number), "succeeded")
        self.assertEqual(stat.S_IMODE(self.store.parent.stat().st_mode), 0o700)
        self.assertEqual(stat.S_IMODE(self.store.stat().st_mode), 0o600)

    def test_a_worker_that_waits_runs_what_is_pushed_later(self):
        worker = self.start("work")
        number = self.push("--", "true")
        self.assertIn(f"job {number}: succeeded", worker.out_line())
        worker.interrupt(signal.SIGTERM)
        code, _, err = worker.finish()
        self.assertEqual(code, 0, err)
        self.assertIn("1 succeeded", err)

    def test_a_command_has_its_folder_umask_and_environment_and_no_other(self):
        folder = self.folder / "there"
        folder.mkdir()
        environment = {**self.environment, "HOME": "/home/of/tests", "MINE": "kept", "SECRET": "nobody-may-see-this"}
        script = 'pwd; umask; env | sort | grep -v -e ^_= -e ^PWD= -e ^SHLVL= -e ^OLDPWD='
        number = int(self.done("push", "--env", "MINE", "--", "/bin/sh", "-c", script, env=environment, cwd=folder,
                               umask=0o027))
        self.assertEqual(self.work()[0], 0)
        lines = self.done("log", str(number)).splitlines()
        self.assertEqual(lines[:2], [str(folder.resolve()), "0027"])
        self.assertEqual(lines[2:], ["HOME=/home/of/tests", "LANG=C.UTF-8", "MINE=kept",
                                     "PATH=" + self.environment["PATH"]])
        self.assertNotIn("nobody-may-see-this", json.dumps(self.job(number)))

    def test_the_id_as_json_and_a_key(self):
        push = lambda *words: json.loads(self.done("push", "--json", "--unique", "k", *words))
        first = push("--", "true")
        self.assertEqual(first["result"], "pushed")
        second = push("--", "false")
        self.assertEqual((second["id"], second["result"]), (first["id"], "duplicate"))
        third = push("--replace", "--", "echo", "other")
        self.assertEqual((third["id"], third["result"]), (first["id"], "replaced"))
        self.assertEqual(self.job(first["id"])["arguments"]["argv"], ["echo", "other"])

    def test_options_are_stored(self):
        number = self.push("--queue", "mail", "--delay", "1h", "--priority", "2", "--timeout", "90", "--retries", "3",
                           "--expires", "2h", "--keep", "1d", "--tag", "a", "--tag", "b", "--limit", "db/x", "--", "true")
        job = self.job(number)
        self.assertEqual((job["queue"], job["state"], job["priority"], job["timeout"], job["max_attempts"], job["tags"]),
                         ("mail", "delayed", 2, 90, 4, ["a", "b"]))
        self.assertEqual(job["limits"], [{"name": "db", "key": "x", "tokens": 1}])
        self.assertIn("expires", job)

    def test_a_failure_is_tried_again_and_told(self):
        number = self.shell("echo x >> tries; exit 3", "--retries", "1", "--backoff", "10ms")
        code, out, err = self.work()
        self.assertEqual(code, 0, err)
        self.assertIn(f"job {number}: failed, ", out)
        self.assertIn("exit code 3", out)
        self.assertEqual((self.folder / "tries").read_text(), "x\nx\n")
        job = self.job(number)
        self.assertEqual((job["state"], job["attempts"]), ("failed", 2))

    def test_ends_as_json(self):
        number = self.push("--", "false")
        code, out, err = self.work("--json")
        self.assertEqual(code, 0, err)
        line = json.loads(out)
        self.assertEqual((line["id"], line["state"]), (number, "failed"))
        self.push("--", "true")
        code, out, err = self.work("--quiet")
        self.assertEqual((code, out, err), (0, "", ""))

    def test_a_word_of_the_command_is_quoted_where_people_read_it(self):
        number = self.push("--", "echo", "\x1b[31mred", "two words")
        shown = self.done("job", str(number))
        self.assertNotIn("\x1b", shown)
        self.assertIn("'two words'", shown)
        self.assertEqual(self.job(number)["arguments"]["argv"], ["echo", "\x1b[31mred", "two words"])

    @needs_library
    def test_a_task_of_a_library(self):
        number = self.push("--task", "tasks_of", '"all"', "true")
        self.assertEqual(self.job(number)["kind"], "task")
        code, out, err = self.work("--load", LIBRARY)
        self.assertEqual(code, 0, err)
        self.assertEqual(self.job(number)["result"], "all!")
        self.assertIn("all!", self.done("job", str(number)))

    @needs_library
    def test_a_library_says_what_is_wrong_before_anything_is_pushed(self):
        said = self.refused(2, "push", "--load", LIBRARY, "--task", "task_of")
        self.assertIn('did you mean "tasks_of"?', said)
        self.assertIn("argument 1: expected a string", self.refused(2, "push", "--load", LIBRARY, "--task", "tasks_of", "7"))
        self.assertEqual(self.lines("jobs"), [])


class After(queue_program.Case):
    def test_a_job_after_two_others(self):
        first, second = self.shell("echo first >> said"), self.shell("sleep 0.2; echo second >> said")
        last = self.shell("echo last >> said", "--after", str(first), "--after", str(second))
        self.assertEqual(self.state_of(last), "blocked")
        self.assertEqual(self.job(last)["parents"], [{"id": first, "on_failure": "cancel", "over": False},
                                                     {"id": second, "on_failure": "cancel", "over": False}])
        self.assertRegex(self.done("job", str(last)), rf"(?m)^after: +job {first}, {second}$")
        self.assertEqual([job["id"] for job in self.lines("jobs", "--state", "blocked")], [last])
        self.assertEqual([(queue["ready"], queue["blocked"]) for queue in self.lines("status")[0]["queues"]], [(2, 1)])
        self.assertEqual(self.work("--quiet"), (0, "", ""))
        self.assertEqual(sorted((self.folder / "said").read_text().split()[:2]), ["first", "second"])
        self.assertEqual((self.folder / "said").read_text().split()[2:], ["last"])

    def test_what_a_failed_parent_makes_of_them(self):
        bad = self.push("--", "false")
        cancelled = self.push("--after", str(bad), "--", "true")
        failed = self.push("--after", str(bad), "--on-failure", "fail", "--", "true")
        runs = self.push("--after", str(bad), "--on-failure", "run", "--", "touch", "ran")
        self.assertEqual(self.work("--quiet")[0], 0)
        self.assertEqual([self.state_of(number) for number in (bad, cancelled, failed, runs)],
                         ["failed", "cancelled", "failed", "succeeded"])
        self.assertEqual(self.job(cancelled)["error"], f"its parent, job {bad}, has failed")
        self.assertTrue((self.folder / "ran").exists())

    def test_until_empty_leaves_what_waits_for_what_it_can_not_run(self):
        other = self.push("--task", "nobody.has.this")
        self.push("--after", str(other), "--", "true")
        code, _, err = self.work()
        self.assertEqual(code, 3)
        self.assertIn("1 job remains, blocked: of those that they are to run after, none will end here", err)

    def test_all_that_wait_are_cancelled(self):
        first = self.push("--delay", "1h", "--", "true")
        last = self.push("--after", str(first), "--", "true")
        self.assertEqual(self.ask("cancel", "--yes", "--queue", "default")[0], 0)
        self.assertEqual([self.state_of(number) for number in (first, last)], ["cancelled", "cancelled"])

    def test_what_is_wrong_is_said_and_nothing_is_pushed(self):
        for words, why in [(("--after", "x", "--", "true"), '--after: "x" is no job\'s id'),
                           (("--after", "99", "--", "true"), "after: job 99: there is none of this id"),
                           (("--after", "9", "--after", "9", "--", "true"), "after: job 9 is there twice"),
                           (("--on-failure", "run", "--", "true"), "--on-failure is about jobs of --after")]:
            code, _, err = self.ask("push", *words)
            self.assertEqual(code, 1 if "none of this id" in why else 2, err)
            self.assertIn(why, err)
        self.assertEqual(self.lines("jobs"), [])


class UntilEmpty(queue_program.Case):
    def test_what_it_can_not_run_remains(self):
        self.push("--task", "nobody.has.this")
        done = self.push("--", "true")
        code, _, err = self.work()
        self.assertEqual(code, 3)
        self.assertIn('1 job remains, of the task "nobody.has.this", which this worker doesn\'t have (--load)', err)
        self.assertEqual(self.state_of(done), "succeeded")

    def test_what_is_due_after_the_horizon_remains(self):
        self.push("--delay", "2h", "--", "true")
        code, _, err = self.work()
        self.assertEqual(code, 3)
        self.assertIn("1 job remains, due later than 3600 s from now (--horizon)", err)

    def test_what_is_due_before_it_is_waited_for(self):
        # Many, so that some become ready just when it looks whether there are any.
        numbers = [self.push("--delay", f"{300 + 41 * i}ms", "--", "true") for i in range(16)]
        self.assertEqual(self.work("--quiet"), (0, "", ""))
        self.assertEqual({self.state_of(number) for number in numbers}, {"succeeded"})
        self.push("--delay", "30s", "--", "true")
        self.assertEqual(self.work("--horizon", "1s", "--quiet")[0], 3)

    def test_a_paused_queue_remains(self):
        self.push("--", "true")
        self.assertEqual(self.done("pause", "default"), "queue default: paused\n")
        code, _, err = self.work()
        self.assertEqual(code, 3)
        self.assertIn("which is paused", err)
        self.done("resume", "default")
        self.assertEqual(self.work("--quiet")[0], 0)

    def test_only_its_queues_count(self):
        self.push("--queue", "other", "--", "true")
        self.assertEqual(self.work("--quiet"), (0, "", ""))
        self.assertEqual(self.work("--quiet", "--queue", "other=2"), (0, "", ""))
        self.assertEqual([job["state"] for job in self.lines("jobs")], ["succeeded"])


class Commands(queue_program.Case):
    """Whoever may write to a store could have programs run as the worker's user."""

    def test_of_another_store_they_are_run_only_when_that_is_said(self):
        number = self.push("--store", "other.db", "--", "touch", "ran")
        code, _, err = self.work("--store", "other.db")
        self.assertEqual(code, 3)
        self.assertIn("commands of the queue \"default\", which this worker may not run (--commands)", err)
        self.assertFalse((self.folder / "ran").exists())
        self.assertEqual(self.work("--store", "other.db", "--commands", "default", "--quiet")[0], 0)
        self.assertTrue((self.folder / "ran").exists())
        self.assertEqual(self.lines("job", str(number), "--store", "other.db")[0]["state"], "succeeded")

    def test_the_default_store_by_its_name_is_the_default_store(self):
        self.push("--", "true")
        self.assertEqual(self.work("--store", str(self.store), "--quiet")[0], 0)

    def test_a_queue_that_is_not_served_has_no_commands(self):
        said = self.refused(2, "work", "--queue", "a=1", "--commands", "b")
        self.assertIn('"b" is no queue that is served', said)


class Looking(queue_program.Case):
    def test_jobs_and_their_filters(self):
        first = self.push("--tag", "night", "--", "true")
        second = self.push("--queue", "mail", "--task", "send", '"ann"')
        third = self.push("--delay", "1h", "--", "sleep", "1")
        ids = lambda *how: [job["id"] for job in self.lines("jobs", *how)]
        self.assertEqual(ids(), [third, second, first])
        self.assertEqual(ids("--state", "delayed"), [third])
        self.assertEqual(ids("--state", "delayed", "--state", "ready", "--queue", "default"), [third, first])
        self.assertEqual(ids("--task", "send"), [second])
        self.assertEqual(ids("--tag", "night"), [first])
        table = self.done("jobs").splitlines()
        self.assertEqual(table[0].split(), ["ID", "STATE", "QUEUE", "TASK", "SINCE", "FAILED", "NOTE"])
        self.assertEqual(len(table), 4)

    def test_the_newest_are_printed_unless_all_are_asked_for(self):
        script = f'for i in $(seq 60); do "{program.PROGRAM}" push -- true; done'
        subprocess.run(["sh", "-c", script], env=self.environment, cwd=self.folder, stdout=subprocess.DEVNULL, check=True)
        self.assertEqual(len(self.lines("jobs")), 50)
        code, out, err = self.ask("jobs")
        self.assertEqual((code, len(out.splitlines()), err), (0, 51, "taskactor: there are older ones: --all\n"))
        ids = [job["id"] for job in self.lines("jobs", "--all")]
        self.assertEqual((len(ids), ids), (60, sorted(ids, reverse=True)))

    def test_the_table_fits_the_terminal(self):
        self.push("--queue", "q" * 60, "--", "x" * 60)
        leader, follower = pty.openpty()
        done = subprocess.run([program.PROGRAM, "jobs"], env=self.environment, stdout=follower, timeout=program.LIMIT)
        os.close(follower)
        self.assertEqual(done.returncode, 0)
        for line in all_of_terminal(leader).decode().split("\r\n"):
            self.assertLessEqual(len(line), 80)

    def test_a_log_and_one_that_is_followed(self):
        number = self.shell("echo begins; until [ -e go ]; do sleep 0.02; done; echo ends >&2")
        worker = self.start("work", "--until-empty", "--quiet")
        log = self.start("log", "-f", str(number))
        self.assertEqual(log.out_line(), "begins")
        (self.folder / "go").touch()
        self.assertEqual(log.finish(), (0, "ends\n", ""))
        self.assertEqual(worker.finish()[0], 0)
        self.assertEqual(self.done("log", str(number)), "begins\nends\n")

    def test_bytes_of_a_log_are_as_they_were_written_and_harmless_on_a_terminal(self):
        number = self.shell(r"printf 'a\033[2J\377\n'")
        self.assertEqual(self.work("--quiet")[0], 0)
        done = subprocess.run([program.PROGRAM, "log", str(number)], env=self.environment, capture_output=True)
        self.assertEqual(done.stdout, b"a\x1b[2J\xff\n")
        leader, follower = pty.openpty()
        subprocess.run([program.PROGRAM, "log", str(number)], env=self.environment, stdout=follower, check=True)
        os.close(follower)
        self.assertEqual(all_of_terminal(leader).decode(), "a\\x1b[2J\\xff\r\n")

    def test_of_a_long_log_the_beginning_and_the_end_are_kept(self):
        number = self.shell("echo first; seq 100000; echo last")
        self.assertEqual(self.work("--quiet")[0], 0)
        code, out, err = self.ask("log", str(number))
        self.assertEqual(code, 0)
        self.assertTrue(out.startswith("first\n1\n2\n") and out.endswith("100000\nlast\n"))
        self.assertRegex(err, r"^taskactor: bytes of its output that aren't kept: \d+\n$")
        lost = int(err.rsplit(" ", 1)[1])
        self.assertEqual(len(out) + lost, len("first\nlast\n") + sum(len(str(i)) + 1 for i in range(1, 100001)))

    def test_a_job_is_pushed_from_another_language(self):
        self.done("store", "migrate", "--store", "jobs.db")
        script = pathlib.Path(__file__).parent / "push_from_python.py"
        for _ in range(2):  # the key is there the second time
            pushed = subprocess.run([sys.executable, "-B", script], cwd=self.folder, capture_output=True, text=True, check=True)
            self.assertEqual(pushed.stdout, "1\n")
        job = json.loads(self.done("job", "1", "--store", "jobs.db", "--json"))
        self.assertEqual((job["queue"], job["task"], job["state"], job["priority"]), ("mail", "send_letter", "delayed", 2))

    def test_the_state_of_a_store(self):
        self.push("--", "true")
        self.done("limit", "db", "--capacity", "2")
        status = self.lines("status")[0]
        self.assertEqual([(queue["name"], queue["ready"], queue["paused"]) for queue in status["queues"]],
                         [("default", 1, False)])
        self.assertEqual(status["counters"]["pushed"], 1)
        self.assertEqual(status["limits"][0]["capacity"], 2)
        self.assertIn("QUEUE", self.done("status"))


class Waiting(queue_program.Case):
    def test_the_exit_code_is_that_of_the_command(self):
        good = self.push("--", "true")
        three = self.shell("exit 3")
        killed = self.shell("kill -9 $$")
        missing = self.push("--", "/no/such/program")
        self.assertEqual(self.work("--quiet")[0], 0)
        code = lambda *jobs: self.ask("wait", *map(str, jobs))[0]
        self.assertEqual((code(good), code(three), code(killed), code(missing)), (0, 3, 137, 1))
        self.assertEqual(code(good, three, killed), 3)
        self.assertEqual(self.done("wait", str(good)), f"job {good}: succeeded\n")
        line = json.loads(self.ask("wait", "--json", str(three))[1])
        self.assertEqual((line["id"], line["state"]), (three, "failed"))

    def test_it_waits(self):
        number = self.shell("until [ -e go ]; do sleep 0.02; done; exit 4")
        waiter = self.start("wait", str(number))
        worker = self.start("work", "--until-empty", "--quiet")
        self.assertEqual(self.ask("wait", "--timeout", "50ms", str(number))[0], 3)
        (self.folder / "go").touch()
        self.assertEqual(waiter.finish()[0], 4)
        self.assertEqual(worker.finish()[0], 0)

    def test_one_that_nobody_knows(self):
        self.push("--", "true")
        self.assertIn("job 99", self.refused(1, "wait", "99"))


class Asking(queue_program.Case):
    def test_by_ids(self):
        first, second = self.push("--", "true"), self.push("--", "true")
        self.assertEqual(self.done("cancel", str(first)), f"job {first}: is cancelled\n")
        code, out, err = self.ask("cancel", str(first), str(second), "99")
        self.assertEqual((code, out), (1, f"job {second}: is cancelled\n"))
        self.assertEqual(err, f"taskactor: job {first}: has ended\ntaskactor: job 99: there is none in the store\n")
        self.assertEqual(self.done("retry", str(first)), f"job {first}: is ready again\n")
        self.assertEqual(self.state_of(first), "ready")
        self.assertEqual(self.lines("delete", str(second))[0], {"id": second, "reply": "done"})
        self.assertIn(f"job {second}", self.refused(1, "job", str(second)))

    def test_one_that_runs_is_told(self):
        number = self.shell("touch begun; exec sleep 1000")
        worker = self.start("work", "--until-empty")
        self.wait_until((self.folder / "begun").exists)
        self.assertIn("runs; cancel it before", self.refused(1, "delete", str(number)))
        self.assertEqual(self.done("cancel", str(number)), f"job {number}: runs; its runner is told\n")
        code, out, _ = worker.finish()
        self.assertEqual(code, 0)
        self.assertIn(f"job {number}: cancelled", out)
        self.assertEqual(self.ask("wait", "--quiet", str(number))[0], 1)

    def test_many_are_counted_first(self):
        for _ in range(3):
            self.push("--queue", "mail", "--", "true")
        keep = self.push("--", "true")
        code, out, err = self.ask("cancel", "--queue", "mail")
        self.assertEqual((code, out), (2, ""))
        self.assertEqual(err, "taskactor: cancel: 3 jobs\ntaskactor: nothing is done: say --yes if these are meant\n")
        code, out, err = self.ask("cancel", "--queue", "mail", "--yes")
        self.assertEqual((code, out, err), (0, "done: 3\n", "taskactor: cancel: 3 jobs\n"))
        self.assertEqual(self.state_of(keep), "ready")
        code, out, _ = self.ask("delete", "--state", "cancelled", "--yes", "--json")
        self.assertEqual((code, json.loads(out)), (0, {"done": 3, "requested": 0, "refused": 0}))
        self.assertEqual([job["id"] for job in self.lines("jobs")], [keep])

    def test_at_a_terminal_it_asks(self):
        number = self.push("--", "true")
        for keys, code, state in (("n\n", 1, "ready"), ("y\n", 0, "cancelled")):
            leader, follower = pty.openpty()
            os.write(leader, keys.encode())
            done = subprocess.run([program.PROGRAM, "cancel", "--queue", "default"], env=self.environment,
                                  stdin=follower, stderr=follower, stdout=subprocess.PIPE, timeout=program.LIMIT)
            os.close(follower)
            self.assertIn(b"cancel 1 job? [y/N]", all_of_terminal(leader))
            self.assertEqual((done.returncode, self.state_of(number)), (code, state))

    def test_what_is_no_id_is_refused_in_words(self):
        self.push("--", "true")
        for word in ("0", "-1", "010", "1.5", "1e3", "0x1", " 1", "", "x", "9223372036854775808", "9" * 100):
            for verb in ("job", "log", "wait", "cancel", "retry", "delete"):
                with self.subTest(verb=verb, word=word):
                    said = self.refused(2, verb, "--", word)
                    self.assertIn(f'ID: "{word}" is no job\'s id: a whole number from 1 to 9223372036854775807', said)

        for words in (["cancel"], ["retry"], ["delete", "--yes"], ["delete", "1", "--queue", "mail"]):
            self.assertIn("which jobs?", self.refused(2, *words))

    def test_limits(self):
        self.assertIn("there is none", self.refused(1, "limit", "db"))
        self.assertEqual(self.done("limit", "db", "--capacity", "1", "--rate", "100/min"),
                         "limit db: 1 at once, 100 in 60 s; taken: 0\n")
        self.assertEqual(self.lines("limit", "db")[0]["capacity"], 1)
        self.assertEqual(self.done("limit", "db", "--drop"), "limit db: dropped\n")
        self.refused(1, "limit", "db")

    def test_a_limit_holds_over_all_workers(self):
        self.done("limit", "one", "--capacity", "1")
        script = "mkdir lock || touch broken; sleep 0.05; rmdir lock"
        numbers = [self.shell(script, "--limit", "one") for _ in range(6)]
        workers = [self.start("work", "--until-empty", "--quiet", "--queue", "default=3") for _ in range(2)]
        self.assertEqual([worker.finish()[0] for worker in workers], [0, 0])
        self.assertFalse((self.folder / "broken").exists())
        self.assertEqual({self.state_of(number) for number in numbers}, {"succeeded"})


class Stores(queue_program.Case):
    def test_check_backup_prune_export(self):
        number = self.push("--", "true")
        self.assertEqual(self.done("store", "check"), "all is well\n")
        self.assertEqual(self.lines("store", "check"), [{"faults": []}])
        copy = self.folder / "copy.db"
        self.assertEqual(self.done("store", "backup", "copy.db"), f"{copy.resolve()}\n")
        self.assertEqual(self.lines("jobs", "--store", "copy.db")[0]["id"], number)
        self.refused(2, "store", "backup", "copy.db")
        self.refused(2, "store", "backup")
        self.assertEqual(self.done("store", "prune"), "0 forgotten\n")
        exported = [json.loads(line) for line in self.done("store", "export").splitlines()]
        self.assertEqual([(job["id"], job["arguments"]["argv"]) for job in exported], [(number, ["true"])])

    def test_a_copy_that_is_put_in_its_place_is_restored(self):
        kept = self.push("--", "true")
        self.done("store", "backup", "copy.db")
        lost = self.push("--", "true")
        self.assertEqual(self.work("--quiet")[0], 0)
        for suffix in ("", "-wal", "-shm"):
            self.store.with_name("jobs.db" + suffix).unlink(missing_ok=True)
        shutil.copy(self.folder / "copy.db", self.store)
        self.assertEqual(self.lines("store", "restored"), [{"released": 0}])
        self.assertGreater(self.push("--", "true"), lost)
        self.assertEqual(self.work("--quiet")[0], 0)
        self.assertEqual(self.state_of(kept), "succeeded")
        self.assertEqual(self.done("store", "check"), "all is well\n")

    def test_migrate_makes_one(self):
        self.assertEqual(self.done("store", "migrate", "--store", "new.db"),
                         f"{(self.folder / 'new.db').resolve()} is up to date\n")
        self.assertEqual(self.lines("jobs", "--store", "new.db"), [])


class Pages(queue_program.Case):
    """What the README and the guide show."""

    @unittest.skipUnless(shutil.which("make"), "there is no make")
    def test_the_readme(self):
        (self.folder / "Makefile").write_text("all:\n\ttouch made\n")
        done = self.run_script("durable.sh", "-e")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertTrue((self.folder / "made").exists())

    def test_the_guide(self):
        (self.folder / "backup.sh").write_text("#!/bin/sh\necho copied\n")
        (self.folder / "backup.sh").chmod(0o755)
        done = self.run_script("operating.sh", "-e")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("job 1: succeeded", done.stdout)
        self.assertTrue(done.stdout.endswith("all is well\n"), done.stdout)
        self.assertTrue((self.folder / "before.db").exists())


if __name__ == "__main__":
    program.main()
