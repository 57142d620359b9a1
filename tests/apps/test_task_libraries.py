"""Libraries of tasks: what `taskactor list` and `call` do with them, and taskactor-worker."""
import os
import pathlib
import subprocess
import unittest

import program

LIBRARIES = pathlib.Path(os.environ["TASKACTOR_LIBRARIES"])
WORKER = os.environ["TASKACTOR_WORKER_PROGRAM"]
PARENT = os.environ["TASKACTOR_WORKER_PARENT"]
STATIC_PROGRAM = os.environ.get("TASKACTOR_STATIC_PROGRAM")
needs_static = unittest.skipUnless(STATIC_PROGRAM, "this build makes no static library")


def library(name: str) -> str:
    return str(LIBRARIES / f"libtasks_{name}.so")


class Case(program.Case):
    def ask(self, *command: str, **how) -> tuple[int, str, str]:
        """Exit code, standard output and error."""
        done = subprocess.run(
            command, cwd=self.folder, capture_output=True, text=True, timeout=program.LIMIT, **how
        )
        return done.returncode, done.stdout, done.stderr

    def taskactor(self, *arguments: str, **how) -> tuple[int, str, str]:
        return self.ask(program.PROGRAM, *arguments, **how)

    def refused(self, *libraries: str) -> str:
        loads = [word for each in libraries for word in ("--load", each)]
        code, out, err = self.taskactor("list", *loads)
        self.assertEqual((code, out), (4, ""))
        return err.removeprefix("taskactor: ").rstrip("\n")


class Loading(Case):
    def test_its_tasks_are_listed_and_called(self):
        self.assertEqual(
            self.taskactor("list", "--load", library("one")),
            (0, "crash() -> nothing\nprocess_number() -> int\ntasks_of(string, bool = false) -> string\n", ""),
        )
        call = ("call", "--load", library("one"), "tasks_of", '"all"', "true")
        self.assertEqual(self.taskactor(*call), (0, '"all!"\n', ""))

    def test_two_libraries_and_one_of_them_twice(self):
        loads = ("--load", library("one"), "--load", library("two"), "--load", library("one"))
        code, out, err = self.taskactor("list", *loads)
        self.assertEqual((code, err), (0, ""))
        self.assertEqual(len(out.splitlines()), 6)
        self.assertIn("two.crash() -> nothing\n", out)

    def test_a_name_without_a_slash_is_here_or_where_the_loader_looks(self):
        self.folder.joinpath("libhere.so").symlink_to(library("one"))
        self.assertEqual(self.taskactor("list", "--load", "libhere.so")[0], 0)
        found = {**os.environ, "LD_LIBRARY_PATH": str(LIBRARIES)}
        self.assertEqual(self.taskactor("list", "--load", "libtasks_one.so", env=found)[0], 0)

    def test_workers_have_what_the_program_has_loaded(self):
        call = ("call", "--where", "process", "--load", library("one"), "--load", library("two"))
        code, out, err = self.taskactor(*call, "two.tasks_of", '"a"')
        self.assertEqual((code, out, err), (0, '"a"\n', ""))
        code, out, err = self.taskactor(*call, "crash")
        self.assertEqual((code, out), (1, ""))
        self.assertIn("killed by signal 6 (ABRT)", err)


class Refusals(Case):
    def test_a_file_that_is_no_library(self):
        (self.folder / "text.so").write_text("text")
        self.assertEqual(self.refused("text.so"), "./text.so: file too short")
        self.assertIn("/none.so: cannot open shared object file", self.refused("/none.so"))

    def test_a_library_without_tasks(self):
        self.assertEqual(self.refused(library("none")), library("none") + " registers no task (TASKACTOR_REGISTER)")

    def test_a_name_that_is_taken_is_told_with_both_places(self):
        self.assertRegex(
            self.refused(library("one"), library("one_again")),
            r'libtasks_one_again\.so: two tasks are named "tasks_of": '
            r"\S*tasks_library\.cpp:\d+ and \S*tasks_library\.cpp:\d+$",
        )

    @needs_static
    def test_a_library_with_a_taskactor_of_its_own(self):
        for name in ("static", "static_symbolic"):
            said = self.refused(library(name))
            self.assertEqual(
                said, f"{library(name)} has its tasks registered in another taskactor ({library(name)}) than this "
                "program: link both with the same shared libtaskactor"
            )

    @needs_static
    def test_a_library_that_hides_a_taskactor_of_its_own(self):
        self.assertIn("hides a taskactor of its own", self.refused(library("static_hidden")))

    @needs_static
    def test_a_program_with_a_taskactor_of_its_own(self):
        code, out, err = self.ask(STATIC_PROGRAM, "list", "--load", library("one"))
        self.assertEqual((code, out), (4, ""))
        self.assertRegex(err, r"in another taskactor \(\S*/libtaskactor\.so\S*\) than this program")

    def test_a_library_of_another_version(self):
        self.assertRegex(
            self.refused(library("newer")),
            r"libtasks_newer\.so: \S*tasks_library\.cpp:\d+: compiled for taskactor 0\.\d+\.0, but this is 0\.\d+\.\d+$",
        )


class Worker(Case):
    def call(self, name: str, *worker: str, load: str = "-") -> tuple[int, str]:
        code, out, _ = self.ask(PARENT, load, name, *worker)
        return code, out

    def test_a_program_has_it_as_its_worker(self):
        code, out = self.call("process_number", WORKER, "--load", library("one"), load=library("one"))
        self.assertEqual(code, 0)
        self.wait_for_end(int(out))

    def test_it_loads_what_the_program_has_loaded(self):
        self.assertEqual(self.call("process_number", WORKER, load=library("one"))[0], 0)

    def test_it_is_looked_for_on_the_path(self):
        path = {**os.environ, "PATH": str(pathlib.Path(WORKER).parent)}
        code, _, _ = self.ask(PARENT, library("one"), "process_number", "taskactor-worker", env=path)
        self.assertEqual(code, 0)
        code, out, _ = self.ask(PARENT, library("one"), "process_number", "taskactor-walker", env=path)
        self.assertEqual(code, 1)
        self.assertTrue(out.startswith("not started: the worker ended at its start: "), out)
        self.assertIn("taskactor-walker", out)

    def test_a_task_that_it_does_not_have_is_refused(self):
        code, out = self.call("known_here_alone", WORKER, "--load", library("one"))
        self.assertEqual(code, 1)
        self.assertIn('unknown task: refused by the worker: no task is named "known_here_alone"', out)

    def test_arguments_that_its_task_does_not_take_are_refused(self):
        code, out = self.call("worker.takes_a_number", WORKER, "--load", library("number"))
        self.assertEqual(code, 1)
        self.assertIn("bad arguments: refused by the worker: worker.takes_a_number: argument 1: expected", out)

    def test_a_library_that_it_can_not_load_is_told_by_the_program(self):
        code, out = self.call("known_here_alone", WORKER, "--load", "/none.so")
        self.assertEqual(code, 1)
        self.assertIn("not started: the worker ended at its start: exit code 4; its last words: ", out)
        self.assertIn("taskactor: /none.so: cannot open shared object file", out)

    def test_a_wrong_option_is_told_by_the_program(self):
        code, out = self.call("known_here_alone", WORKER, "--lode", library("one"))
        self.assertEqual(code, 1)
        self.assertIn('exit code 2; its last words: taskactor-worker: "--lode": what can be given is --load', out)

    def test_a_program_that_is_no_worker_does_not_start_itself(self):
        code, out = self.call("known_here_alone", PARENT, "-", "known_here_alone", "true")
        self.assertEqual(code, 1)
        self.assertIn("not started", out)

    def test_by_hand_it_says_what_it_is(self):
        code, out, err = self.ask(WORKER)
        self.assertEqual((code, out), (2, ""))
        self.assertIn("not started by a program that has calls for it\nUsage: taskactor-worker", err)
        code, out, err = self.ask(WORKER, "--help")
        self.assertEqual((code, err), (0, ""))
        self.assertEqual(self.ask(WORKER, "--version")[1].split()[0], "taskactor-worker")


if __name__ == "__main__":
    program.main()
