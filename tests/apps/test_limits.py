"""--memory and --nice: what commands may take, and how that shows."""
import os
import resource
import subprocess
import sys
import unittest

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


class Files(program.Case):
    def test_a_limit_on_their_length_is_none_on_commands(self):
        lower = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (102400, 102400))
        done = self.run_program("-q", "echo", ":::", *map(str, range(5)), preexec_fn=lower)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(sorted(done.stdout.split()), [b"0", b"1", b"2", b"3", b"4"])

    def test_one_that_is_too_low_is_told(self):
        lower = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (512, 512))
        done = self.run_program("-q", "true", ":::", "x", preexec_fn=lower)
        self.assertEqual(done.returncode, 1)


class Room(program.Case):
    USER = 60_000 + os.getpid() % 5000  # of this test alone: processes of a user are counted together

    @unittest.skipUnless(os.geteuid() == 0, "it takes a user who has no other process")
    def test_all_commands_run_where_there_is_room_for_a_few_processes(self):
        lower = lambda: resource.setrlimit(resource.RLIMIT_NPROC, (32, 32))
        command = [program.PROGRAM, "run", "-j", "40", "sleep", "0.1{}", ":::", *map(str, range(60))]
        done = subprocess.run(command, cwd="/", user=self.USER, preexec_fn=lower, capture_output=True,
                              timeout=program.LIMIT)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(b"60", done.stderr)

    @unittest.skipUnless(os.geteuid() == 0, "it takes a user who has no other process")
    def test_nothing_that_was_printed_is_lost_where_there_is_no_thread_to_hand_it_out(self):
        lower = lambda: resource.setrlimit(resource.RLIMIT_NPROC, (32, 32))
        command = [program.PROGRAM, "run", "-j", "40", "--line-buffer", "/usr/bin/python3", "-SE", "-c",
                   "import time; time.sleep(0.5); print('x')", ":::", *map(str, range(60))]
        done = subprocess.run(command, cwd="/", user=self.USER, preexec_fn=lower, capture_output=True,
                              timeout=program.LIMIT)
        self.assertEqual((done.returncode, done.stdout.count(b"x\n")), (0, 60), done.stderr)


class Final(program.Case):
    def test_an_item_that_no_command_can_be_given_is_not_tried_again(self):
        long = "x" * (1 << 18)  # beyond what one argument may have
        items = b"a\0b\n" + long.encode() + b"\n"
        done = self.run_program("--retries", "3", "--report", "report", "echo", items=items)
        self.assertEqual(done.returncode, 1)
        report = self.report()
        self.assertIn("NUL", report[0]["error"])
        self.assertIn("Argument list too long", report[1]["error"])
        self.assertEqual([each["attempts"] for each in report], [1, 1])


class Nice(program.Case):
    def test_it_is_added_to_the_programs_own(self):
        for own, asked in ((0, 0), (0, 5), (3, 4), (10, 19)):
            lower = lambda: os.nice(own)
            done = self.run_program("-q", "--nice", str(asked), "sh", "-c", "nice", ":::", "x", preexec_fn=lower)
            self.assertEqual(int(done.stdout), min(19, os.nice(0) + own + asked))


if __name__ == "__main__":
    program.main()
