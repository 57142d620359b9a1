"""A program that is nothing but its named tasks: what it lists, and how it calls them."""
import json
import os
import pathlib
import re
import signal
import subprocess

import program


class Case(program.Case):
    def ask(self, *arguments: str, **how) -> tuple[int, str, str]:
        """Exit code, standard output and error."""
        done = subprocess.run(
            [program.PROGRAM, *arguments], cwd=self.folder, capture_output=True, text=True, timeout=program.LIMIT, **how
        )
        return done.returncode, done.stdout, done.stderr

    def start(self, *arguments: str, until: str) -> program.Running:
        running = program.Running([program.PROGRAM, *arguments], self.folder, self)
        while until not in running.err_line():
            pass
        return running


class List(Case):
    def test_names_and_signatures(self):
        code, out, err = self.ask("list")
        self.assertEqual((code, err), (0, ""))
        self.assertIn("repeat(string, int = 2) -> string\n", out)
        self.assertIn("linger() -> nothing\n", out)
        names = [line.partition("(")[0] for line in out.splitlines()]
        self.assertEqual(names, sorted(names))

    def test_for_machines_an_object_a_line(self):
        code, out, _ = self.ask("list", "--json")
        self.assertEqual(code, 0)
        tasks = {each["name"]: each for each in map(json.loads, out.splitlines())}
        place = tasks["repeat"].pop("place")
        self.assertRegex(place, r"named_program\.cpp:\d+$")
        self.assertEqual(tasks["repeat"], {
            "name": "repeat", "signature": "(string, int = 2) -> string", "parameters": 2, "required": 1,
            "where": None, "timeout": 90.0,
        })
        self.assertEqual((tasks["persist"]["where"], tasks["persist"]["timeout"]), ("thread", "none"))


class Call(Case):
    def test_arguments_and_results_are_json(self):
        self.assertEqual(self.ask("call", "repeat", '"ab"', "3"), (0, '"ababab"\n', ""))
        self.assertEqual(self.ask("call", "repeat", '"ab"'), (0, '"abab"\n', ""))
        self.assertEqual(self.ask("call", "--timeout=5s", "bytes", "[0, 255]"), (0, "[0,255]\n", ""))

    def test_a_result_that_can_not_be_sent_is_refused_and_its_worker_lives(self):
        for name, words in (("nested", ["250"]), ("tagged", [])):
            code, out, err = self.ask("call", "--where", "process", name, *words)
            self.assertEqual((code, out), (1, ""), err)
            self.assertIn("the result can't be sent: more than 200 levels, or a CBOR tag", err)
            self.assertNotIn("killed", err)
        whole = self.ask("call", "--where", "process", "nested", "150")
        self.assertEqual(whole[:2], (0, "[" * 150 + "null" + "]" * 150 + "\n"))

    def test_a_result_without_a_json_form_is_refused_wherever_it_was_made(self):
        for where in ("actor", "thread", "process"):
            code, out, err = self.ask("call", "--where", where, "boundless")
            self.assertEqual((code, out), (5, ""))
            self.assertIn("boundless: its result has no JSON form", err)
        self.assertEqual(self.ask("call", "tagged")[0], 5)

    def test_a_conversion_may_throw_what_it_likes(self):
        for where in ("actor", "thread", "process"):
            code, out, err = self.ask("call", "--where", where, "unspeakable")
            self.assertEqual((code, out), (1, ""))
            self.assertIn("int", err)
            self.assertNotIn("died", err)

    def test_a_program_that_can_not_be_looked_into_has_workers(self):
        other = {"user": 65534} if os.geteuid() == 0 else {}
        code, out, err = self.ask("call", "--where", "process", "repeat", '"a"', "3",
                                  env={**os.environ, "TEST_CLOSED": "1"}, **other)
        self.assertEqual((code, out), (0, '"aaa"\n'), err)

    def test_without_proc_it_says_so(self):
        hidden = ["unshare", "-m", "sh", "-c", 'mount -t tmpfs none /proc && exec "$0" "$@"', program.PROGRAM]
        if subprocess.run([*hidden, "list"], capture_output=True).returncode != 0:
            self.skipTest("nothing can be mounted here")
        done = subprocess.run([*hidden, "call", "--where", "process", "repeat", '"a"'], capture_output=True, text=True,
                              timeout=program.LIMIT)
        self.assertEqual(done.returncode, 1)
        self.assertIn("/proc", done.stderr)

    def test_it_runs_where_it_is_told_to(self):
        here = subprocess.Popen([program.PROGRAM, "call", "process_number"], stdout=subprocess.PIPE, text=True)
        self.assertEqual(int(here.communicate(timeout=program.LIMIT)[0]), here.pid)
        child = subprocess.Popen(
            [program.PROGRAM, "call", "--where", "process", "process_number"], stdout=subprocess.PIPE, text=True
        )
        number = int(child.communicate(timeout=program.LIMIT)[0])
        self.assertEqual(child.returncode, 0)
        self.assertNotEqual(number, child.pid)
        self.wait_for_end(number)
        self.assertEqual(self.ask("call", "--where", "thread", "repeat", '"a"')[:2], (0, '"aa"\n'))

    def test_what_a_worker_prints_is_no_result(self):
        code, out, err = self.ask("call", "--where", "process", "say", '"hello"')
        self.assertEqual(code, 0)
        self.assertRegex(out, r"^\d+\n$")
        # A line that is read after the answer is nobody's any more.
        self.assertRegex(err, r"^named_program: (say|worker): hello\n$")

    def test_a_failure_says_what_was_thrown(self):
        for where in ("actor", "thread", "process"):
            code, out, err = self.ask("call", "--where", where, "repeat", '"ab"', "-1")
            self.assertEqual((code, out), (1, ""))
            self.assertRegex(err, r"^named_program: repeat: failed: (taskactor::remote_error: )?std::domain_error: fewer than none\n$")

    def test_a_timeout_has_an_exit_code_of_its_own(self):
        code, out, err = self.ask("call", "--timeout", "50ms", "linger")
        self.assertEqual((code, out), (3, ""))
        self.assertIn("named_program: linger: timed out", err)

    def test_a_result_that_is_no_json_is_an_error(self):
        code, out, err = self.ask("call", "broken_text")
        self.assertEqual((code, out), (5, ""))
        self.assertIn("broken_text: its result has no JSON form: invalid UTF-8", err)

    def test_a_full_disk_is_an_error(self):
        with open("/dev/full", "w") as full:
            done = subprocess.run([program.PROGRAM, "call", "repeat", '"a"'], stdout=full, stderr=subprocess.PIPE)
        said = b"named_program: standard output can't be written: No space left on device\n"
        self.assertEqual((done.returncode, done.stderr), (5, said))


    def test_what_the_guide_says(self):
        path = {**os.environ, "PATH": f"{pathlib.Path(program.PROGRAM).parent}:{os.environ['PATH']}"}
        script = pathlib.Path(__file__).with_name("named_program.sh")
        done = subprocess.run(["sh", "-eu", script], capture_output=True, text=True, timeout=program.LIMIT, env=path)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(done.stdout.splitlines()[-2:], ['"ababab"', '"ababab"'])


class Usage(Case):
    def refused(self, *arguments: str) -> str:
        code, out, err = self.ask(*arguments)
        self.assertEqual((code, out), (2, ""))
        self.assertTrue(err.endswith(f"\nTry `named_program {arguments[0]} --help`.\n"), err)
        return err.partition("\n")[0].removeprefix("named_program: ")

    def test_a_task_that_is_not_there(self):
        said = self.refused("call", "repeet", '"a"')
        self.assertEqual(
            said, 'no task is named "repeet"; did you mean "repeat"?; `named_program list` names all there are'
        )
        self.assertEqual(self.refused("call"), "the name of a task is missing")

    def test_arguments_that_do_not_fit(self):
        self.assertEqual(
            self.refused("call", "repeat", '"a"', "[]"),
            "repeat: argument 2: expected an integer from -2147483648 to 2147483647, got []",
        )
        self.assertEqual(
            self.refused("call", "repeat"),
            "repeat: expected 1 to 2 arguments, (string, int = 2) -> string, got 0 arguments",
        )

    def test_an_argument_that_is_no_json(self):
        said = self.refused("call", "repeat", '"a"', "hello")
        self.assertRegex(said, r"^argument 2 is no JSON value: hello \(.*\); as a string it is written '\"hello\"'$")

    def test_options(self):
        self.assertEqual(
            self.refused("call", "--tiem", "1", "repeat"),
            "no option --tiem: there are --timeout, --where, --load, --help",
        )
        self.assertEqual(self.refused("call", "--timeout"), "--timeout: its TIME is missing")
        self.assertIn('"soon" is not a time; write', self.refused("call", "--timeout", "soon", "repeat"))
        self.assertIn("there are actor, thread and process", self.refused("call", "--where", "moon", "repeat"))
        self.assertEqual(self.refused("list", "--json=1"), "--json takes no value")
        self.assertEqual(self.refused("list", "repeat"), '"repeat": list takes no arguments')
        self.assertIn("is a coroutine", self.refused("call", "--where", "thread", "linger"))

    def test_verbs(self):
        code, out, err = self.ask("lst")
        self.assertEqual((code, out), (2, ""))
        self.assertTrue(err.startswith('named_program: "lst" is none of its verbs\nUsage: named_program VERB'))
        self.assertEqual(self.ask()[0], 2)

    def test_help(self):
        code, out, err = self.ask("--help")
        self.assertEqual((code, err), (0, ""))
        self.assertEqual(re.findall(r"^  (\w+)", out, re.MULTILINE), ["list", "call"])
        for verb in ("list", "call"):
            code, out, _ = self.ask(verb, "--help")
            self.assertEqual(code, 0)
            self.assertIn("--load FILE", out)
            self.assertEqual(re.findall(r"^  (\d+)", out, re.MULTILINE), ["0", "1", "2", "3", "4", "5", "130"])

    def test_a_library_that_is_not_there(self):
        code, out, err = self.ask("call", "--load", "none.so", "repeat", '"a"')
        self.assertEqual((code, out), (4, ""))
        self.assertTrue(err.startswith("named_program: none.so: cannot open shared object file"), err)
        self.assertIn("give its path", err)


class Signals(Case):
    def test_a_signal_cancels_the_task(self):
        for where in ("actor", "process"):
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                running = self.start("call", "--where", where, "linger", until="lingers")
                running.interrupt(number)
                code, out, err = running.finish()
                self.assertEqual((code, out), (128 + number, ""))
                self.assertIn("named_program: cancelling linger (again: kill)\n", err)

    def test_a_second_signal_ends_what_can_not_be_cancelled(self):
        running = self.start("call", "persist", until="persists")
        running.interrupt()
        self.assertEqual(running.err_line(), "named_program: cancelling persist (again: kill)")
        running.interrupt()
        code, out, _ = running.finish()
        self.assertEqual((code, out), (130, ""))

    def test_what_was_ignored_at_the_start_stays_ignored(self):
        running = program.Running(
            [program.PROGRAM, "call", "--timeout", "1s", "linger"], self.folder, self,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),
        )
        running.err_line()
        running.interrupt()
        self.assertEqual(running.finish()[0], 3)

    def test_no_worker_stays(self):
        running = self.start("call", "--where", "process", "persist", until="persists")
        children = pathlib.Path(f"/proc/{running.process.pid}/task").glob("*/children")
        workers = [int(pid) for each in children for pid in each.read_text().split()]
        self.assertTrue(workers)
        os.kill(running.process.pid, signal.SIGKILL)
        self.wait_for_end(*workers)


if __name__ == "__main__":
    program.main()
