"""Nodes in network namespaces: a partition, one direction that is silent, a slow and lossy network, and what heals.

Needs iproute2 and the rights to make namespaces; where these aren't there, it says so and is skipped. The slow network is
a `SlowWire`: packets that this program hands on late, or not at all. (netem's losses are independent of each other: one
segment of some thousands is lost three times in a row, and TCP is then silent for longer than a node may be.)
"""
import ctypes
import fcntl
import heapq
import json
import os
import pathlib
import random
import select
import struct
import subprocess
import sys
import tempfile
import threading
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


def why_not() -> str | None:
    try:
        ip("netns", "add", space("x"))
        try:
            ip("-n", space("x"), "link", "set", "lo", "up")
        finally:
            ip("netns", "del", space("x"))
    except (OSError, subprocess.CalledProcessError) as error:
        return f"no network namespaces here: {error} {getattr(error, 'stderr', '') or ''}"
    return None


class SlowWire:
    """A point-to-point link between two machines, whose ends are TUN devices that lead here: of each direction of a
    connection one packet in `spacing` is lost, at random, but never two among `spacing // 2` in a row, and what isn't
    comes out at the other end after that time, in order. Errors: OSError without TUN."""

    def __init__(self, ends: dict[str, str], seconds: float, spacing: int) -> None:
        self.seconds, self.spacing, self.random = seconds, spacing, random.Random(1)
        self.until_loss: dict[tuple[int, bytes], int] = {}  # by the file that it comes from, and the ports
        self.handed_on = self.lost = 0
        self.files: list[int] = []
        try:
            for name in ends:
                self.files.append(self.open_in(name))
        except OSError:
            self.close_files()
            raise
        others = list(reversed(ends.values()))
        for (name, address), other in zip(ends.items(), others):
            ip("-n", space(name), "addr", "add", address, "peer", other, "dev", "slow")
            ip("-n", space(name), "link", "set", "slow", "up")
        self.ended, self.ending = os.pipe()
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()

    @staticmethod
    def open_in(name: str) -> int:
        """A device lives in the namespace of the thread that makes it."""
        tun, no_packet_information, set_interface = 1, 0x1000, 0x400454CA
        libc = ctypes.CDLL(None, use_errno=True)
        made: list[int | OSError] = []

        def make() -> None:
            try:
                with open(f"/run/netns/{space(name)}", "rb") as there:
                    if libc.setns(there.fileno(), 0) != 0:
                        raise OSError(ctypes.get_errno(), "setns")
                file = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
                fcntl.ioctl(file, set_interface, struct.pack("16sH22x", b"slow", tun | no_packet_information))
                made.append(file)
            except OSError as error:
                made.append(error)

        thread = threading.Thread(target=make)
        thread.start()
        thread.join()
        if isinstance(made[0], OSError):
            raise made[0]
        return made[0]

    def is_lost(self, file: int, packet: bytes) -> bool:
        header = 4 * (packet[0] & 15)
        flow = file, packet[header : header + 4]
        left = self.until_loss.get(flow, self.random.randrange(self.spacing))
        self.until_loss[flow] = left - 1 if left else self.random.randint(self.spacing // 2, 3 * self.spacing // 2 - 2)
        return not left

    def serve(self) -> None:
        due: list[tuple[float, int, int, bytes]] = []  # when, in which order, where to, what
        count = 0
        while True:
            wait = max(0.0, due[0][0] - time.monotonic()) if due else None
            ready, _, _ = select.select([*self.files, self.ended], [], [], wait)
            if self.ended in ready:
                return
            for file in (each for each in self.files if each in ready):
                packet = os.read(file, 65536)
                if self.is_lost(file, packet):
                    self.lost += 1
                    continue
                count += 1
                other = self.files[1 - self.files.index(file)]
                heapq.heappush(due, (time.monotonic() + self.seconds, count, other, packet))
            while due and due[0][0] <= time.monotonic():
                _, _, other, packet = heapq.heappop(due)
                try:
                    os.write(other, packet)
                    self.handed_on += 1
                except BlockingIOError:  # a queue that is full loses packets as well
                    self.lost += 1

    def close_files(self) -> None:
        for file in self.files:
            os.close(file)

    def close(self) -> None:
        os.write(self.ending, b"x")
        self.thread.join()
        for file in (self.ended, self.ending):
            os.close(file)
        self.close_files()


class Networks(unittest.TestCase):
    def setUp(self) -> None:
        self.need(why_not())
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.folder = pathlib.Path(holder.name)
        for name in HOSTS:
            ip("netns", "add", space(name))
            self.addCleanup(ip, "netns", "del", space(name))
            ip("-n", space(name), "link", "set", "lo", "up")
        self.connect()
        names = [f"{name},{address}" for name, address in HOSTS.items()]
        subprocess.run([PROGRAM, "node", "cert", "--authority", "ca", *names, "ops"], cwd=self.folder, check=True,
                       capture_output=True)
        self.start("a")
        self.start("b", "--join", f"{HOSTS['a']}:{PORT}")
        self.wait_until(lambda: self.state("a", "b") == "up" and self.state("b", "a") == "up")

    def connect(self) -> None:
        ip("-n", space("a"), "link", "add", "va", "type", "veth", "peer", "name", "vb", "netns", space("b"))
        for name, address in HOSTS.items():
            ip("-n", space(name), "addr", "add", f"{address}/24", "dev", f"v{name}")
            ip("-n", space(name), "link", "set", f"v{name}", "up")

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
        self.wait_until(lambda: self.state("b", "a") != "up" and self.state("a", "b") != "up", 30)
        self.wait_until(lambda: "down" in (self.state("a", "b"), self.state("b", "a")), 30)
        self.assertEqual(call.wait(LIMIT), 1)
        self.assertLess(time.monotonic() - begun, 30)  # of 2.5, with the asking; one side may hear of it by the other
        self.assertIn("was lost under it", call.stderr.read())
        self.wait_until(lambda: "cancelled" in log.read_text(), 30)
        for name in silent:
            self.silence(name, "del")
        self.wait_until(lambda: self.state("a", "b") == "up" and self.state("b", "a") == "up")
        self.assertEqual(self.ask("a", "call", "square", "5", of="b").stdout, "25\n")

    def test_a_partition_is_noticed_on_both_sides_and_heals(self):
        self.partition("a", "b")

    def test_one_silent_direction_is_noticed_on_both_sides_and_heals(self):
        self.partition("a")


class SlowNetworks(Networks):
    """200 ms there and back, and 5 % of the packets are lost."""

    test_a_partition_is_noticed_on_both_sides_and_heals = None
    test_one_silent_direction_is_noticed_on_both_sides_and_heals = None

    def connect(self) -> None:
        try:
            self.wire = SlowWire(HOSTS, 0.1, 20)
        except OSError as error:
            self.need(f"no TUN here: {error}")
        self.addCleanup(self.wire.close)

    def test_calls_complete_and_nobody_is_taken_for_dead(self):
        begun = time.monotonic()
        self.assertEqual(self.ask("a", "call", "square", "5", of="b").stdout, "25\n")
        self.assertGreater(time.monotonic() - begun, 0.4)  # TCP, TLS, the call
        calls = [self.begin_call("a", "work_again", "1", of="b") for _ in range(8)]
        for call in calls:
            out, err = call.communicate(timeout=LIMIT)
            self.assertEqual(call.returncode, 0, err)
            self.assertTrue(out.strip().isdigit())
        text = "x" * 100_000
        self.assertEqual(self.ask("a", "call", "echo", f'"{text}"', of="b").stdout, f'"{text}"\n')
        # A packet that was lost twice may bring about a suspicion, which the next heartbeat ends; nothing more.
        states = []
        self.wait_until(lambda: states.append(self.state("a", "b")) or states[-1] == "up", 30)
        self.assertLessEqual(set(states), {"suspect", "up"})
        self.assertEqual(json.loads(self.ask("a", "nodes", "--json", of="a").stdout)["lost"], 0)
        self.assertGreater(self.wire.lost, 10)
        self.assertGreater(self.wire.handed_on, 200)


if __name__ == "__main__":
    PROGRAM, LIBRARY = (str(pathlib.Path(word).resolve()) for word in (sys.argv.pop(1), sys.argv.pop(1)))
    unittest.main(verbosity=1)
