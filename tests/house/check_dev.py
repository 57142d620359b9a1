"""./dev help is the comment at the head of ./dev and names every verb; what ./dev doesn't know, it refuses with 2."""
import pathlib
import re
import subprocess
from collections.abc import Iterator

import house

VERBS = {"run", "test", "caf", "stress", "fuzz", "lint", "format", "bench", "instructions", "docs", "package", "help"}


def dev(root: pathlib.Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", root / "dev", *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30
    )


def check(root: pathlib.Path) -> Iterator[str]:
    text = (root / "dev").read_text(encoding="utf-8")
    head = re.match(r"#!.*\n#\n((?:#.*\n)+)", text)
    comment = re.sub(r"^# ?", "", head.group(1), flags=re.MULTILINE) if head else ""
    shown = dev(root, "help")
    if shown.returncode != 0 or shown.stdout != comment or not comment:
        yield "dev: `./dev help` doesn't print the comment at its head"
    for verb in sorted(VERBS - set(re.findall(r"^#   \./dev (\w+)", text, re.MULTILINE))):
        yield f"dev: the help doesn't name the verb {verb}"
    for wrong in (["nonsense"], [], ["test", "nonsense"], ["fuzz", "nonsense"], ["caf"], ["caf", "nonsense"]):
        refused = dev(root, *wrong)
        if refused.returncode != 2 or not refused.stderr:
            yield f"dev: {wrong} must be refused on standard error with 2"


HEAD = "#!/usr/bin/env bash\n#\n" + "".join(f"#   ./dev {verb}  does it\n" for verb in sorted(VERBS)) + "\n"
HELP = f"if [[ ${{1-}} == help ]]; then sed -n '3,{len(VERBS) + 2}s/^# //p' \"$0\"; exit; fi\n"
REFUSE = "echo wrong >&2; exit 2\n"
RIGHT = {"dev": HEAD + HELP + REFUSE}
WRONG = {
    "doesn't print the comment": {"dev": HEAD + "if [[ ${1-} == help ]]; then echo; exit; fi\n" + REFUSE},
    "doesn't name the verb bench": {"dev": HEAD.replace("./dev bench", "./dev") + HELP + REFUSE},
    "['nonsense'] must be refused": {"dev": HEAD + HELP + "[[ ${1-} == nonsense ]] && exit 0\n" + REFUSE},
    "[] must be refused": {"dev": HEAD + HELP + "exit 2\n"},
}

if __name__ == "__main__":
    house.main(check, RIGHT, WRONG)
