/// What commands are started with: what they read if they are given nothing, the stack of the child until it
/// is the program, and the watchdog, without which none is started.
///
/// Threads: the serving thread alone.
#pragma once

#include "base/poller.hpp"
#include "base/unique_fd.hpp"
#include "command/command_child.hpp"
#include "command/running_command.hpp"
#include "command/watchdog.hpp"
#include "command/watchdog_image.hpp"

#include <optional>

#include <sys/types.h>

namespace taskactor::detail {

class command_launcher {
public:
  /// The poller tells of a watchdog's end: `part::watchdog`. Errors: `std::system_error` when there are no
  /// descriptors left.
  explicit command_launcher(poller& poller);

  /// Where commands note their groups, for the watchdog.
  group_table& groups() noexcept { return watchdog_.groups(); }
  /// There is one that watches. Errors: `std::system_error`, `std::bad_alloc`.
  void ensure_watchdog();
  /// The poller has told of its end. Commands that run are not to be without one for long.
  void on_watchdog_end(bool commands_run) noexcept;
  /// Errors: as `spawn`. `pid`: see `start_child`.
  void start(running_command& command, pid_t& pid) { command.start(null_.get(), stack_, pid); }

private:
  void start_watchdog();

  poller& poller_;
  unique_fd null_;
  watchdog watchdog_;
  std::optional<watchdog_image> image_; // made with the first command
  child_stack stack_;
};

} // namespace taskactor::detail
