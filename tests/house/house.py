"""What the checks of the house share.

A check is a function that takes the root of a tree and yields a line per fault. Before it looks at the real tree, it
is shown small wrong trees, and must find the fault in each, and a right one, where it must find none: a check that
can't fail is worth nothing.
"""
import pathlib
import re
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator

ROOT = pathlib.Path(__file__).resolve().parents[2]
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)

Tree = dict[str, str]
Check = Callable[[pathlib.Path], Iterable[str]]


def glob(root: pathlib.Path, pattern: str) -> Iterator[pathlib.Path]:
    """Without what is built, where other tests make folders and remove them meanwhile."""
    first, _, rest = pattern.partition("/")
    if "*" not in first or not rest:
        yield from root.glob(pattern)
        return
    if first == "**":
        yield from root.glob(rest)
    for folder in root.iterdir():
        if folder.name not in ("build", ".git") and folder.is_dir():
            yield from folder.glob(pattern if first == "**" else rest)


def files(root: pathlib.Path, *patterns: str) -> Iterator[tuple[str, str]]:
    """The path, relative to the root, and text of each file that matches, in order; without what is built."""
    for path in sorted({path for pattern in patterns for path in glob(root, pattern) if path.is_file()}):
        yield path.relative_to(root).as_posix(), path.read_text(encoding="utf-8")


def includes(text: str) -> list[str]:
    return [match.group(2) for match in INCLUDE.finditer(text)]


def contents(root: pathlib.Path) -> dict[str, str]:
    """The headers and sources of the library by their path below libtaskactor/, each with its folder in the table of
    contents, libtaskactor/CMakeLists.txt. Those that aren't there are left out."""
    library = root / "libtaskactor"
    text = re.sub(r"#.*", "", (library / "CMakeLists.txt").read_text(encoding="utf-8"))
    found = {}
    for call in re.finditer(r"taskactor_sources\(([^)]*)\)", text):
        folder, *names = call.group(1).split()
        if names[:1] == ["TARGET"]:
            del names[:2]
        for name in names:
            for path in (f"src/{folder}/{name}", f"include/taskactor/{folder}/{name}", f"include/taskactor/{name}"):
                path = path.replace("/./", "/")
                if name != "-" and (library / path).is_file():
                    found[path] = folder
                    break
    return found


def grow(root: pathlib.Path, tree: Tree) -> None:
    for name, text in tree.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def faults(check: Check, tree: Tree) -> list[str]:
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        grow(root, tree)
        return list(check(root))


def main(check: Check, right: Tree, wrong: dict[str, Tree]) -> None:
    """`wrong`: part of the fault that must be found -> what to change in the right tree to have it."""
    for fault in faults(check, right):
        sys.exit(f"self-test: a right tree is refused: {fault}")
    for expected, change in wrong.items():
        found = faults(check, right | change)
        if not any(expected in fault for fault in found):
            sys.exit(f"self-test: not found: {expected!r}; found: {found}")
    found = list(check(ROOT))
    for fault in found:
        print(fault)
    sys.exit(1 if found else 0)
