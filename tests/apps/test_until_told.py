"""The program of the page "Signals and shutdown": it ends by itself, or by one, two or three signals."""
import signal

import program


class UntilTold(program.Case):
    def start(self, *lines: str) -> program.Running:
        running = program.Running([program.PROGRAM], self.folder, self)
        for line in lines:
            running.give(f"{line}\n".encode())
            self.assertEqual(running.out_line(), f"begins: {line}")
        return running

    def finish(self, running: program.Running) -> tuple[int, list[str], str]:
        code, out, err = running.finish()
        return code, out.splitlines(), err

    def test_it_ends_by_itself_with_what_it_reads(self):
        running = self.start("1")
        code, out, _ = self.finish(running)
        self.assertEqual((code, sorted(out)), (0, ["done: 1", "nothing new is begun"]))

    def test_work_that_fails_is_an_exit_code_of_its_own(self):
        code, _, _ = self.finish(self.start("no number"))
        self.assertEqual(code, 1)

    def test_the_first_signal_lets_finish_what_has_begun(self):
        # Long enough that a signal comes before its end, and shorter than the drain of 25 s.
        programs = {number: self.start("5000") for number in (signal.SIGINT, signal.SIGTERM)}
        for number, running in programs.items():
            running.process.send_signal(number)
        for number, running in programs.items():
            self.assertEqual(self.finish(running)[:2], (128 + number, ["nothing new is begun", "done: 5000"]))

    def test_the_second_cancels_it(self):
        running = self.start("3600000")
        running.process.send_signal(signal.SIGTERM)
        self.assertEqual(running.out_line(), "nothing new is begun")
        self.assertIn("(again: cancel)", running.err_line())
        running.process.send_signal(signal.SIGINT)
        code, out, err = self.finish(running)
        self.assertEqual((code, out), (143, []))  # the first one counts
        self.assertIn("(again: kill)", err)

    def test_an_ignored_signal_stays_ignored(self):
        running = program.Running(["sh", "-c", 'trap "" INT; exec "$0"', program.PROGRAM], self.folder, self)
        running.give(b"300\n")
        self.assertEqual(running.out_line(), "begins: 300")
        running.process.send_signal(signal.SIGINT)
        code, out, _ = self.finish(running)
        self.assertEqual((code, sorted(out)), (0, ["done: 300", "nothing new is begun"]))


if __name__ == "__main__":
    program.main()
