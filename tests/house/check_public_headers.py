"""A public header shows its users the standard library and taskactor, and drags in nothing else.

Of CAF it includes caf/fwd.hpp alone, except for the few headers that offer actors to users of CAF. What isn't for users
is in detail/. Rules of the design are said in words.
"""
import pathlib
import re
from collections.abc import Iterator

import house

STANDARD = re.compile(r"[a-z_0-9]+")  # <vector>, <coroutine>: no folder, no ".h"
EVERYWHERE = {"caf/fwd.hpp"}
# Header below include/taskactor -> what else it may include.
EXCEPTIONS = {
    "actors/request.hpp": {"caf/actor_cast.hpp", "caf/actor_control_block.hpp", "caf/error.hpp", "caf/message.hpp", "caf/type_id.hpp",
                        "caf/allowed_unsafe_message_type.hpp"},
    "detail/typed_request.hpp": {"caf/detail/implicit_conversions.hpp", "caf/message.hpp", "caf/response_type.hpp"},
    "actors/child.hpp": {"caf/actor_cast.hpp", "caf/actor_control_block.hpp"},
    "actors/messages.hpp": {"caf/actor.hpp", "caf/error.hpp"},
    "detail/submission.hpp": {"caf/error.hpp", "caf/expected.hpp", "caf/message.hpp", "caf/sec.hpp"},
    "actors/exit_code.hpp": {"caf/error.hpp"},
    "actors/task_as_actor.hpp": {"caf/actor.hpp", "caf/actor_cast.hpp", "caf/message.hpp"},
    "detail/caf_message.hpp": {"caf/is_error_code_enum.hpp", 
        "caf/allowed_unsafe_message_type.hpp", "caf/config.hpp", "caf/init_global_meta_objects.hpp", "caf/type_id.hpp",
    },
    "asio.hpp": {f"asio/{part}.hpp" for part in ("async_result", "cancellation_signal", "error_code", "post", "version")},
    "boost_asio.hpp": {f"boost/{part}.hpp" for part in ("asio/async_result", "asio/cancellation_signal", "asio/post",
                                                        "asio/version", "system/error_code")},
    "detail/json_type.hpp": {"nlohmann/json.hpp"},
    "testing/held_mutexes.hpp": {"dlfcn.h", "pthread.h"}, # stands in for functions of theirs
}


def check(root: pathlib.Path) -> Iterator[str]:
    base = "libtaskactor/include/taskactor/"
    for name, text in house.files(root, f"{base}**/*"):
        if not name.endswith(".hpp"):
            yield f"{name}: a public header is a .hpp"
        if "#pragma once" not in text:
            yield f"{name}: without #pragma once"
        if "/detail/" not in name and re.search("not for\\s+(///)?\\s*users", text, re.IGNORECASE):
            yield f"{name}: says that it isn't for users: that is what detail/ is for"
        if "/detail/" not in name and (rule := re.search(r"\b[Rr]ules? \d+", text)):
            yield f"{name}: {rule[0]}: users don't know the rules of the design by their numbers"
        allowed = EVERYWHERE | EXCEPTIONS.get(name.removeprefix(base), set())
        for include in house.includes(text):
            if include.startswith("taskactor/"):
                if not (root / "libtaskactor/include" / include).is_file():
                    yield f"{name}: includes {include}, which isn't there"
            elif include not in allowed and not STANDARD.fullmatch(include):
                yield f"{name}: a public header may not include {include}"


HEADER = "libtaskactor/include/taskactor/a.hpp"
RIGHT = {
    "libtaskactor/include/taskactor/detail/d.hpp": "#pragma once // rule 6\n",
    HEADER: "#pragma once\n#include <caf/fwd.hpp>\n#include <stop_token>\n",
    "libtaskactor/include/taskactor/detail/c.hpp": "/// Not for users.\n#pragma once\n",
    "libtaskactor/include/taskactor/b.hpp": "#pragma once\n#include <taskactor/a.hpp>\n",
}
WRONG = {
    f"may not include {header}": {HEADER: f"#pragma once\n#include <{header}>\n"}
    for header in ("caf/all.hpp", "spdlog/logger.h", "boost/any.hpp", "sqlite3.h", "nlohmann/json.hpp", "run/own.hpp")
} | {
    "isn't for users": {HEADER: "/// Not for\n/// users.\n#pragma once\n"},
    "rule 6: users don't know": {HEADER: "/// It gives its token back (rule 6).\n#pragma once\n"},
    "without #pragma once": {HEADER: "#include <vector>\n"},
    "isn't there": {HEADER: "#pragma once\n#include <taskactor/gone.hpp>\n"},
    "is a .hpp": {"libtaskactor/include/taskactor/a.h": "#pragma once\n"},
}

if __name__ == "__main__":
    house.main(check, RIGHT, WRONG)
