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
/// meanwhile, `cancelled_command` if the program had been started. Stops: the group gets SIGTERM, after the
/// grace (`command_options::grace`, else 5 s) SIGKILL. The await goes on until the program has really ended.
///
/// A body that wants to know how its cancelled command ended, and what it had printed, catches and rethrows:
///
///     catch (const ta::cancelled_command& ended) { log(ended.result.out); throw; }
///
/// The manager's deadline for the task is heard of in the same way. A body that is killed hears of nothing:
/// what has to survive that as well is taken as it comes (`on_output`, `on_line`).
#pragma once

#include <taskactor/command.hpp>
#include <taskactor/outcome.hpp>
#include <taskactor/task.hpp>

#include <utility>

namespace taskactor {

/// The task was cancelled while its command ran; the command has ended.
struct cancelled_command : cancelled_error {
  explicit cancelled_command(command_result ended) : result(std::move(ended)) {}

  command_result result;
};

[[nodiscard]] task<command_result> run_command(command_line argv, command_options options = {});

} // namespace taskactor
