"""No test sleeps, outside tests/stress and tests/apps: time is virtual, and what has to be waited for is waited for.

taskactor's own sleep_for parks a task in virtual time: it is no sleep, and neither is ta::this_task or ta::sleep_for.
"""
import pathlib
import re
from collections.abc import Iterator

import house

COMMENT = re.compile(r"//.*")
SLEEP = re.compile(r"this_thread::sleep|\b(?:u|nano|clock_nano)sleep\s*\(|(?<![\w:.>])sleep\s*\(|::sleep\s*\(")


def check(root: pathlib.Path) -> Iterator[str]:
    for name, text in house.files(root, "tests/**/*.?pp"):
        if name.startswith(("tests/stress/", "tests/apps/")):
            continue
        for number, line in enumerate(text.splitlines(), 1):
            if SLEEP.search(COMMENT.sub("", line)):
                yield f"{name}:{number}: a test sleeps: {line.strip()}"


TEST = "tests/run/a.cpp"
RIGHT = {
    TEST: "co_await ta::sleep_for(10ms); // std::this_thread::sleep_for\nco_await sleep_until(soon);\nx.sleep();\n",
    "tests/stress/a.cpp": "std::this_thread::sleep_for(1s);\n",
    "tests/apps/a.cpp": "std::this_thread::sleep_for(1s);\n",
}
WRONG = {
    f"a.cpp:1: a test sleeps: {call}": {TEST: f"  {call}\n"}
    for call in (
        "std::this_thread::sleep_for(1s);",
        "std::this_thread::sleep_until(t);",
        "usleep(5);",
        "::sleep(1);",
        "sleep (1);",
        "nanosleep(&t, nullptr);",
    )
}

if __name__ == "__main__":
    house.main(check, RIGHT, WRONG)
