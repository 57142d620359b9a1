"""What the program was started with, and what its commands have of it."""
import os
import resource
import signal
import subprocess

import program


class Inherited(program.Case):
    def test_an_ignored_sigchld_does_not_take_the_exit_codes(self):
        def ignore():
            signal.signal(signal.SIGCHLD, signal.SIG_IGN)

        done = self.run_program("--report", "report", "sh", "-c", "exit $1", "sh", ":::", "0", "7", preexec_fn=ignore)
        self.assertEqual(done.returncode, 1)
        self.assertEqual([line["exit_code"] for line in self.report()], [0, 7])

    def test_by_default_as_many_run_at_once_as_there_are_processors_for_it(self):
        def one_processor():
            os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})

        script = "mkdir lock || echo two; sleep 0.05; rmdir lock"
        done = self.run_program("-q", "sh", "-c", script, ":::", *"123456", preexec_fn=one_processor)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, b"", b""))

    def test_jobs_are_given_by_processors_too(self):
        def one_processor():
            os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})

        # Each waits until so many run, and fails when there are more.
        script = "mkdir run.$1; until [ $(ls -d run.* | wc -l) -ge $N ]; do sleep 0.01; done; sleep 0.1; ls -d run.* | wc -l"
        for asked, count in (("+1", 2), ("+0", 1), ("-1", 1), ("300%", 3), ("10%", 1), ("2", 2)):
            for option in (["-j" + asked], ["-j", asked], ["--jobs", asked], ["--jobs=" + asked], ["-qj", asked]):
                with self.subTest(option):
                    done = self.run_program(
                        "-q", *option, "sh", "-c", script, "sh", ":::", *map(str, range(count)),
                        env=dict(os.environ, N=str(count)), preexec_fn=one_processor,
                    )
                    self.assertEqual((done.returncode, done.stdout), (0, f"{count}\n".encode() * count))
                    for i in range(count):
                        os.rmdir(self.folder / f"run.{i}")
        for wrong in ("+", "-", "%", "1.5", "+1%", "many", ""):
            done = self.run_program("-j", wrong, "true", ":::", "x")
            self.assertEqual(done.returncode, 2)
            self.assertIn("--jobs", done.stderr.decode())

    def test_a_limit_that_the_program_raises_for_itself_does_not_reach_commands(self):
        def lower():
            resource.setrlimit(resource.RLIMIT_NOFILE, (200, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))

        done = self.run_program("-q", "-j100", "sh", "-c", "ulimit -Sn; ulimit -Hn", ":::", "x", preexec_fn=lower)
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        self.assertEqual(done.stdout.decode().split(), ["200", str(hard)])


class Descriptors(program.Case):
    def test_commands_have_those_that_the_program_was_given(self):
        reader, writer = os.pipe()
        self.addCleanup(os.close, reader)
        done = self.run_program("-q", "-k", "sh", "-c", f"echo $1 >&{writer}", "sh", ":::", "a", "b", pass_fds=[writer])
        os.close(writer)
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        self.assertEqual(sorted(os.read(reader, 100).split()), [b"a", b"b"])

    def test_a_process_substitution_can_be_read(self):
        done = subprocess.run(
            ["bash", "-c", '"$0" run -q cat ::: <(echo here)', program.PROGRAM], capture_output=True, timeout=program.LIMIT
        )
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, b"here\n", b""))

    def test_and_none_of_the_programs_own(self):
        (self.folder / "items").write_text("x\n" * 20)
        done = self.run_program(
            "-q", "-j4", "-a", "items", "--report", "report", "--joblog", "log", "sh", "-c", "echo /proc/$$/fd/*", close_fds=True
        )
        self.assertEqual(done.returncode, 0)
        for line in done.stdout.decode().splitlines():
            # With the one that the shell reads the folder by.
            self.assertEqual([path.rpartition("/")[2] for path in line.split()], ["0", "1", "2", "3"])


class Lists(program.Case):
    def test_a_file_of_items_behind_four_colons(self):
        (self.folder / "list").write_text("a\nb\n")
        done = self.run_program("-kq", "echo", "::::", "list")
        self.assertEqual((done.returncode, done.stdout), (0, b"a\nb\n"))

    def test_lists_that_are_not_combined_or_linked_are_refused(self):
        (self.folder / "list").write_text("a\nb\n")
        for words in (
            [":::+", "a"], ["::::+", "list"], ["::::", "list", "list"], ["::::"], ["::::", "list", ":::", "a"],
            [":::", "a", "::::", "list"], [":::", "a", ":::+", "b"], [":::", "a", ":::", "b"],
        ):
            with self.subTest(words):
                done = self.run_program("echo", *words)
                self.assertEqual((done.returncode, done.stdout), (2, b""))
                self.assertIn(":::", done.stderr.decode())
        done = self.run_program("-a", "list", "echo", "::::", "list")
        self.assertEqual((done.returncode, done.stdout), (2, b""))


class FirstProcess(program.Case):
    def in_container(self, *arguments: str) -> subprocess.CompletedProcess:
        """As the first process of a process namespace of its own."""
        unshare = ["unshare", "--user", "--map-root-user", "--pid", "--fork", "--mount-proc"]
        if subprocess.run([*unshare, "true"], capture_output=True).returncode != 0:
            unshare = ["unshare", "--pid", "--fork", "--mount-proc"]
            if subprocess.run([*unshare, "true"], capture_output=True).returncode != 0:
                self.skipTest("no process namespace can be made here")
        return subprocess.run([*unshare, program.PROGRAM, "run", *arguments], cwd=self.folder, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=program.LIMIT)

    def test_strangers_are_reaped(self):
        # The second waits until there is nothing left of the first's, not even a zombie; the timeout is for when there is.
        script = (
            "case $1 in 1) setsid sh -c 'sleep 0.1 & echo $! > new; sleep 0.1 & echo $$ $! >> new; mv new pids';; "
            "2) until [ -e pids ]; do sleep 0.02; done; "
            "for pid in $(cat pids); do while [ -e /proc/$pid ]; do sleep 0.02; done; done;; esac"
        )
        done = self.in_container("-q", "-j1", "--timeout", "20s", "sh", "-c", script, "sh", ":::", "1", "2")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))

    def test_exit_codes_and_signals_are_passed_on(self):
        self.assertEqual(self.in_container("-q", "false", ":::", "x").returncode, 1)
        self.assertEqual(self.in_container("-q", "no-such-program", ":::", "x").returncode, 127)
        done = self.in_container("-q", "sh", "-c", "kill -TERM 1; sleep 1000", ":::", "x")
        self.assertEqual(done.returncode, 143)

    def test_a_script_without_an_interpreter_line_is_told(self):
        (self.folder / "script").write_text("echo hello\n")
        (self.folder / "script").chmod(0o755)
        done = self.run_program("./script", ":::", "x")
        self.assertEqual(done.returncode, 126)
        self.assertIn("neither a program for this machine nor a script with a #! line", done.stderr.decode())


if __name__ == "__main__":
    program.main()
