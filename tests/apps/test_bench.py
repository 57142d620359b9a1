"""The benchmark: it runs, and says so when there is nothing to compare with. Its figures aren't looked at."""
import json
import subprocess

import program


class Smoke(program.Case):
    def bench(self, *arguments: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            [program.PROGRAM, *arguments], cwd=self.folder, capture_output=True, text=True, timeout=program.LIMIT * 3
        )

    def test_without_a_peer_it_says_so_and_measures_itself(self):
        done = self.bench("--quick", "--repeats", "1", "--python", "/nonexistent", "--json", "samples", "add")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("AnyIO is skipped", done.stderr)
        self.assertRegex(done.stdout, r"(?m)^add +\S")
        self.assertTrue(json.loads((self.folder / "samples").read_text()))

    def test_once_prints_the_times_of_one_work(self):
        done = self.bench("--once", "gather", "1000")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertGreater(json.loads(done.stdout)["seconds"], 0)

    def test_what_it_cannot_do_is_refused(self):
        for wrong in (["nonsense"], ["--repeats", "0"], ["--once", "add", "many"], ["--once", "nonsense", "1"]):
            done = self.bench(*wrong)
            self.assertEqual((done.returncode, done.stdout), (2, ""), wrong)
            self.assertTrue(done.stderr)


if __name__ == "__main__":
    program.main()
