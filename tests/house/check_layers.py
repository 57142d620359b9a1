"""Layers are never reversed, and siblings don't know each other.

A file's layer is its folder below include/taskactor or src; a file that lies in none belongs to the whole house, and
is named in ROOT_FILES. Third parties keep to their layers as well.
"""
import pathlib
import posixpath
from collections.abc import Iterator

import house

CORE = {"task", "observe", "run", "group", "process"}
MAY_INCLUDE = {
    "task": set(),
    "observe": {"task"},
    "run": {"task", "observe"},
    "group": {"task", "observe", "run"},
    "link": {"task", "observe", "run"},
    "service": {"task", "observe", "run"},
    "process": {"task", "observe", "run", "link"},
    "manager": CORE | {"link"},  # worker_entry is the other end of a link
    "node": CORE | {"manager", "link", "service"},
    "queue": CORE | {"manager"},
    "http": CORE | {"manager"},
    "schedule": CORE | {"manager", "queue"},
    "program": CORE | {"manager"},
    "testing": CORE | {"manager"},
}
EVERYTHING = set(MAY_INCLUDE)

# Files beside the folders: the layer they stand for. "ground" is below all layers, "umbrella" above.
ROOT_FILES = {
    "errc": "ground",
    "fwd": "ground",
    "version": "ground",
    "caf_compat": "ground",
    "caf_message": "ground",
    "caf_compat_actor": "ground",
    "caf_compat_ask": "ground",
    "caf_compat_io": "ground",
    "caf_compat_scheduler": "ground",
    "free_memory": "ground",
    "new_thread": "ground",
    "own_system": "ground",
    "caf_compat_threads": "ground",
    "caf_compat_error": "ground",
    "caf_compat_mail": "ground",
    "caf_compat_watch": "ground",
    "precompiled": "ground",
    "memory": "ground",
    "messages": "run",
    "named_program": "program",
    "named_tasks": "manager",
    "task_manager": "manager",
    "worker_entry": "manager",
    "taskactor": "umbrella",
    "testing": "testing",
}

# Where a third party may be included; the standard library may be everywhere.
THIRD_PARTIES = {
    "caf/fwd.hpp": EVERYTHING | {"ground"},
    "caf/": EVERYTHING - {"task", "observe", "schedule"} | {"ground"},
    "spdlog/": {"observe"},
    "nlohmann/": EVERYTHING - {"group"},
    "openssl/": {"link"},
    "sqlite3.h": {"queue"},
    "libpq-fe.h": {"queue"},
    "curl/": {"http"},
    "boost/": set(),
    "fmt/": set(),
    "CLI/": set(),
}


def layer_of(path: str) -> str | None:
    """The layer of a path relative to include/taskactor or src, None if the house has no place for it."""
    folder, slash, _ = path.partition("/")
    return (folder if folder in MAY_INCLUDE else None) if slash else ROOT_FILES.get(pathlib.Path(path).stem)


def owned(include: str, name: str, ours: set[str]) -> str | None:
    """What an include names, relative to include/taskactor or src; None if it isn't ours."""
    if include.startswith("taskactor/"):
        return include.removeprefix("taskactor/")
    beside = posixpath.normpath(posixpath.join(posixpath.dirname(name), include))
    return include if include in ours else beside if beside in ours else None


def third_party_layers(include: str) -> set[str]:
    matching = [prefix for prefix in THIRD_PARTIES if include.startswith(prefix)]
    return THIRD_PARTIES[max(matching, key=len)] if matching else EVERYTHING | {"ground"}


def check(root: pathlib.Path) -> Iterator[str]:
    bases = ("libtaskactor/include/taskactor/", "libtaskactor/src/")
    ours = {path.relative_to(root / base).as_posix() for base in bases for path in (root / base).rglob("*.?pp")}
    for base in bases:
        for name, text in house.files(root, f"{base}**/*.?pp"):
            layer = layer_of(name.removeprefix(base))
            if layer is None:
                yield f"{name}: in no layer; see the table in tests/house/check_layers.py"
                continue
            if layer == "umbrella":
                continue
            for include in house.includes(text):
                if other := owned(include, name.removeprefix(base), ours):
                    below = layer_of(other)
                    if below not in MAY_INCLUDE.get(layer, set()) | {layer, "ground"}:
                        yield f"{name}: {layer} may not include {include} (of {below})"
                elif layer not in third_party_layers(include):
                    yield f"{name}: {layer} may not include {include}"


TASK = "libtaskactor/include/taskactor/task/"
RUN = "libtaskactor/include/taskactor/run/"
RIGHT = {
    "libtaskactor/include/taskactor/fwd.hpp": "#pragma once\n#include <caf/fwd.hpp>\n",
    "libtaskactor/include/taskactor/taskactor.hpp": "#include <taskactor/run/b.hpp>\n",
    TASK + "a.hpp": "#include <vector>\n#include <taskactor/fwd.hpp>\n",
    RUN + "b.hpp": "#include <taskactor/task/a.hpp>\n",
    "libtaskactor/src/run/c.hpp": "",
    "libtaskactor/src/run/b.cpp": '#include <taskactor/run/b.hpp>\n#include "run/c.hpp"\n#include <caf/actor.hpp>\n',
}
WRONG = {
    "task may not include taskactor/run/b.hpp": {TASK + "a.hpp": "#include <taskactor/run/b.hpp>\n"},
    "task may not include run/c.hpp": {"libtaskactor/src/task/a.cpp": '  # include "run/c.hpp"\n'},
    "run may not include taskactor/testing.hpp": {
        "libtaskactor/include/taskactor/testing.hpp": "",
        "libtaskactor/src/run/b.cpp": "#include <taskactor/testing.hpp>\n",
    },
    "run may not include taskactor/taskactor.hpp": {RUN + "b.hpp": "#include <taskactor/taskactor.hpp>\n"},
    "task may not include ../run/c.hpp": {"libtaskactor/src/task/a.cpp": '#include "../run/c.hpp"\n'},
    "group may not include taskactor/process/p.hpp": {
        "libtaskactor/include/taskactor/process/p.hpp": "",
        "libtaskactor/src/group/g.cpp": "#include <taskactor/process/p.hpp>\n",
    },
    "ground may not include": {"libtaskactor/include/taskactor/fwd.hpp": "#include <taskactor/task/a.hpp>\n"},
    "task may not include caf/actor.hpp": {TASK + "a.hpp": "#include <caf/actor.hpp>\n"},
    "run may not include spdlog/spdlog.h": {"libtaskactor/src/run/b.cpp": "#include <spdlog/spdlog.h>\n"},
    "in no layer": {"libtaskactor/src/misc/x.cpp": ""},
}

if __name__ == "__main__":
    house.main(check, RIGHT, WRONG)
