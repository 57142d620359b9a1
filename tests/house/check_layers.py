"""Layers are never reversed, and siblings don't know each other.

A file's layer is the folder that libtaskactor/CMakeLists.txt, the table of contents, lists it in: headers for users lie
together, whatever layer they are of. Third parties keep to their layers as well.
"""
import pathlib
import posixpath
from collections.abc import Iterator

import house

GROUND = {"base", "caf_adapter"}
# One layer in several folders, as long as they know each other.
CORE = GROUND | {"task", "events", "capacity", "lifecycle", "threads", "runtime"}
MAY_INCLUDE = {
    "base": set(),
    "caf_adapter": {"base"},
    "task": {"base"},
    "events": {"base", "task"},
    "capacity": CORE,
    "lifecycle": CORE,
    "threads": CORE,
    "runtime": CORE,
    "group": CORE,
    "sync": CORE,
    "io": CORE,
    "services": CORE,
    "transport": CORE,
    "command": CORE | {"io", "worker"},
    "worker": CORE | {"command", "transport"},
    "front": CORE | {"group", "io", "command", "worker"},
    "programs": CORE | {"group", "command", "worker", "front"},
    "node": CORE | {"group", "command", "worker", "front", "transport", "services"},
    "http": CORE | {"group", "sync", "io", "command", "worker", "front"},
    "schedule": {"base", "task"},
    "scheduler": CORE | {"schedule", "group", "io", "command", "worker", "front"},
    "queue": CORE | {"group", "sync", "io", "command", "worker", "front"},
    "job_scheduler": CORE | {"group", "io", "command", "worker", "front", "schedule", "scheduler", "queue"},
    "postgres": CORE | {"queue"},
    "testing": CORE | {"group", "command", "worker", "front"},
    "umbrella": set(),
}
EVERYTHING = set(MAY_INCLUDE)

# What is listed in no folder: the stem of a file -> its layer.
TOP = {"runtime": "runtime", "runtime_actors": "runtime", "runtime_attachments": "runtime", "runtime_ending": "runtime",
       "runtime_parts": "runtime", "runtime_shutdown": "runtime", "named_tasks": "front",
       "shutdown_signals": "front", "task_manager": "front",
       "http": "umbrella", "queue": "umbrella", "schedule": "umbrella", "io": "umbrella", "sync": "umbrella", "taskactor": "umbrella", "testing": "testing"}
# Of a layer, and yet the other end of something of a higher one.
EXCEPTIONS = {"src/worker/worker_entry.cpp": {"front"}, "src/precompiled.hpp": set()}

# Where a third party may be included; the standard library may be everywhere.
THIRD_PARTIES = {
    "caf/fwd.hpp": EVERYTHING,
    "caf/": EVERYTHING - {"base", "task", "events", "schedule"},
    "spdlog/": {"events"},
    "nlohmann/": EVERYTHING - {"group", "capacity", "events"},
    "openssl/": {"transport"},
    "date/": {"schedule"},
    "sqlite3.h": {"queue"},
    "libpq-fe.h": {"postgres"},
    "curl/": {"http"},
    "asio/": {"io"},
    "boost/asio/": {"io"},
    "boost/system/": {"io"},
    "boost/": set(),
    "fmt/": set(),
    "CLI/": set(),
}


def layer(path: str, folder: str) -> str | None:
    """The layer of a file that is listed in this folder."""
    first = folder.partition("/")[0]
    return TOP.get(pathlib.PurePath(path).stem) if first == "." else first if first in MAY_INCLUDE else None


def owned(include: str, path: str, ours: dict[str, str | None]) -> str | None:
    """What an include names, relative to libtaskactor/; None if it isn't ours."""
    beside = posixpath.normpath(posixpath.join(posixpath.dirname(path), include))
    for candidate in (f"include/{include}", f"src/{include}", beside):
        if candidate in ours:
            return candidate
    return None


def third_party_layers(include: str) -> set[str]:
    matching = [prefix for prefix in THIRD_PARTIES if include.startswith(prefix)]
    return THIRD_PARTIES[max(matching, key=len)] if matching else EVERYTHING


def check(root: pathlib.Path) -> Iterator[str]:
    ours = {path: layer(path, folder) for path, folder in house.contents(root).items()}
    for path, own in ours.items():
        if own is None:
            yield f"libtaskactor/{path}: in no layer; see the tables in tests/house/check_layers.py"
        if own is None or own == "umbrella":
            continue
        for include in house.includes((root / "libtaskactor" / path).read_text(encoding="utf-8")):
            if other := owned(include, path, ours):
                below = ours[other]
                if below not in MAY_INCLUDE[own] | {own} | EXCEPTIONS.get(path, set()):
                    yield f"libtaskactor/{path}: {own} may not include {include} (of {below})"
            elif own not in third_party_layers(include):
                yield f"libtaskactor/{path}: {own} may not include {include}"


LIST = "libtaskactor/CMakeLists.txt"
TASK = "libtaskactor/include/taskactor/a.hpp"
HANDLE = "libtaskactor/include/taskactor/b.hpp"
LISTED = """
taskactor_sources(base fwd.hpp -)
taskactor_sources(task a.hpp a.cpp) # WHAT
taskactor_sources(lifecycle b.hpp b.cpp c.hpp -)
taskactor_sources(group g.hpp g.cpp)
taskactor_sources(services s.hpp -)
taskactor_sources(. taskactor.hpp - task_manager.hpp -)
taskactor_sources(testing TARGET taskactor_testing testing.hpp -)
"""
RIGHT = {
    LIST: LISTED,
    "libtaskactor/include/taskactor/fwd.hpp": "#pragma once\n#include <caf/fwd.hpp>\n",
    "libtaskactor/include/taskactor/taskactor.hpp": "#include <taskactor/b.hpp>\n",
    "libtaskactor/include/taskactor/task_manager.hpp": "#include <taskactor/g.hpp>\n",
    TASK: "#include <vector>\n#include <taskactor/fwd.hpp>\n",
    HANDLE: "#include <taskactor/a.hpp>\n",
    "libtaskactor/include/taskactor/g.hpp": "",
    "libtaskactor/src/lifecycle/c.hpp": "",
    "libtaskactor/src/lifecycle/b.cpp": '#include <taskactor/b.hpp>\n#include "lifecycle/c.hpp"\n#include <caf/actor.hpp>\n',
}
WRONG = {
    "task may not include taskactor/b.hpp": {TASK: "#include <taskactor/b.hpp>\n"},
    "task may not include lifecycle/c.hpp": {"libtaskactor/src/task/a.cpp": '  # include "lifecycle/c.hpp"\n'},
    "lifecycle may not include taskactor/testing.hpp": {
        "libtaskactor/include/taskactor/testing.hpp": "",
        "libtaskactor/src/lifecycle/b.cpp": "#include <taskactor/testing.hpp>\n",
    },
    "lifecycle may not include taskactor/taskactor.hpp": {HANDLE: "#include <taskactor/taskactor.hpp>\n"},
    "task may not include ../lifecycle/c.hpp": {"libtaskactor/src/task/a.cpp": '#include "../lifecycle/c.hpp"\n'},
    "group may not include taskactor/actors/s.hpp": {
        LIST: LISTED.replace("services s.hpp", "services actors/s.hpp"),
        "libtaskactor/include/taskactor/actors/s.hpp": "",
        "libtaskactor/src/group/g.cpp": "#include <taskactor/actors/s.hpp>\n",
    },
    "base may not include": {"libtaskactor/include/taskactor/fwd.hpp": "#include <taskactor/a.hpp>\n"},
    "task may not include caf/actor.hpp": {TASK: "#include <caf/actor.hpp>\n"},
    "lifecycle may not include spdlog/spdlog.h": {"libtaskactor/src/lifecycle/b.cpp": "#include <spdlog/spdlog.h>\n"},
    "in no layer": {LIST: LISTED + "taskactor_sources(misc x.hpp -)", "libtaskactor/src/misc/x.hpp": ""},
}

if __name__ == "__main__":
    house.main(check, RIGHT, WRONG)
