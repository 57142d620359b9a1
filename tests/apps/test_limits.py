"""--memory and --nice: what commands may take, and how that shows."""
import os
import resource
import sys

import program

TAKES = "import sys; kept = bytearray(int(sys.argv[1]) << 20)"


class Memory(program.Case):
    def test_a_command_is_refused_what_is_beyond_and_reported_by_its_own_end(self):
        done = self.run_program(
            "--memory", "256M", "--report", "report", sys.executable, "-c", TAKES, ":::", "1", "1000"
        )
        self.assertEqual(done.returncode, 1)
        self.assertIn("MemoryError", done.stderr.decode())
        self.assertEqual(
            [(line["state"], line["exit_code"], line["error"]) for line in self.report()],
            [("completed", 0, None), ("failed", 1, "exit code 1")],
        )

    def test_each_process_has_as_much(self):
        done = self.run_program("-q", "--memory", "300M", "sh", "-c", "ulimit -d; sh -c 'ulimit -d'", ":::", "x")
        self.assertEqual(done.stdout, b"307200\n" * 2)

    def test_without_it_there_is_no_limit_but_the_one_that_was_there(self):
        done = self.run_program("-q", "sh", "-c", "ulimit -d", ":::", "x")
        limit = resource.getrlimit(resource.RLIMIT_DATA)[0]
        self.assertEqual(done.stdout, b"unlimited\n" if limit == resource.RLIM_INFINITY else b"%d\n" % (limit // 1024))


class Nice(program.Case):
    def test_it_is_added_to_the_programs_own(self):
        for own, asked in ((0, 0), (0, 5), (3, 4), (10, 19)):
            lower = lambda: os.nice(own)
            done = self.run_program("-q", "--nice", str(asked), "sh", "-c", "nice", ":::", "x", preexec_fn=lower)
            self.assertEqual(int(done.stdout), min(19, os.nice(0) + own + asked))


if __name__ == "__main__":
    program.main()
