"""Jobs by the program when something goes wrong: workers that die, signals, stores that can't be used, bad input."""
import json
import os
import pathlib
import re
import resource
import signal
import sqlite3
import stat
import subprocess
import unittest

import program
import queue_program


class Workers(queue_program.Case):
    def test_commands_of_a_worker_that_is_killed_are_run_by_another(self):
        # The ends of the first eight are stored when it is killed, and three more run: no other count can come out.
        numbers = [self.shell(f"echo {i} >> runs; [ {i} -lt 8 ] || until [ -e go ]; do sleep 0.02; done") for i in range(30)]
        first = self.start("work", "--queue", "default=3", "--quiet")
        runs = self.folder / "runs"
        self.wait_until(lambda: runs.exists() and len(runs.read_text().splitlines()) == 11)
        self.wait_until(lambda: all(self.state_of(number) == "succeeded" for number in numbers[:8]))
        first.interrupt(signal.SIGKILL)
        first.process.wait()
        begun = runs.read_text().splitlines()
        (self.folder / "go").touch()
        code, _, err = self.work("--queue", "default=3")
        self.assertEqual(code, 0, err)
        self.assertEqual({self.state_of(number) for number in numbers}, {"succeeded"})
        again = runs.read_text().splitlines()[len(begun):]
        self.assertEqual(sorted(again, key=int), [str(i) for i in range(8, 30)], "what hadn't ended, and each once")
        self.assertEqual(self.done("store", "check"), "all is well\n")

    def test_term_lets_what_runs_end_and_leaves_the_rest(self):
        running = self.shell("touch begun; until [ -e go ]; do sleep 0.02; done; touch ended")
        waiting = self.push("--", "true")
        worker = self.start("work", "--queue", "default=1")
        self.wait_until((self.folder / "begun").exists)
        worker.interrupt(signal.SIGTERM)
        self.assertIn("draining", worker.err_line())
        (self.folder / "go").touch()
        code, out, err = worker.finish()
        self.assertEqual(code, 0, err)
        self.assertTrue((self.folder / "ended").exists())
        self.assertEqual((self.state_of(running), self.state_of(waiting)), ("succeeded", "ready"))

    def test_what_is_cancelled_by_a_second_signal_is_ready_again(self):
        number = self.shell("touch begun; exec sleep 1000")
        worker = self.start("work")
        self.wait_until((self.folder / "begun").exists)
        worker.interrupt(signal.SIGINT)
        self.assertIn("draining", worker.err_line())
        worker.interrupt(signal.SIGINT)
        code, _, err = worker.finish()
        self.assertEqual(code, 1, err)
        job = self.job(number)
        self.assertEqual((job["state"], job["attempts"], job["losses"]), ("ready", 0, 0))

    def test_a_worker_whose_output_nobody_reads_works_and_ends(self):
        for _ in range(3):
            self.shell("until [ -e go ]; do sleep 0.02; done")
        worker = self.start("work", "--until-empty")
        worker.fill_output()
        (self.folder / "go").touch()  # now there is something to say
        self.assertEqual(worker.process.wait(timeout=program.LIMIT), 5) # its jobs were run, and their lines are lost
        self.assertEqual({job["state"] for job in self.lines("jobs")}, {"succeeded"})


class BadStores(queue_program.Case):
    def test_a_file_of_another_program(self):
        foreign = self.folder / "foreign.db"
        with sqlite3.connect(foreign) as connection:
            connection.execute("CREATE TABLE taskactor_meta (x)")
        connection.close()
        before = foreign.read_bytes()
        self.assertIn("foreign.db: ", self.refused(4, "push", "--store", "foreign.db", "--", "true"))
        self.assertEqual(foreign.read_bytes(), before)
        text = self.folder / "text.db"
        text.write_text("no database at all\n" * 100)
        self.assertIn("text.db", self.refused(4, "jobs", "--store", "text.db"))
        self.assertEqual(text.read_text(), "no database at all\n" * 100)

    def test_a_worker_whose_output_cannot_be_written_says_so_and_runs_its_jobs(self):
        for _ in range(3):
            self.done("push", "--", "true")
        with open("/dev/full", "w", encoding="utf-8") as full:
            ran = subprocess.run([program.PROGRAM, "work", "--until-empty", "--json"], stdout=full, stderr=subprocess.PIPE,
                                 text=True, timeout=program.LIMIT, cwd=self.folder, env=self.environment, check=False)
        self.assertEqual(ran.returncode, 5, ran.stderr)
        self.assertIn("weren't written", ran.stderr)
        self.assertEqual(len(self.done("jobs", "--state", "succeeded", "--json").splitlines()), 3)

    def test_a_limit_of_the_length_of_files(self):
        number = self.push("--", "true")
        short = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
        self.assertIn("SQLite", self.refused(4, "push", "--store", "new.db", "--", "true", preexec_fn=short))
        self.assertIn("SQLite", self.refused(4, "push", "--", "true", preexec_fn=short))
        self.assertEqual([each["id"] for each in self.lines("jobs", "--json")], [number], "nothing is lost, or half there")

    def test_a_file_with_two_names(self):
        self.done("push", "--store", "one.db", "--task", "a")
        os.link(self.folder / "one.db", self.folder / "two.db")
        for name in ("one.db", "two.db"):
            self.assertIn("several names", self.refused(4, "jobs", "--store", name))

    def test_options_that_mean_nothing(self):
        self.assertIn("empty", self.refused(2, "jobs", "--store", ""))
        for capacity in ("-1", "99999999999999999999", "x"):
            self.refused(2, "limit", "a", "--capacity", capacity)

    @unittest.skipIf(os.geteuid() == 0, "root may write everything")
    def test_a_file_that_can_only_be_read(self):
        self.done("store", "migrate", "--store", "jobs.db")
        (self.folder / "jobs.db").chmod(0o400)
        self.assertIn("jobs.db: ", self.refused(4, "push", "--store", "jobs.db", "--", "true"))

    def test_one_that_is_not_there(self):
        for words in (["jobs"], ["job", "1"], ["cancel", "1"], ["store", "check"]):
            self.assertIn("none.db: ", self.refused(4, *words, "--store", "none.db"))
            self.assertFalse((self.folder / "none.db").exists())
            self.assertIn("jobs.db: there is no such store", self.refused(4, *words))
        self.assertFalse(self.state.exists(), "who only asks makes no folder")

    def test_a_folder_that_others_can_write_to(self):
        self.push("--", "true")
        for mode in (0o777, 0o720):
            self.store.parent.chmod(mode)
            for words in (["push", "--", "true"], ["work"], ["jobs"]):
                self.assertRegex(self.refused(4, *words), r"/taskactor: the folder of the default store: others can write")
        self.store.parent.chmod(0o755)  # that they could read it is mended
        self.assertEqual(len(self.lines("jobs")), 1)
        self.assertEqual(stat.S_IMODE(self.store.parent.stat().st_mode), 0o700)

    def test_a_store_that_others_can_write_to(self):
        self.push("--", "true")
        self.store.chmod(0o602)
        self.assertRegex(self.refused(4, "work"), r"/jobs\.db: the default store: others can write to it")

    def test_links(self):
        elsewhere = self.folder / "elsewhere"
        elsewhere.mkdir()
        self.state.mkdir()
        self.store.parent.symlink_to(elsewhere)
        self.assertRegex(self.refused(4, "push", "--", "true"), r"/taskactor: .*: it is a symbolic link")
        self.store.parent.unlink()
        self.store.parent.mkdir(mode=0o700)
        self.store.symlink_to(elsewhere / "real.db")
        self.assertRegex(self.refused(4, "push", "--", "true"), r"/jobs\.db: .*: it is a symbolic link")
        self.assertEqual(list(elsewhere.iterdir()), [])

    @unittest.skipUnless(os.geteuid() == 0, "only root can give a folder away")
    def test_another_users_folder(self):
        self.store.parent.mkdir(parents=True, mode=0o700)
        os.chown(self.store.parent, 12345, -1)
        self.assertRegex(self.refused(4, "push", "--", "true"), r"it belongs to another user \(number 12345\)")

    def test_without_a_home_a_store_has_to_be_named(self):
        environment = {**self.environment, "HOME": str(self.folder)}
        del environment["XDG_STATE_HOME"]
        self.done("push", "--", "true", env=environment)
        self.assertTrue((self.folder / ".local/state/taskactor/jobs.db").exists())
        environment["XDG_STATE_HOME"] = "relative"  # counts as unset
        self.assertEqual(len(self.done("jobs", "--json", env=environment).splitlines()), 1)


class BadUsage(queue_program.Case):
    def test_pushes(self):
        for words, said in (
            (["push"], "nothing to push"),
            (["push", "--"], "nothing to push"),
            (["push", "make"], 'what is "make"? A command stands behind `--`'),
            (["push", "--", ""], "the command's name is empty"),
            (["push", "--env", "NOT_THERE", "--", "true"], '--env: there is no variable "NOT_THERE"'),
            (["push", "--env", "PATH", "--task", "x"], "--env is about commands"),
            (["push", "--load", "x.so", "--", "true"], "--load is about tasks"),
            (["push", "--task", "x", "text"], "argument 1 is no JSON value: text"),
            (["push", "--delay", "soon", "--", "true"], '"soon" is not a time'),
            (["push", "--priority", "10", "--", "true"], "--priority"),
            (["push", "--replace", "--", "true"], "--replace is about jobs with a key"),
            (["push", "--queue", "", "--", "true"], "a queue's name: it is empty"),
            (["push", "--queue", "q" * 201, "--", "true"], "give at most 200"),
            (["push", "--", b"\xff"], "is no UTF-8"),
        ):
            self.assertIn(said, self.refused(2, *words).splitlines()[0], words)
        self.assertFalse(self.store.exists() and self.lines("jobs"))

    def test_a_payload_that_is_too_large(self):
        said = self.refused(2, "push", "--", "true", *["x" * 100_000] * 11)
        self.assertRegex(said, r"true: arguments: \d+ bytes; the store takes at most 1048576")

    def test_others(self):
        self.push("--", "true")
        for words, said in (
            (["work", "--queue", "a=0"], "says no number of jobs at once"),
            (["work", "--queue", "=2"], "has no name"),
            (["work", "--load", "/none.so"], "/none.so"),
            (["jobs", "--state", "done"], "--state"),
            (["job", "x"], "ID"),
            (["job", "0"], "ID"),
            (["limit", "db", "--rate", "fast"], '"fast" is not a rate'),
            (["store", "polish"], "polish"),
            (["store", "check", "file"], "check takes no file"),
        ):
            got, out, err = self.ask(*words)
            self.assertIn(got, (2, 4) if "--load" in words else (2,), (words, err))
            self.assertIn(said, err.splitlines()[0], words)

    def test_unknown_ids(self):
        self.push("--", "true")
        for words in (["job", "99"], ["log", "99"], ["wait", "99"], ["retry", "99"], ["delete", "99"]):
            self.assertIn("job 99", self.refused(1, *words))

    def test_a_node_is_asked_with_node(self):
        said = self.refused(1, "cancel", "17", "--node", f"unix:{self.folder}/none.socket")
        self.assertIn("none.socket", said)
        environment = {**self.environment, "TASKACTOR_NODE": f"unix:{self.folder}/none.socket"}
        self.assertIn("none.socket", self.refused(1, "status", env=environment))
        self.push("--", "true")
        self.assertIn("QUEUE", self.done("status", "--store", str(self.store), env=environment))


if __name__ == "__main__":
    program.main()
