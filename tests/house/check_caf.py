"""Sources use what CAF 0.17 and 1.x have in common; what differs is behind names of ours, in src/caf_adapter/compat*.hpp
and include/taskactor/detail/caf_message.hpp.

Virtual time has one place of that kind: src/testing/virtual_scheduler.cpp. A name that only one version has would break
the build with the other, which most changes are not built with.
"""
import pathlib
import re
from collections.abc import Iterator

import house

KNOWS_BOTH = re.compile(r"libtaskactor/src/(caf_adapter/compat\w*\.hpp|testing/virtual_scheduler\.cpp)"
                        r"|libtaskactor/include/taskactor/detail/caf_message\.hpp")
COMMENT = re.compile(r"//.*")
# What to say in place of what one version doesn't have, or calls deprecated; "" where there is no such thing yet.
INSTEAD = {
    r"\b(?:anon_send|anon_mail|send_as|eq_impl|make_mailbox_element)\b": "post, post_from",
    r"->enqueue\(": "send_mail",
    r"\b(?:delayed_send|delayed_anon_send|schedule_message)\b": "post_at",
    r"\bset_down_handler\b": "when_actor_down",
    r"\bset_(?:exit|error)_handler\b": "",
    r"\b(?:execution_unit|exec_later)\b": "executor, run_later",
    r"\bmonitorable_actor\b": "light_actor",
    r"\bmodule_factories\b": "install_scheduler",
    r"\bcaf::(?:atom\w*|optional|string_view|none|unit)\b": "",
    r"\bCAF_(?:BEGIN_TYPE_ID_BLOCK|ADD_TYPE_ID|ALLOW_UNSAFE_MESSAGE_TYPE)\b": "TASKACTOR_LOCAL_MESSAGE",
    r"\b(?:CAF_VERSION|TASKACTOR_CAF_0)\b": "",
    r"__has_include\(<caf/": "", # with one CAF in a prefix and another in /usr/include it finds either's
}


def check(root: pathlib.Path) -> Iterator[str]:
    for name, text in house.files(root, *(f"{top}/**/*.?pp" for top in ("libtaskactor", "apps", "examples", "tests"))):
        if KNOWS_BOTH.fullmatch(name):
            continue
        for number, line in enumerate(text.splitlines(), 1):
            for pattern, instead in INSTEAD.items():
                if found := re.search(pattern, COMMENT.sub("", line)):
                    advice = f": say {instead}" if instead else ""
                    yield f"{name}:{number}: {found[0]} belongs to one version of CAF{advice} (caf_adapter/compat.hpp)"


SOURCE = "libtaskactor/src/lifecycle/a.cpp"
RIGHT = {
    SOURCE: "post(manager_, stop{}); // not caf::anon_send\ncaf::anon_send_exit(part, why);\n",
    "libtaskactor/src/caf_adapter/compat_clock.hpp": "clock.schedule_message(at, to, mail);\n#if CAF_VERSION\n",
    "libtaskactor/src/testing/virtual_scheduler.cpp": "#if TASKACTOR_CAF_0\n",
}
WRONG = {
    "a.cpp:1: anon_send belongs": {SOURCE: "caf::anon_send(manager_, stop{});\n"},
    "a.cpp:2: ->enqueue( belongs": {SOURCE: "\nto->get()->enqueue(std::move(mail), nullptr);\n"},
    "say post_at": {SOURCE: "system.clock().schedule_message(at, to, mail);\n"},
    "say light_actor": {SOURCE: "class a : public caf::monitorable_actor {};\n"},
    "caf::atom belongs": {"tests/lifecycle/a.cpp": 'config.set("scheduler.policy", caf::atom("sharing"));\n'},
    "CAF_VERSION belongs": {"apps/bench/a.cpp": "#if CAF_VERSION < 10000\n"},
    "TASKACTOR_CAF_0 belongs": {"tests/support/virtual_time.cpp": "#if TASKACTOR_CAF_0\n"},
}

if __name__ == "__main__":
    house.main(check, RIGHT, WRONG)
