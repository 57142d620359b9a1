"""No orphans: when a program that has workers is killed, they go, and what they have started."""
import os
import re
import signal
import subprocess

import program


class Orphans(program.Case):
    def start(self) -> tuple[subprocess.Popen, list[int]]:
        parent = subprocess.Popen([program.PROGRAM], stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.addCleanup(parent.communicate)
        self.addCleanup(parent.kill)
        for line in parent.stderr:
            if found := re.search(r"busy: (\d+) (\d+)$", line):
                return parent, [int(found[1]), int(found[2])]
        self.fail("it ended before it had a worker")

    def test_a_killed_program_leaves_no_worker_and_nothing_that_its_workers_started(self):
        parent, processes = self.start()
        self.assertTrue(all(map(program.alive, processes)))
        parent.kill()
        self.wait_for_end(*processes)

    def test_a_killed_worker_takes_what_it_has_started_with_it(self):
        _, processes = self.start()
        os.kill(processes[0], signal.SIGKILL)
        self.wait_for_end(*processes)


if __name__ == "__main__":
    program.main()
