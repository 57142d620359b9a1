"""The benchmark of links: all sides do what they say, and the page gets the figures. These aren't looked at."""
import json
import pathlib
import subprocess
import sys

import program

SOURCES = pathlib.Path(__file__).resolve().parents[2]


class Links(program.Case):
    def bench(self, *arguments: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            [program.PROGRAM, *arguments], cwd=self.folder, capture_output=True, text=True, timeout=program.LIMIT * 3
        )

    def test_all_is_measured_and_the_page_gets_its_table(self):
        done = self.bench("--quick", "--repeats", "1", "--json", "samples")
        self.assertIn(done.returncode, (0, 1), done.stderr)  # 1: a target is missed, which is nobody's fault here
        self.assertEqual(done.stderr, "")
        rows = json.loads((self.folder / "samples").read_text(encoding="utf-8"))["links"]
        self.assertEqual(len(done.stdout.splitlines()), len(rows))
        for row in rows:
            self.assertGreater(row["us"], 0, row)
            self.assertGreater(row["peer_us"], 0, row)
        peers = {row["peer"] for row in rows}
        self.assertLessEqual({"bare loop, TLS", "request by BASP, plain", "call, plain", "the same over one"}, peers)
        self.assertEqual({row["what"] for row in rows if "at_most" in row} & {"call, plain"}, set())

        before = (SOURCES / "libtaskactor/BENCHMARKS.md").read_text(encoding="utf-8")
        (self.folder / "page.md").write_text(before, encoding="utf-8")
        subprocess.run(
            [sys.executable, "-B", SOURCES / "apps/bench/write_page.py", "samples", "page.md"],
            cwd=self.folder, check=True, timeout=program.LIMIT
        )
        page = (self.folder / "page.md").read_text(encoding="utf-8")
        outside = [text.partition("<!-- written: links -->")[0] for text in (before, page)]
        self.assertEqual(*outside)
        self.assertRegex(page, r"(?m)^\| item of 2 ms, gather over two nodes \| [0-9,.]+ us \|")
        self.assertFalse((self.folder / "page.svg").exists())

    def test_a_wrong_use_is_refused(self):
        for wrong in (["--repeats", "0"], ["--nonsense"], ["now"]):
            done = self.bench(*wrong)
            self.assertEqual((done.returncode, done.stdout), (2, ""), wrong)
            self.assertTrue(done.stderr)


if __name__ == "__main__":
    program.main()
