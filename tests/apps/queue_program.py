"""What the tests of the verbs of jobs share: a state folder of their own, and the program's answers."""
import json
import os
import pathlib
import subprocess

import program


class Case(program.Case):
    def setUp(self) -> None:
        super().setUp()
        self.state = self.folder / "state"
        self.environment = {**os.environ, "XDG_STATE_HOME": str(self.state), "LANG": "C.UTF-8"}
        for name in ("TASKACTOR_STORE", "TASKACTOR_NODE", "TASKACTOR_LOG"):
            self.environment.pop(name, None)

    @property
    def store(self) -> pathlib.Path:
        """The default one."""
        return self.state / "taskactor" / "jobs.db"

    def ask(self, *arguments: str | bytes, **how) -> tuple[int, str, str]:
        """Exit code, standard output and error."""
        how.setdefault("env", self.environment)
        how.setdefault("cwd", self.folder)
        how.setdefault("stdin", subprocess.DEVNULL)
        done = subprocess.run([program.PROGRAM, *arguments], capture_output=True, text=True, timeout=program.LIMIT, **how)
        return done.returncode, done.stdout, done.stderr

    def done(self, *arguments: str | bytes, **how) -> str:
        """What it prints when all is well."""
        code, out, err = self.ask(*arguments, **how)
        self.assertEqual((code, err), (0, ""), arguments)
        return out

    def refused(self, code: int, *arguments: str | bytes, **how) -> str:
        got, out, err = self.ask(*arguments, **how)
        self.assertEqual((got, out), (code, ""), (arguments, err))
        self.assertTrue(err.startswith("taskactor: "), err)
        return err.removeprefix("taskactor: ").rstrip("\n")

    def push(self, *arguments: str) -> int:
        return int(self.done("push", *arguments))

    def shell(self, script: str, *options: str) -> int:
        """Pushes a script for /bin/sh."""
        return self.push(*options, "--", "/bin/sh", "-c", script)

    def start(self, *arguments: str, **how) -> program.Running:
        how.setdefault("env", self.environment)
        how.setdefault("stdin", subprocess.DEVNULL)
        return program.Running([program.PROGRAM, *arguments], self.folder, self, **how)

    def work(self, *arguments: str) -> tuple[int, str, str]:
        return self.ask("work", "--until-empty", *arguments)

    def run_script(self, name: str, *options: str) -> subprocess.CompletedProcess:
        """A script beside this file, with options of the shell; the folder `programs` is first in its PATH."""
        programs = self.folder / "programs"
        programs.mkdir(exist_ok=True)
        (programs / "taskactor").symlink_to(program.PROGRAM)
        environment = {**self.environment, "PATH": f"{programs}:{self.environment['PATH']}"}
        return subprocess.run(["sh", *options, pathlib.Path(__file__).with_name(name)], cwd=self.folder, env=environment,
                              capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=program.LIMIT)

    def lines(self, *arguments: str) -> list[dict]:
        return [json.loads(line) for line in self.done(*arguments, "--json").splitlines()]

    def job(self, number: int) -> dict:
        return self.lines("job", str(number))[0]

    def state_of(self, number: int) -> str:
        return self.job(number)["state"]
