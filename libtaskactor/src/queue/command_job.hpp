/// A command as a job (`job_kind::command`): what the store has of it, and the body that runs it.
///
///     {"argv": ["/usr/bin/tar", "cf", "x.tar", "src"], "cwd": "/srv", "umask": 18, "env": {"PATH": "/bin"}}
///
/// Only `argv` has to be there. `env` is all of its environment; unset: it has none. Its result is
/// {"exit_code": 0, "signal": 0}; any other exit code, and a signal, is a failed attempt.
#pragma once

#include <taskactor/named_task.hpp>
#include <taskactor/task.hpp>

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace taskactor::detail {

/// What the command writes, as it comes: one call at a time, on the command's handler thread.
using command_sink = std::function<void(std::string_view)>;

/// Errors: `errc::bad_arguments` says which part isn't as it should be.
std::function<task<json>()> bind_command(const std::string& stored, command_sink output);

/// What a failed command has ended with, as its job's error says: its exit code, or 128 and the number of the
/// signal that has killed it. Empty: it wasn't started, or its exit status is unknown.
std::optional<int> exit_code_in(std::string_view error) noexcept;

} // namespace taskactor::detail
