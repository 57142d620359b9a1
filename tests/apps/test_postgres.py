"""The verbs of jobs, and `run --store`, on a store that many machines share."""
import json
import pathlib
import subprocess

import postgres_server
import program
import queue_program
import test_durable_run
import test_queue
import test_queue_faults

SERVER = None


def setUpModule() -> None:
    global SERVER
    SERVER = postgres_server.Server()


def tearDownModule() -> None:
    SERVER.stop()


class OnPostgres(queue_program.Case):
    """The store is a database of its own, which the environment names. Commands are run from it when that is said."""

    def setUp(self) -> None:
        super().setUp()
        self.database = SERVER.new_database()
        self.address = SERVER.address(self.database)
        self.environment["TASKACTOR_STORE"] = self.address
        self.done("store", "migrate")

    def with_commands(self, arguments: tuple) -> list:
        words = list(arguments)
        if words[:1] == ["work"] and "--commands" not in words:
            queues = [words[i + 1].partition("=")[0] for i, word in enumerate(words) if word == "--queue"]
            for queue in queues or ["default"]:
                words += ["--commands", queue]
        return words

    def ask(self, *arguments, **how):
        return super().ask(*self.with_commands(arguments), **how)

    def start(self, *arguments, **how):
        return super().start(*self.with_commands(arguments), **how)

    def sql(self, text: str) -> str:
        return SERVER.sql(self.database, text)

    def is_well(self) -> None:
        self.assertEqual(self.done("store", "check"), "all is well\n")


def without(*names: str):
    """Of inherited tests those that are about the default store."""

    def change(cls):
        for name in names:
            assert hasattr(cls, name), name
            setattr(cls, name, None)
        return cls

    return change


# -- what is tested of a file, too ------------------------------------------


@without("test_a_command_is_pushed_and_run_with_nothing_else_said")
class PushAndWork(OnPostgres, test_queue.PushAndWork):
    pass


class UntilEmpty(OnPostgres, test_queue.UntilEmpty):
    pass


@without("test_the_newest_are_printed_unless_all_are_asked_for", "test_a_job_is_pushed_from_another_language",
         "test_the_table_fits_the_terminal")
class Looking(OnPostgres, test_queue.Looking):
    pass


class Waiting(OnPostgres, test_queue.Waiting):
    pass


class Asking(OnPostgres, test_queue.Asking):
    pass


class Workers(OnPostgres, test_queue_faults.Workers):
    pass


class GoingOn(OnPostgres, test_durable_run.GoingOn):
    pass


class Finished(OnPostgres, test_durable_run.Finished):
    pass


class Together(OnPostgres, test_durable_run.Together):
    pass


# -- each verb by --store ---------------------------------------------------


class ByAddress(OnPostgres):
    def setUp(self) -> None:
        super().setUp()
        del self.environment["TASKACTOR_STORE"]

    def at(self, verb: str, *arguments: str) -> str:
        return self.done(verb, "--store", self.address, *arguments)

    def test_every_verb(self):
        self.at("store", "migrate")
        number = self.at("push", "--", "echo", "hello").strip()
        other = self.at("push", "--delay", "1h", "--", "true").strip()
        self.at("limit", "db", "--capacity", "2")
        self.at("pause", "default")
        self.at("resume", "default")
        self.assertEqual(len(self.at("jobs", "--json").splitlines()), 2)
        code, out, err = self.ask("work", "--store", self.address, "--until-empty", "--horizon", "1s")
        self.assertEqual(code, 3, err)
        self.assertIn(f"job {number}: succeeded", out)
        self.assertEqual(self.at("wait", number), f"job {number}: succeeded\n")
        self.assertEqual(self.at("log", number), "hello\n")
        self.assertEqual(json.loads(self.at("job", "--json", number))["state"], "succeeded")
        self.assertEqual(self.at("cancel", other), f"job {other}: is cancelled\n")
        self.assertEqual(self.at("retry", other), f"job {other}: is ready again\n")
        self.assertEqual(self.at("cancel", other), f"job {other}: is cancelled\n")
        self.assertEqual(self.at("delete", other), f"job {other}: is deleted\n")
        self.assertEqual(json.loads(self.at("status", "--json"))["counters"]["succeeded"], 1)
        self.assertEqual(self.at("store", "check"), "all is well\n")
        self.assertEqual(self.at("store", "prune"), "0 forgotten\n")
        self.assertEqual(json.loads(self.at("store", "export"))["id"], int(number))
        code, out, err = self.ask("run", f"--store={self.address}", "--batch", "b", "-k", "echo", ":::", "a", "b")
        self.assertEqual((code, out), (0, "a\nb\n"), err)
        self.assertFalse(self.store.exists(), "the default store wasn't touched")

    def test_a_backup_is_pg_dumps(self):
        said = self.refused(2, "store", "backup", "copy", "--store", self.address)
        self.assertIn("pg_dump --schema=taskactor", said)
        self.assertFalse((self.folder / "copy").exists())

    def test_an_address_is_not_the_command_of_a_run(self):
        said = self.refused(2, "run", "--store", self.address, "echo", ":::", "a")
        self.assertIn("Write --store=postgresql://...", said)

    def test_the_help_the_manual_and_the_completion_know_addresses(self):
        for words in (["jobs", "--help"], ["push", "--help"], ["run", "--help"], ["man"]):
            self.assertIn("postgresql://", self.done(*words).replace("\\", ""), words)
        self.assertIn("restored", self.done("completion", "bash"))


class BadServers(OnPostgres):
    def test_what_is_missing_is_said(self):
        for address, what in [
            (SERVER.address("nothing_here"), "create it (createdb)"),
            (f"postgresql:///x?host={self.folder}", "No such file"),
            (SERVER.address(self.database, "nobody_at_all"), 'role "nobody_at_all" does not exist'),
        ]:
            with self.subTest(address):
                self.assertIn(what, self.refused(4, "jobs", "--store", address))

    def test_an_empty_database_has_no_store_until_something_is_pushed(self):
        address = SERVER.address(SERVER.new_database())
        self.assertIn("there is no store in it", self.refused(4, "jobs", "--store", address))
        self.assertEqual(self.done("push", "--store", address, "--", "true").strip().isdigit(), True)

    def test_a_newer_store_and_another_programs_schema_are_refused(self):
        self.sql("UPDATE taskactor.meta SET value = '99' WHERE name = 'schema'")
        self.assertIn("update this program", self.refused(4, "jobs"))
        self.sql("DROP SCHEMA taskactor CASCADE; CREATE SCHEMA taskactor; CREATE TABLE taskactor.mine(a int)")
        self.assertIn("is another program's", self.refused(4, "push", "--", "true"))

    def test_who_may_only_look_can_not_push(self):
        self.sql("CREATE ROLE looks LOGIN IN ROLE taskactor_read")
        self.addCleanup(self.sql, "DROP ROLE looks")
        address = SERVER.address(self.database, "looks")
        self.assertEqual(self.done("jobs", "--json", "--store", address), "")
        self.assertIn("taskactor_run", self.refused(4, "push", "--store", address, "--", "true"))


class Passwords(OnPostgres):
    """A password is in no output, whatever is wrong."""

    WORD = "hunter2-is-secret"

    def setUp(self) -> None:
        super().setUp()
        self.sql(f"CREATE ROLE secret LOGIN SUPERUSER PASSWORD '{self.WORD}'")
        self.addCleanup(self.sql, "DROP ROLE secret")
        self.file = self.folder / "passwords"
        self.file.write_text(f"*:*:*:secret:{self.WORD}\n")
        self.file.chmod(0o600)

    def with_password(self, word: str) -> str:
        return f"postgresql://secret:{word}@/{self.database}?host={SERVER.folder}"

    def test_on_the_command_line_it_is_refused(self):
        for address in (self.with_password(self.WORD), self.with_password("a/" + self.WORD),
                        f"{SERVER.address(self.database, 'secret')}&password={self.WORD}",
                        f"{SERVER.address(self.database, 'secret')}&%70assword={self.WORD}"):
            for words in (["jobs", "--store", address], ["push", f"--store={address}", "--", "true"],
                          ["run", f"--store={address}", "echo", ":::", "a"], ["store", "check", "--store", address]):
                with self.subTest(words):
                    code, out, err = self.ask(*words)
                    self.assertEqual((code, out), (2, ""), err)
                    self.assertIn("~/.pgpass", err)
                    self.assertNotIn(self.WORD, err)
            code, out, err = self.ask("run", "--store", address, "echo", ":::", "a")
            self.assertEqual(code, 2)
            self.assertNotIn(self.WORD, out + err)
        self.assertEqual(self.done("push", "--", "psql", self.with_password(self.WORD)).strip().isdigit(), True,
                         "an argument of the command is the user's business")

    def test_from_a_password_file(self):
        environment = {**self.environment, "PGPASSFILE": str(self.file),
                       "TASKACTOR_STORE": SERVER.address(self.database, "secret")}
        self.assertIn("is up to date", self.done("store", "migrate", env=environment))
        environment["PGPASSFILE"] = "/nowhere"
        said = self.refused(4, "jobs", env=environment)
        self.assertIn("password file (PGPASSFILE, ~/.pgpass)", said)

    def test_in_the_environment_it_is_used_and_never_shown(self):
        right = {**self.environment, "TASKACTOR_STORE": self.with_password(self.WORD)}
        for words in (["push", "--json", "--", "true"], ["status"], ["store", "migrate"],
                      ["store", "migrate", "--json"], ["store", "check"], ["jobs"],
                      ["run", "--store", "--batch", "b", "echo", ":::", "a"]):
            code, out, err = self.ask(*words, env=right)
            self.assertEqual(code, 0, err)
            self.assertNotIn(self.WORD, out + err, words)
        for wrong in (self.with_password("not-" + self.WORD), self.with_password(self.WORD + "%zz"),
                      self.with_password(self.WORD) + "&nonsense=1", f"postgresql://secret:{self.WORD}@[::1/x"):
            for words in (["jobs"], ["push", "--", "true"], ["store", "check"],
                          ["run", "--store", "--batch", "b", "echo", ":::", "a"]):
                code, out, err = self.ask(*words, env={**self.environment, "TASKACTOR_STORE": wrong})
                self.assertIn(code, (2, 4, 5), err)
                self.assertNotIn(self.WORD, out + err, words)


class OtherMachines(OnPostgres):
    """A batch whose former run was on another machine: here a row that says so."""

    def was_run_elsewhere(self) -> None:
        self.assertEqual(self.ask("run", "--store", "--batch", "b", "-j1", "sh", "-c", "exit 0", ":::", "a")[0], 0)
        self.sql("INSERT INTO taskactor.runner VALUES(nextval('taskactor.number'), 'run/b', 77, false, 5, 0, 'elsewhere', "
                 "'another boot', 4711, 1, '[]')")

    def begin(self) -> program.Running:
        running = self.start("run", "--store", "--batch", "b", "--again", "echo", ":::", "a")
        self.assertEqual(running.err_line(), "taskactor: the batch b was run by process 4711 on elsewhere, of which nothing "
                                             "else is known: waiting 30 s for a sign of it")
        return running

    def test_one_that_gives_a_sign_is_alive(self):
        self.was_run_elsewhere()
        running = self.begin()
        self.sql("UPDATE taskactor.runner SET beat = beat + 1 WHERE incarnation = 77")
        code, out, err = running.finish()
        self.assertEqual((code, out), (2, ""))
        self.assertIn("the batch b is being run by process 4711 on elsewhere", err)
        self.assertEqual(self.sql("SELECT count(*) FROM taskactor.runner WHERE name = 'run/b' AND NOT dead"), "1")

    def test_one_that_gives_none_is_dead(self):
        self.was_run_elsewhere()
        code, out, err = self.begin().finish()
        self.assertEqual((code, out), (0, "a\n"), err)
        self.assertEqual(self.sql("SELECT count(*) FROM taskactor.runner WHERE name = 'run/b' AND NOT dead"), "0")
        self.is_well()

    def test_the_wait_can_be_stopped(self):
        self.was_run_elsewhere()
        running = self.begin()
        running.interrupt()
        self.assertEqual(running.finish()[:2], (130, ""))
        self.assertEqual(self.sql("SELECT count(*) FROM taskactor.runner WHERE name = 'run/b' AND incarnation <> 77"), "0")

    def test_a_run_that_was_taken_over_ends(self):
        running = self.start("run", "--store", "--batch", "b", "-j1", "sleep", ":::", "100", "101")
        self.wait_until(lambda: self.sql("SELECT count(*) FROM taskactor.running") != "0")
        self.sql("UPDATE taskactor.runner SET dead = true WHERE name = 'run/b'")
        code, _, err = running.finish()
        self.assertEqual(code, 5, err)
        self.assertIn("another machine has taken the batch over", err)


class Restored(OnPostgres):
    """A copy by pg_dump that is put in the store's place."""

    def dump(self) -> pathlib.Path:
        copy = pathlib.Path(SERVER.folder, self.database + ".dump")
        SERVER.run("pg_dump", "-h", SERVER.folder, "-U", "postgres", "--schema=taskactor", "-Fc", "-f", copy, self.database)
        return copy

    def restore(self, copy: pathlib.Path) -> None:
        self.sql("DROP SCHEMA taskactor CASCADE")
        SERVER.run("pg_restore", "-h", SERVER.folder, "-U", "postgres", "-d", self.database, copy)

    def drawn(self) -> tuple[int, int]:
        return tuple(int(self.sql(f"SELECT last_value FROM taskactor.{name}")) for name in ("token", "number"))

    def test_no_token_and_no_id_comes_twice(self):
        kept = self.push("--", "true")
        copy = self.dump()
        lost = [self.push("--", "true") for _ in range(3)]
        self.assertEqual(self.work("--quiet")[0], 0)
        before = self.drawn()
        self.restore(copy)
        self.assertLess(self.drawn(), before)
        self.assertEqual(self.lines("store", "restored"), [{"released": 0}])
        self.assertGreater(min(self.drawn()), 2**40 - 1)
        new = self.push("--", "true")
        self.assertGreater(new, max(lost))
        self.assertEqual(self.work("--quiet")[0], 0)
        self.assertEqual({self.state_of(kept), self.state_of(new)}, {"succeeded"})
        first = self.drawn()
        self.done("store", "restored")
        self.assertGreater(self.drawn(), first, "once more does no harm")
        self.is_well()

    def test_what_ran_when_the_copy_was_made_is_ready_and_nothing_is_counted(self):
        number = self.shell("exec sleep 1000")
        worker = self.start("work")
        self.wait_until(lambda: self.state_of(number) == "running")
        copy = self.dump()
        said = self.refused(2, "store", "restored")
        self.assertIn("stop all runners", said)
        self.assertIn(f"process {worker.process.pid}", said)
        worker.process.kill()
        worker.process.wait()
        self.restore(copy)
        self.assertEqual(self.done("store", "restored"), "tokens and ids begin anew above all that were given out; "
                                                         "claims that are ready again: 1\n")
        job = self.job(number)
        self.assertEqual((job["state"], job["attempts"], job["losses"]), ("ready", 0, 0))
        self.is_well()

    def test_its_owner_does_it(self):
        self.sql("CREATE ROLE runs LOGIN IN ROLE taskactor_run")
        self.addCleanup(self.sql, "DROP ROLE runs")
        self.assertIn("permission denied", self.refused(4, "store", "restored", "--store", SERVER.address(self.database, "runs")))


class Pages(OnPostgres):
    """What the guide shows."""

    def test_the_shells_part(self):
        tools = self.folder / "tools"
        tools.mkdir()
        (tools / "taskactor").symlink_to(program.PROGRAM)
        (self.folder / "backup.sh").write_text("#!/bin/sh\necho copied\n")
        (self.folder / "backup.sh").chmod(0o755)
        environment = {**self.environment, "PGHOST": SERVER.folder, "PGUSER": "postgres",
                       "PATH": f"{tools}:{postgres_server.programs()}:{self.environment['PATH']}"}
        del environment["TASKACTOR_STORE"]
        script = pathlib.Path(__file__).with_name("operating_postgres.sh")
        done = subprocess.run(["sh", "-e", script], cwd=self.folder, env=environment, capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, timeout=program.LIMIT)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, r"job \d+: succeeded")
        self.assertTrue(done.stdout.endswith("claims that are ready again: 0\n"), done.stdout)
        self.assertEqual(SERVER.sql("app", "SELECT count(*) FROM taskactor.history"), "4", "a job, two items and their batch")

    def page(self, name: str) -> str:
        return pathlib.Path(__file__).with_name(name).read_text()

    def test_what_to_watch(self):
        # Enough that its table is among the largest, whatever autovacuum has added to small ones by now.
        self.sql("SELECT taskactor.push('default', 'look', '[]') FROM generate_series(1, 2000)")
        rows = self.sql(self.page("health.sql")).splitlines()
        self.assertTrue(rows[0].startswith("default|2000|"), rows)
        tables = [row.partition("|")[0] for row in rows]
        self.assertIn("ready", tables)
        self.assertIn("job", tables)

    def test_roles_and_a_push_in_sql(self):
        self.sql(self.page("postgres_roles.sql"))
        self.addCleanup(self.sql, "DROP ROLE worker; DROP ROLE website")
        pushed = SERVER.run("psql", "-h", SERVER.folder, "-U", "website", "-d", self.database, "-X", "-A", "-t", "-c",
                            self.page("push_from_sql.sql")).strip()
        job = self.lines("job", pushed, "--store", SERVER.address(self.database, "worker"))[0]
        self.assertEqual((job["queue"], job["task"], job["arguments"], job["priority"], job["state"]),
                         ("mail", "send_letter", ["ann@example.org"], 2, "delayed"))


if __name__ == "__main__":
    program.main()
