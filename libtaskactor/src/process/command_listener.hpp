/// Who is told what becomes of one command.
#pragma once

#include <taskactor/errc.hpp>
#include <taskactor/process/command.hpp>

#include <string>

#include <sys/types.h>

namespace taskactor::detail {

/// Exactly one of `on_start_failed` and `on_exit` is called, last; before `on_exit`, `on_started` is called
/// once.
///
/// Threads: all calls come on the thread that serves commands, and must not block. The exception is a start
/// that this thread can't serve, since it couldn't be started or has ended: then `command_server::start`
/// calls.
class command_listener {
public:
  virtual ~command_listener() = default;
  /// The program runs (or was killed at that very moment).
  virtual void on_started(pid_t pid) noexcept = 0;
  /// Its output is about to be read, and then handed out if there is any.
  virtual void on_readable() noexcept {}
  /// There is no process. `errc::stopping`: the start was abandoned, by a signal or by `stop`.
  virtual void on_start_failed(errc code, std::string message) noexcept = 0;
  /// The process has ended and is reaped, its group killed, its streams closed.
  virtual void on_exit(command_result result) noexcept = 0;
};

} // namespace taskactor::detail
