"""Nodes as processes: they run each other's tasks, notice each other's death, and leave in order."""
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import unittest

import program

LIBRARY = os.environ["TASKACTOR_NODES_LIBRARY"]
EXAMPLES = pathlib.Path(os.environ["TASKACTOR_EXAMPLES"])
sys.path.append(str(EXAMPLES))
import node_client  # noqa: E402


class Case(program.Case):
    def address(self, name: str) -> str:
        return f"unix:{self.folder}/{name}.socket"

    def start(self, name: str, *arguments: str, joins: str = "") -> program.Running:
        """A node that listens."""
        (self.folder / f"{name}.socket").unlink(missing_ok=True)
        words = [word for each in joins.split() for word in ("--join", self.address(each))]
        command = [program.PROGRAM, "node", "--name", name, "--listen", self.address(name), "--load", LIBRARY]
        node = program.Running([*command, *words, *arguments], self.folder, self, stdin=subprocess.DEVNULL)
        self.assertIn(f"{name} listens at", node.out_line())
        return node

    def start_named(self, text: str, name: str, joins: str) -> program.Running:
        """One whose name isn't that of its socket; it may be any text."""
        command = [program.PROGRAM, "node", "--name", text, "--listen", self.address(name), "--join",
                   self.address(joins)]
        return program.Running(command, self.folder, self, stdin=subprocess.DEVNULL)

    def ask(self, *arguments: str, **how) -> tuple[int, str, str]:
        done = subprocess.run([program.PROGRAM, *arguments], cwd=self.folder, capture_output=True, text=True,
                              timeout=program.LIMIT, **how)
        return done.returncode, done.stdout, done.stderr

    def call(self, node: str, *words: str) -> tuple[int, str, str]:
        return self.ask("call", "--node", self.address(node), *words)

    def begin_call(self, node: str, *words: str) -> program.Running:
        command = [program.PROGRAM, "call", "--node", self.address(node), *words]
        return program.Running(command, self.folder, self, stdin=subprocess.DEVNULL)

    def nodes(self, node: str) -> dict:
        code, out, err = self.ask("nodes", "--node", self.address(node), "--json")
        self.assertEqual((code, err), (0, ""))
        return json.loads(out)

    def states(self, node: str) -> dict[str, str]:
        return {each["name"]: each["state"] for each in self.nodes(node)["peers"]}

    def lines(self, name: str) -> list[list[str]]:
        path = self.folder / name
        return [line.split() for line in path.read_text().splitlines()] if path.exists() else []

    def wait_for_lines(self, name: str, count: int) -> None:
        self.wait_until(lambda: len(self.lines(name)) >= count)


class Calls(Case):
    def test_a_call_gives_its_result_or_says_what_went_wrong(self):
        self.start("a")
        self.assertEqual(self.call("a", "square", "12"), (0, "144\n", ""))
        code, _, err = self.call("a", "sqare", "12")
        self.assertEqual(code, 2)
        self.assertIn('did you mean "square"?', err)
        code, _, err = self.call("a", "square", '"x"')
        self.assertEqual(code, 2)
        self.assertIn("argument 1: expected an integer", err)
        code, _, err = self.call("a", "fails")
        self.assertEqual((code, err), (1, "taskactor: std::runtime_error: no such page\n"))
        code, _, err = self.ask("call", "--node", self.address("a"), "--timeout", "0.1s", "work", "60")
        self.assertEqual(code, 3)
        self.assertIn("timed out", err)

    def test_options_may_stand_before_the_node(self):
        self.start("a")
        self.assertEqual(self.ask("call", "--timeout", "9", "--node", self.address("a"), "square", "3")[1], "9\n")

    def test_nobody_there_is_said_at_once(self):
        begun = time.monotonic()
        code, _, err = self.call("nobody", "square", "1")
        self.assertEqual(code, 1)
        self.assertIn("No such file or directory", err)
        self.assertLess(time.monotonic() - begun, 9)  # of the 10 that an answer is waited for

    def test_tasks_of_a_node_are_listed_and_cancelled(self):
        self.start("a")
        call = self.begin_call("a", "work", "60", f'"{self.folder}/log"')
        self.wait_for_lines("log", 1)
        _, out, _ = self.ask("status", "--node", self.address("a"))
        task = out.splitlines()[1].split()[0]
        self.assertEqual(self.ask("cancel", "--node", self.address("a"), task)[1], "requested\n")
        self.assertEqual(self.ask("services", "--node", self.address("a")), (0, "no services\n", ""))
        code, _, err = call.finish()
        self.assertEqual(code, 1)
        self.assertIn("cancelled", err)
        self.assertEqual([line[0] for line in self.lines("log")], ["begun", "cancelled"])

    def test_a_node_that_is_full_can_be_asked_and_helped(self):
        self.start("a", "--capacity", "1", "--prefetch", "0")
        call = self.begin_call("a", "work", "600", f'"{self.folder}/log"')
        self.wait_for_lines("log", 1)
        other = self.begin_call("a", "square", "3")
        _, out, _ = self.ask("status", "--node", self.address("a"))
        self.assertEqual(len(out.splitlines()), 2)
        task = out.splitlines()[1].split()[0]
        self.assertEqual(self.ask("cancel", "--node", self.address("a"), task)[1], "requested\n")
        self.assertEqual(call.finish()[0], 1)
        self.assertEqual(other.finish()[:2], (0, "9\n"))

    def test_who_is_killed_has_its_calls_cancelled(self):
        self.start("a")
        call = self.begin_call("a", "work", "60", f'"{self.folder}/log"')
        self.wait_for_lines("log", 1)
        call.process.kill()
        self.wait_for_lines("log", 2)
        self.assertEqual(self.lines("log")[1][0], "cancelled")

    def test_a_node_killed_under_a_call_is_an_error_within_moments(self):
        node = self.start("a")
        call = self.begin_call("a", "work", "60", f'"{self.folder}/log"')
        self.wait_for_lines("log", 1)
        begun = time.monotonic()
        node.process.kill()
        code, _, err = call.finish()
        self.assertEqual(code, 1)
        self.assertIn('node "a" was lost under it', err)
        self.assertNotIn("nothing was heard", err)  # so it would be after its lease
        self.assertLess(time.monotonic() - begun, 10)

    def test_a_node_stopped_under_a_call_is_an_error_after_its_lease(self):
        node = self.start("a")
        call = self.begin_call("a", "work", "60", f'"{self.folder}/log"')
        self.wait_for_lines("log", 1)
        time.sleep(1)
        begun = time.monotonic()
        node.process.send_signal(signal.SIGSTOP)
        code, _, err = call.finish()
        self.assertEqual(code, 1)
        self.assertIn("nothing was heard of it for too long", err)
        self.assertLess(time.monotonic() - begun, 10)  # the lease, and a moment for the process's end
        node.process.send_signal(signal.SIGCONT)
        self.wait_for_lines("log", 2)
        self.assertEqual(self.lines("log")[1][0], "cancelled")


class Forgery(Case):
    """What peers say of themselves is text, whatever a terminal would make of it."""
    EVIL = "x\n\x1b[31mforged  up\u202e"

    def test_a_label_or_a_name_is_one_cell_of_one_row(self):
        self.start("a")
        self.start("b", "--label", self.EVIL, joins="a")
        self.start_named(self.EVIL, "c", joins="a")
        up = lambda: {name for name, state in self.states("a").items() if state == "up"}
        self.wait_until(lambda: {"b", self.EVIL} <= up())
        code, out, err = self.ask("nodes", "--node", self.address("a"))
        self.assertEqual((code, err), (0, ""))
        rows = [line for line in out.splitlines() if "forged" in line]
        self.assertEqual(sorted(row[:3] for row in rows), ["b  ", "x\\n"])
        self.assertNotIn("\x1b", out)
        self.assertNotIn("\u202e", out)

    def test_an_id_is_one_cell_and_an_answer_one_line(self):
        self.start("a")
        code, _, err = self.call("a", self.EVIL)
        self.assertEqual((code, len(err.splitlines())), (2, 1))
        self.assertNotIn("\x1b", err)


class OtherLanguages(Case):
    def python(self, *arguments: str) -> tuple[int, str, str]:
        done = subprocess.run([sys.executable, "-B", EXAMPLES / "node_client.py", *arguments], cwd=self.folder,
                              capture_output=True, text=True, timeout=program.LIMIT)
        return done.returncode, done.stdout, done.stderr

    def test_a_client_in_python_calls_whoever_of_the_two_decides(self):
        self.start("m")
        for name in ("a", "z"):  # the lesser of the two names decides
            self.assertEqual(self.python("--name", name, self.address("m"), "square", "12"), (0, "144\n", ""))
            code, _, err = self.python("--name", name, self.address("m"), "fails")
            self.assertEqual((code, err), (1, "node_client.py: failed: std::runtime_error: no such page\n"))
        self.assertIn("no task is named", self.python(self.address("m"), "sqare", "12")[2])
        self.assertIn("timed out", self.python("--timeout", "0.2", self.address("m"), "work", "60")[2])
        self.assertEqual(self.python(self.address("m"), "work", "3")[:2], (0, "1\n"))  # longer than a lease
        self.assertEqual(self.nodes("m")["violations"], 0)

    def test_a_call_that_is_sent_again_knows_it_in_a_worker_too(self):
        self.start("m")
        session = node_client.Session(self.address("m"), "python")
        self.addCleanup(session.close)
        log = str(self.folder / "log")
        for token in (3, 1):
            self.assertEqual(session.call("work", 0, fencing_token=token), token)
            self.assertEqual(session.call("work_in_worker", 0, log, fencing_token=token), token)
        self.assertEqual([line[:2] for line in self.lines("log")],
                         [["begun", "3"], ["ended", "3"], ["begun", "1"], ["ended", "1"]])
        self.assertNotIn(str(session.call("process_number")), {line[2] for line in self.lines("log")})

    def test_it_shows_a_certificate(self):
        self.assertEqual(self.ask("node", "cert", "--authority", "ca", "m,localhost,127.0.0.1", "python")[0], 0)
        command = [program.PROGRAM, "node", "--listen", "127.0.0.1:0", "--load", LIBRARY, "--authority",
                   "ca/authority.pem", "--certificate", "ca/m.pem", "--key", "ca/m.key"]
        node = program.Running(command, self.folder, self, stdin=subprocess.DEVNULL)
        address = node.out_line().rpartition(" ")[2]
        files = ("--authority", "ca/authority.pem", "--certificate", "ca/python.pem", "--key", "ca/python.key")
        self.assertEqual(self.python(*files, "--name", "python", address, "square", "7"), (0, "49\n", ""))
        code, _, err = self.python(*files, "--name", "other", address, "square", "7")
        self.assertEqual(code, 1)
        self.assertIn("its certificate", err)


class Members(Case):
    def test_nodes_find_one_another_again(self):
        self.start("a")
        b = self.start("b", joins="a")
        self.wait_until(lambda: self.states("a").get("b") == "up")
        b.process.kill()
        self.wait_until(lambda: self.states("a").get("b") == "down")
        self.start("b", joins="a")
        self.wait_until(lambda: self.states("a").get("b") == "up")

    def test_term_lets_what_runs_finish_and_then_leaves(self):
        node = self.start("a")
        call = self.begin_call("a", "work", "1", f'"{self.folder}/log"')
        self.wait_for_lines("log", 1)
        node.process.send_signal(signal.SIGTERM)
        self.assertEqual(call.finish()[:2], (0, "1\n"))
        code, out, _ = node.finish()
        self.assertEqual((code, out), (0, "a has left\n"))

    def test_what_runs_longer_than_the_drain_is_lost(self):
        node = self.start("a", "--drain", "200ms")
        call = self.begin_call("a", "work", "60", f'"{self.folder}/log"')
        self.wait_for_lines("log", 1)
        node.process.send_signal(signal.SIGTERM)
        self.assertEqual(call.finish()[0], 1)
        self.assertEqual(node.finish()[0], 1)


class Page(Case):
    def test_the_commands_of_the_page_do_what_it_says(self):
        cluster = pathlib.Path(__file__).parent / "cluster"
        for file in cluster.iterdir():
            shutil.copy(file, self.folder)
        shutil.copy(LIBRARY, self.folder / "libtasks.so")
        path = f"{pathlib.Path(program.PROGRAM).parent}:{os.environ['PATH']}"
        done = subprocess.run(["bash", "run.sh"], cwd=self.folder, capture_output=True, text=True,
                              timeout=3 * program.LIMIT, env={**os.environ, "PATH": path})
        self.assertEqual(done.returncode, 0, done.stderr)
        lines = [" ".join(line.split()) for line in done.stdout.splitlines()]
        self.assertIn("144", lines)
        self.assertIn("requested", lines)
        self.assertTrue(any(line.startswith("beta up 8 ") for line in lines), lines)
        self.assertTrue(any(line.startswith("beta down") for line in lines), lines)
        self.assertTrue(any("work" in line or "running" in line for line in lines), lines)
        self.assertIn("alpha has left", lines)
        self.assertIn("gamma has left", lines)


class Settings(Case):
    def test_a_file_says_what_flags_and_environment_do_not(self):
        (self.folder / "node.toml").write_text(
            f'name = "filed"\nlisten = ["{self.address("filed")}"]\nload = ["{LIBRARY}"]\nlabels = ["slow"]\n'
            'capacity = 3\ndrain = "1s"\n[[rights]]\ntask = "square"\npeers = ["*"]\nat_once = 2\n'
            '[[rights]]\ntask = "taskactor.nodes"\npeers = ["*"]\n')
        command = [program.PROGRAM, "node", "--config", "node.toml", "--capacity", "5"]
        node = program.Running(command, self.folder, self, stdin=subprocess.DEVNULL,
                               env={**os.environ, "TASKACTOR_NODE_NAME": "environed"})
        self.assertIn("environed listens at", node.out_line())
        self.assertEqual(self.nodes("filed")["window"], 5 + 2)
        self.assertEqual(self.call("filed", "square", "3")[1], "9\n")
        code, _, err = self.call("filed", "work", "1")
        self.assertEqual(code, 1)
        self.assertIn('has no right to run "work"', err)

    def test_mistakes_are_named_with_their_place(self):
        for text, said in (
            ("name = 3\n", "node.toml:1: name: expected a string"),
            ('\nnmae = "x"\n', 'node.toml:2: "nmae" isn\'t known here'),
            ("capacity = -1\n", "node.toml:1: capacity: expected a number that isn't negative"),
            ("[[rights]]\ntask = 'x'\n", "node.toml:1: rights: each needs a task and its peers"),
            ("name = \n", "node.toml:1"),
            ("", "nothing to listen at"),
        ):
            (self.folder / "node.toml").write_text(text)
            code, _, err = self.ask("node", "--config", "node.toml")
            self.assertEqual(code, 2, err)
            self.assertIn(said, err)
        code, _, err = self.ask("node", "--listen", "0.0.0.0:0")
        self.assertEqual(code, 2)
        self.assertIn("taskactor node cert", err)
        self.assertEqual(self.ask("node", "--listen", "unix:x", "--load", "missing.so")[0], 4)

    def test_a_file_that_can_not_be_read_is_no_empty_one(self):
        (self.folder / "folder").mkdir()
        for path, said in (("folder", "folder: Is a directory"), ("missing", "missing: No such file or directory")):
            code, _, err = self.ask("node", "--listen", "unix:x", "--config", path)
            self.assertEqual(code, 2)
            self.assertIn(said, err)

    def test_why_it_can_not_listen_is_said(self):
        self.start("a")
        code, _, err = self.ask("node", "--listen", self.address("a"))
        self.assertEqual(code, 1)
        self.assertIn("Address already in use", err)
        with socket.create_server(("127.0.0.1", 0)) as taken:
            code, _, err = self.ask("node", "--listen", f"127.0.0.1:{taken.getsockname()[1]}")
        self.assertEqual(code, 1)
        self.assertIn("Address already in use", err)

    def test_a_key_that_others_may_read_or_change_is_refused(self):
        self.assertEqual(self.ask("node", "cert", "--authority", "tls", "m,localhost,127.0.0.1")[0], 0)
        key = self.folder / "tls/m.key"
        files = ("--authority", "tls/authority.pem", "--certificate", "tls/m.pem", "--key", "tls/m.key")
        for mode in (0o604, 0o602, 0o620, 0o644, 0o666):
            key.chmod(mode)
            code, _, err = self.ask("node", "--listen", "127.0.0.1:0", *files)
            self.assertEqual(code, 2)
            self.assertIn(f"others can read or change it (mode {mode:04o})", err)
        (self.folder / "tls/authority.key").chmod(0o644)
        code, _, err = self.ask("node", "cert", "--authority", "tls", "other")
        self.assertNotEqual(code, 0)
        self.assertIn("others can read or change it", err)

    def test_a_signal_ends_one_that_is_stuck_before_it_serves(self):
        os.mkfifo(self.folder / "fifo.so")
        command = [program.PROGRAM, "node", "--listen", "unix:x", "--load", "./fifo.so"]
        node = program.Running(command, self.folder, self, stdin=subprocess.DEVNULL)
        mask = 1 << signal.SIGTERM - 1
        self.wait_until(lambda: int(re.search(r"SigBlk:\s*(\w+)", pathlib.Path(
            f"/proc/{node.process.pid}/status").read_text())[1], 16) & mask)
        node.interrupt(signal.SIGTERM)
        self.assertEqual(node.process.wait(program.LIMIT), 143)

    def test_certificates_decide_who_may_come_and_what_they_may_run(self):
        names = [f"{name},localhost,127.0.0.1" for name in ("server", "web", "ops")]
        self.assertEqual(self.ask("node", "cert", "--authority", "tls", *names)[0], 0)
        (self.folder / "node.toml").write_text(
            f'load = ["{LIBRARY}"]\nlisten = ["127.0.0.1:0"]\n[certificates]\nauthority = "tls/authority.pem"\n'
            'certificate = "tls/server.pem"\nkey = "tls/server.key"\n[[rights]]\ntask = "square"\npeers = ["web"]\n')
        command = [program.PROGRAM, "node", "--config", "node.toml"]
        node = program.Running(command, self.folder, self, stdin=subprocess.DEVNULL)
        address = node.out_line().rpartition(" ")[2]

        def call(who: str, *extra: str) -> tuple[int, str, str]:
            files = ("--authority", "tls/authority.pem", "--certificate", f"tls/{who}.pem", "--key", f"tls/{who}.key")
            return self.ask("call", "--node", address, *(extra or files), "square", "5")

        self.assertEqual(call("web"), (0, "25\n", ""))
        code, _, err = call("ops")
        self.assertEqual(code, 1)
        self.assertIn('"ops" has no right', err)
        code, _, err = self.ask("call", "--node", address, "square", "5")  # without a certificate
        self.assertEqual(code, 1, err)
        self.assertEqual(self.ask("call", "--node", f"{address}=other", "--authority", "tls/authority.pem",
                                  "--certificate", "tls/web.pem", "--key", "tls/web.key", "square", "5")[0], 1)


if __name__ == "__main__":
    program.main()
