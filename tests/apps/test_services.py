"""`taskactor services`: who supervises whom in another program, which has a node to ask it by."""
import json
import os
import re
import subprocess

import program

SHOP = os.environ["TASKACTOR_SERVICES_NODE"]


class Services(program.Case):
    def setUp(self):
        super().setUp()
        self.address = f"unix:{self.folder}/shop.socket"
        shop = program.Running([SHOP, self.address], self.folder, self, stdin=subprocess.PIPE)
        self.assertIn("listens at", shop.out_line())
        self.assertEqual(shop.out_line(), "ready")

    def ask(self, *arguments: str) -> tuple[int, str, str]:
        done = subprocess.run([program.PROGRAM, "services", "--node", self.address, *arguments], capture_output=True,
                              text=True, timeout=program.LIMIT)
        return done.returncode, done.stdout, done.stderr

    def test_the_trees_are_printed_as_the_program_would(self):
        code, out, err = self.ask()
        self.assertEqual((code, err), (0, ""))
        text = re.sub(r"for [0-9.]+ (ns|us|ms|s)", "for TIME", re.sub(r"in [0-9.]+ (s|ms|min|h)", "in TIME", out))
        self.assertEqual(text, """\
shop: supervisor, rest_for_one: running for TIME
  ticker: task, permanent: running for TIME
  jobs: supervisor, one_for_one, permanent: running for TIME
    poller: task, transient: running for TIME
  printer: task, permanent: waiting for TIME, starts in TIME; failed: std::runtime_error: no printer
office: supervisor, one_for_one: running for TIME
""")

    def test_as_json_they_have_all_facts(self):
        code, out, err = self.ask("--json")
        self.assertEqual((code, err), (0, ""))
        shop, office = json.loads(out)
        self.assertEqual((shop["name"], office["name"], office["children"]), ("shop", "office", []))
        printer = shop["children"][2]
        self.assertEqual((printer["state"], printer["restart"], printer["restarts"]), ("waiting", "permanent", 0))
        self.assertGreater(printer["starts_in"], 30)


if __name__ == "__main__":
    program.main()
