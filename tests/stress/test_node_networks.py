"""Nodes in network namespaces: a partition, one direction that is silent, a slow and lossy network, and what heals.

Needs iproute2 and the rights to make namespaces; where these aren't there, it says so and is skipped.
"""
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import unittest

PROGRAM = LIBRARY = ""
LIMIT = 60  # seconds
HOSTS = {"a": "10.77.0.1", "b": "10.77.0.2"}
PORT = 4710


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True, text=True)


def space(name: str) -> str:
    return f"ta{os.getpid()}{name}"


def why_not(*delay: str) -> str | None:
    """With `delay`: whether the kernel can make a slow network as well."""
    try:
        ip("netns", "add", space("x"))
        try:
            ip("-n", space("x"), "link", "set", "lo", "up")
            if delay:
                run_in("x", "tc", "qdisc", "add", "dev", "lo", "root", "netem", *delay)
        finally:
            ip("netns", "del", space("x"))
    except (OSError, subprocess.CalledProcessError) as error:
        return f"{'no netem' if delay else 'no network namespaces'} here: {error} {getattr(error, 'stderr', '') or ''}"
    return None


def run_in(name: str, *command: str) -> None:
    subprocess.run(["ip", "netns", "exec", space(name), *command], check=True, capture_output=True, text=True)


class Networks(unittest.TestCase):
    def setUp(self) -> None:
        self.need(why_not())
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.folder = pathlib.Path(holder.name)
        for name in HOSTS:
            ip("netns", "add", space(name))
            self.addCleanup(ip, "netns", "del", space(name))
        ip("-n", space("a"), "link", "add", "va", "type", "veth", "peer", "name", "vb", "netns", space("b"))
        for name, address in HOSTS.items():
            for words in (("addr", "add", f"{address}/24", "dev", f"v{name}"), ("link", "set", f"v{name}", "up"),
                          ("link", "set", "lo", "up")):
                ip("-n", space(name), *words)
        names = [f"{name},{address}" for name, address in HOSTS.items()]
        subprocess.run([PROGRAM, "node", "cert", "--authority", "ca", *names, "ops"], cwd=self.folder, check=True,
                       capture_output=True)
        self.start("a")
        self.start("b", "--join", f"{HOSTS['a']}:{PORT}")
        self.wait_until(lambda: self.state("a", "b") == "up" and self.state("b", "a") == "up")

    def need(self, reason: str | None) -> None:
        if reason:
            print(f"skipped: {reason}", file=sys.stderr)
            self.skipTest(reason)

    def command(self, name: str, *words: str, who: str) -> list[str]:
        files = ("--authority", "ca/authority.pem", "--certificate", f"ca/{who}.pem", "--key", f"ca/{who}.key")
        return ["ip", "netns", "exec", space(name), PROGRAM, words[0], *files, *words[1:]]

    def start(self, name: str, *words: str) -> None:
        command = self.command(name, "node", "--listen", f"{HOSTS[name]}:{PORT}", "--load", LIBRARY, *words, who=name)
        node = subprocess.Popen(command, cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(node.wait)
        self.addCleanup(node.kill)

    def ask(self, where: str, *words: str, of: str) -> subprocess.CompletedProcess:
        command = self.command(where, words[0], "--node", f"{HOSTS[of]}:{PORT}", *words[1:], who="ops")
        return subprocess.run(command, cwd=self.folder, capture_output=True, text=True, timeout=LIMIT)

    def state(self, of: str, other: str) -> str:
        """How a node sees another: asked on its own machine."""
        lines = [line.split() for line in self.ask(of, "nodes", of=of).stdout.splitlines()]
        return next((line[1] for line in lines if line[0] == other), "")

    def wait_until(self, what, limit: float = LIMIT) -> float:
        begun = time.monotonic()
        while not what():
            self.assertLess(time.monotonic() - begun, limit, "it never came")
            time.sleep(0.02)
        return time.monotonic() - begun

    def silence(self, name: str, what: str) -> None:
        """Nothing more goes from this machine to the other one; or it does again."""
        other = next(address for each, address in HOSTS.items() if each != name)
        ip("-n", space(name), "route", what, "blackhole", other)

    def begin_call(self, where: str, *words: str, of: str) -> subprocess.Popen:
        command = self.command(where, "call", "--node", f"{HOSTS[of]}:{PORT}", *words, who="ops")
        call = subprocess.Popen(command, cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(call.communicate)
        self.addCleanup(call.kill)
        return call

    def partition(self, *silent: str) -> None:
        call = self.begin_call("a", "work", "600", f'"{self.folder}/log"', of="b")
        log = self.folder / "log"
        self.wait_until(lambda: log.exists() and "begun" in log.read_text())
        time.sleep(1)
        begun = time.monotonic()
        for name in silent:
            self.silence(name, "add")
        self.wait_until(lambda: self.state("b", "a") != "up" and self.state("a", "b") != "up", 10)
        self.wait_until(lambda: "down" in (self.state("a", "b"), self.state("b", "a")), 10)
        self.assertEqual(call.wait(LIMIT), 1)
        self.assertLess(time.monotonic() - begun, 6)  # of 2.5, with the asking; one side may hear of it by the other
        self.assertIn("was lost under it", call.stderr.read())
        self.wait_until(lambda: "cancelled" in log.read_text(), 10)
        for name in silent:
            self.silence(name, "del")
        self.wait_until(lambda: self.state("a", "b") == "up" and self.state("b", "a") == "up")
        self.assertEqual(self.ask("a", "call", "square", "5", of="b").stdout, "25\n")

    def test_a_partition_is_noticed_on_both_sides_and_heals(self):
        self.partition("a", "b")

    def test_one_silent_direction_is_noticed_on_both_sides_and_heals(self):
        self.partition("a")

    def test_calls_complete_over_a_slow_and_lossy_network(self):
        slow = ("delay", "100ms", "loss", "5%")  # 200 ms there and back
        self.need(why_not(*slow))
        for name in HOSTS:
            run_in(name, "tc", "qdisc", "add", "dev", f"v{name}", "root", "netem", *slow)
        calls = [self.begin_call("a", "work_again", "1", of="b") for _ in range(8)]
        for call in calls:
            out, err = call.communicate(timeout=LIMIT)
            self.assertEqual(call.returncode, 0, err)
            self.assertTrue(out.strip().isdigit())


if __name__ == "__main__":
    PROGRAM, LIBRARY = (str(pathlib.Path(word).resolve()) for word in (sys.argv.pop(1), sys.argv.pop(1)))
    unittest.main(verbosity=1)
