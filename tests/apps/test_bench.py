"""The benchmark: each side does each work, and says what it took; who isn't there is skipped aloud. Its figures aren't
looked at."""
import json
import os
import pathlib
import subprocess
import sys
import xml.etree.ElementTree

import program

SOURCES = pathlib.Path(__file__).resolve().parents[2]
# All but those that are about large numbers.
SMALL = ["add", "gather", "sleep", "thread", "process", "roundtrip", "cold", "cancel", "memory", "latency", "commands",
         "channel", "callback", "fds", "http", "queue", "queue-single", "queue-latency", "queue-across",
         "postgres", "postgres-brief", "postgres-one", "triggers", "schedules", "queue-schedules"]


class Smoke(program.Case):
    def setUp(self):
        super().setUp()
        self.temporary = self.folder / "temporary"
        self.temporary.mkdir()
        self.folder.chmod(0o711)  # servers run as another user, if this is root

    def bench(self, *arguments: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            [program.PROGRAM, *arguments], cwd=self.folder, capture_output=True, text=True, timeout=program.LIMIT * 3,
            env=os.environ | {"TMPDIR": str(self.temporary)},
        )

    def samples(self, *arguments: str) -> dict:
        done = self.bench("--repeats", "1", "--json", "samples", *arguments)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return json.loads((self.folder / "samples").read_text())

    def test_every_side_does_every_work(self):
        measured = [
            *self.samples("--size", "8", *SMALL)["works"],
            *self.samples("--size", "6", "tree")["works"],
        ]
        by_whom = {}
        for work in measured:
            for side in (work["taskactor"], *(each["peer"] for each in work["peers"])):
                self.assertTrue(side["samples"], work["work"])
                for figure in work["figures"]:
                    self.assertIn(figure["name"], side["costs"], work["work"])
            by_whom[work["work"]] = {each["name"] for each in work["peers"]}
        self.assertEqual(by_whom.keys(), {*SMALL, "tree"})
        for work in ("add", "gather", "sleep", "thread", "cancel", "tree", "memory", "latency"):
            self.assertIn("asyncio", by_whom[work])
        self.assertIn("futures", by_whom["process"])
        self.assertIn("xargs", by_whom["commands"])
        # What needs no package of its own is built wherever the benchmark is.
        self.assertLessEqual({"caf", "one-thread"}, by_whom["thread"])
        self.assertLessEqual({"socketpair"}, by_whom["process"] & by_whom["roundtrip"])
        self.assertIn("posix_spawn", by_whom["commands"])
        self.assertIn("epoll", by_whom["fds"])
        self.assertIn("curl_multi", by_whom["http"])
        for work in ("queue", "queue-single", "queue-latency"):
            self.assertIn("sqlite", by_whom[work])
        for work in ("postgres", "postgres-one"):
            self.assertIn("libpq", by_whom[work])

    def test_a_peer_does_what_it_says_and_nothing_else(self):
        done = self.bench("--size", "8", "--repeats", "1", "--peers", "socketpair,caf", "--json", "samples", "roundtrip")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(
            [each["name"] for each in json.loads((self.folder / "samples").read_text())["works"][0]["peers"]],
            ["socketpair"],
        )

    def test_growth_is_measured_without_peers(self):
        works = self.samples("--size", "300", "growth", "cancel-growth", "fds-growth")["works"]
        for work in works + self.samples("--size", "1", "steady")["works"]:
            self.assertGreater(work["taskactor"]["costs"]["growth"]["median"], 0, work["work"])
            self.assertIn("reached", work["targets"][0])

    def test_a_full_store_is_measured_and_polls_are(self):
        work = self.samples("--size", "20", "queue-big")["works"][0]
        self.assertGreater(work["taskactor"]["costs"]["slowdown"]["median"], 0)
        for work in self.samples("--size", "20", "postgres-big", "postgres-pinned")["works"]:
            self.assertGreater(work["taskactor"]["costs"]["slowdown"]["median"], 0, work["work"])
        work = self.samples("--size", "1", "queue-poll")["works"][0]
        self.assertGreater(work["taskactor"]["costs"]["p99"]["median"], 0)

    def test_a_target_beyond_a_peer_is_a_difference(self):
        measured = self.samples("--size", "10", "--peers", "sqlite", "queue-latency")
        work = measured["works"][0]
        target, peer = work["targets"][0], work["peers"][0]
        theirs, own = (side["costs"]["p99"]["median"] for side in (peer["peer"], work["taskactor"]))
        self.assertEqual((target["peer"], target["beyond"]), ("sqlite", True))
        self.assertAlmostEqual(target["measured"]["median"], own - theirs, delta=0.1)
        self.assertEqual(target["reached"], target["measured"]["median"] <= target["value"])
        self.assertIn("/", measured["machine"]["stores"])

    def test_servers_and_folders_are_gone_with_the_bench(self):
        done = self.bench("--size", "5", "--repeats", "1", "queue", "postgres")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(list(self.temporary.iterdir()), [])

    def test_without_a_peer_it_says_so_and_measures_itself(self):
        done = self.bench(
            "--size", "100", "--repeats", "1", "--python", "/nonexistent", "--peers", "anyio,xargs", "--check", "add"
        )
        self.assertIn("anyio is skipped (Debian: apt-get install python3-anyio)", done.stderr)
        self.assertIn("xargs is skipped", done.stderr)
        self.assertRegex(done.stdout, r"(?m)^add: ")
        self.assertEqual(done.returncode, 1, "a target that can't be measured isn't reached")

    def test_a_peer_that_fails_is_named_and_the_rest_goes_on(self):
        python = self.folder / "python"
        python.write_text(
            "#!/bin/sh\n"
            'case "$*" in *asyncio_tasks.py\\ --about) exec /usr/bin/python3 "$@";; *--about) exit 1;; esac\n'
            "echo it has no hands >&2; exit 1\n"
        )
        python.chmod(0o755)
        done = self.bench("--size", "6", "--repeats", "1", "--python", str(python), "add", "tree")
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stdout, r"asyncio: FAILED: .*it has no hands")
        self.assertRegex(done.stdout, r"(?m)^tree: ")

    def test_once_prints_what_one_run_took(self):
        done = self.bench("--once", "gather", "1000")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertGreater(json.loads(done.stdout)["seconds"], 0)

    def test_what_it_cannot_do_is_refused(self):
        for wrong in (
            ["nonsense"],
            ["--repeats", "0"],
            ["--size", "0"],
            ["--peers", "nobody"],
            ["--once", "add", "many"],
            ["--once", "nonsense", "1"],
        ):
            done = self.bench(*wrong)
            self.assertEqual((done.returncode, done.stdout), (2, ""), wrong)
            self.assertTrue(done.stderr)

    def write_page(self, page: str) -> subprocess.CompletedProcess:
        (self.folder / "page.md").write_text(page, encoding="utf-8")
        return subprocess.run(
            [sys.executable, "-B", SOURCES / "apps/bench/write_page.py", "samples", "page.md"],
            cwd=self.folder, capture_output=True, text=True, timeout=program.LIMIT
        )

    def test_the_page_gets_its_figures_and_keeps_its_words(self):
        measured = self.samples("--size", "50", "--peers", "asyncio,xargs,one-thread", "add", "commands", "memory")
        before = (SOURCES / "libtaskactor/BENCHMARKS.md").read_text(encoding="utf-8")
        written = self.write_page(before)
        self.assertEqual(written.returncode, 0, written.stderr)
        page = (self.folder / "page.md").read_text(encoding="utf-8")

        def words(text: str) -> list[str]:
            kept = []
            for part in text.split("<!-- written: "):
                kept.append(part.partition("<!-- end: ")[2] or part)
            return kept

        self.assertEqual(words(page), words(before))
        ratio = measured["works"][0]["peers"][0]["ratios"]["time"]["median"]
        self.assertRegex(page, rf"(?m)^\| asyncio \| {ratio:.{2 if ratio < 10 else 1 if ratio < 100 else 0}f}x \|")
        self.assertRegex(page, r"(?m)^\| W1 add \| time \| 60.0x anyio \|  \|  \| not measured \|$")
        self.assertRegex(page, r"(?m)^\| W8 memory \| memory \| at most 700 \| [0-9]")
        chart = xml.etree.ElementTree.parse(self.folder / "page.svg").getroot()
        texts = [each.text for each in chart.iter("{http://www.w3.org/2000/svg}text")]
        self.assertLessEqual({"W1 add", "asyncio", "W10 commands", "xargs", "one thread"}, set(texts))

    def test_a_page_without_a_place_for_figures_is_left_alone(self):
        self.samples("--size", "50", "--peers", "none", "add")
        self.assertNotEqual(self.write_page("<!-- written: machine -->\nold\n<!-- end: machine -->\n").returncode, 0)
        self.assertIn("old", (self.folder / "page.md").read_text(encoding="utf-8"))


if __name__ == "__main__":
    program.main()
