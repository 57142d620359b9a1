/// `co_await run_command({"tar", "cf", "x.tar", "src"})`: an external program, under the process limiter.
///
///     auto r = co_await ta::run_command({"sha256sum", path}, {.capture_limit = 4096});
///     if (!r.success()) throw std::runtime_error(r.describe());       // an exit code or a signal is data
///
/// No shell sees the command. It runs in a process group of its own, which ends with it: what the program
/// leaves behind in its group is killed when it exits, and all of it when this process dies.
///
/// Errors: `std::system_error` with `command_not_found`, `command_not_executable` or `command_not_started`;
/// `invalid_argument` for an empty command or a bad option; `cancelled_error` when the task is cancelled
/// meanwhile. Stops: the group gets SIGTERM, after the grace (`command_options::grace`, else 5 s) SIGKILL.
/// The await goes on until the program has really ended.
#pragma once

#include <taskactor/process/command.hpp>
#include <taskactor/task/task.hpp>

namespace taskactor {

[[nodiscard]] task<command_result> run_command(command_line argv, command_options options = {});

} // namespace taskactor
