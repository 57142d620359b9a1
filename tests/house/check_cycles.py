"""No ball: what includes what has no large cycle, and what puts a manager together is known to nobody that it is made of.

A unit is a header with its source, as libtaskactor/CMakeLists.txt lists them in pairs.
"""
import pathlib
import posixpath
import re
from collections.abc import Iterator

import house

MOST_UNITS = 4 # in one cycle
# Who may know what puts a manager together: itself, and the front door.
MAKER = "src/runtime.hpp"
KNOWS_MAKER = {"src/runtime.cpp", "src/runtime_ending.cpp", "src/task_manager.cpp"}


def units(root: pathlib.Path) -> dict[str, str]:
    """The unit of each file, by its path below libtaskactor/."""
    text = re.sub(r"#.*", "", (root / "libtaskactor/CMakeLists.txt").read_text(encoding="utf-8"))
    ours, unit_of = house.contents(root), {}
    for call in re.finditer(r"taskactor_sources\(([^)]*)\)", text):
        folder, *names = call.group(1).split()
        if names[:1] == ["TARGET"]:
            del names[:2]
        for header, source in zip(names[::2], names[1::2]):
            for name in (header, source):
                for path in (f"src/{folder}/{name}", f"include/taskactor/{folder}/{name}", f"include/taskactor/{name}"):
                    if (path := path.replace("/./", "/")) in ours:
                        unit_of[path] = f"{folder}/{(header if source == '-' else source).rpartition('.')[0]}"
                        break
    return unit_of


def included(root: pathlib.Path, path: str, unit_of: dict[str, str]) -> Iterator[str]:
    for include in house.includes((root / "libtaskactor" / path).read_text(encoding="utf-8")):
        beside = posixpath.normpath(posixpath.join(posixpath.dirname(path), include))
        for candidate in (f"include/{include}", f"src/{include}", beside):
            if candidate in unit_of:
                yield candidate
                break


def cycles(graph: dict[str, set[str]]) -> list[list[str]]:
    """The strongly connected components of more than one node: Tarjan, "Depth-first search and linear graph algorithms",
    1972, without recursion."""
    index, low, stack, found = {}, {}, [], []
    for start in graph:
        work = [(start, iter(graph[start]))] if start not in index else []
        while work:
            node, rest = work[-1]
            if node not in index:
                index[node] = low[node] = len(index)
                stack.append(node)
            for other in rest:
                if other not in index:
                    work.append((other, iter(graph[other])))
                    break
                if other in stack:
                    low[node] = min(low[node], index[other])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    at = stack.index(node)
                    if len(stack) - at > 1:
                        found.append(sorted(stack[at:]))
                    del stack[at:]
    return sorted(found, key=len, reverse=True)


def graph_of(root: pathlib.Path) -> dict[str, set[str]]:
    unit_of = units(root)
    graph: dict[str, set[str]] = {unit: set() for unit in unit_of.values()}
    for path, unit in unit_of.items():
        graph[unit] |= {unit_of[other] for other in included(root, path, unit_of)} - {unit}
    return graph


def check(root: pathlib.Path) -> Iterator[str]:
    unit_of = units(root)
    for cycle in cycles(graph_of(root)):
        if len(cycle) > MOST_UNITS:
            yield f"{len(cycle)} units include each other, more than {MOST_UNITS}: {', '.join(cycle)}"
    for path in unit_of.keys() - KNOWS_MAKER:
        if MAKER in included(root, path, unit_of):
            yield f"libtaskactor/{path}: may not know {MAKER}: see lifecycle/manager_core.hpp"


NAMES = "abcdef"
RIGHT = {
    "libtaskactor/CMakeLists.txt": "taskactor_sources(x "
    + " ".join(f"{name}.hpp {name}.cpp" for name in NAMES)
    + ")\ntaskactor_sources(. runtime.hpp runtime.cpp task_manager.hpp task_manager.cpp)\n",
    "libtaskactor/include/taskactor/task_manager.hpp": "",
    "libtaskactor/src/task_manager.cpp": '#include "runtime.hpp"\n',
    "libtaskactor/src/runtime.hpp": '#include "x/a.hpp"\n',
    "libtaskactor/src/runtime.cpp": '#include "runtime.hpp"\n',
} | {f"libtaskactor/src/x/{name}.{end}": f'#include "x/{name}.hpp"\n' if end == "cpp" else "" for name in NAMES for end in ("hpp", "cpp")}
WRONG = {
    "5 units include each other": {
        f"libtaskactor/src/x/{one}.cpp": f'#include "x/{next}.hpp"\n' for one, next in zip("abcde", "bcdea")
    },
    "src/x/b.cpp: may not know src/runtime.hpp": {"libtaskactor/src/x/b.cpp": '#include "runtime.hpp"\n'},
}

if __name__ == "__main__":
    house.main(check, RIGHT, WRONG)
