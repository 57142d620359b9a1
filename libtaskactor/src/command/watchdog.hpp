/// The process that kills what our commands leave behind when this process is killed (watchdog.c).
///
///     command's child --- its group ---> group_table <--- reads it once --- watchdog
///     server, before reaping --- forget --->   |                               ^
///     this process's end --------------- end of file, process descriptor ------+
///
/// One thread uses it, the one that starts commands.
#pragma once

#include "base/unique_fd.hpp"
#include "command/group_table.hpp"

#include <chrono>

#include <sys/types.h>

namespace taskactor::detail {

class watchdog_image;

class watchdog {
public:
  /// Errors: `std::system_error`.
  watchdog() : pipe_(make_pipe()) {}
  watchdog(const watchdog&) = delete;
  watchdog& operator=(const watchdog&) = delete;
  /// Ends it: all commands have ended.
  ~watchdog() { dismiss(); }

  /// Notices when it has ended.
  bool watching() noexcept;
  /// Readable when the one that watches has ended; none when none watches.
  unique_fd& end() noexcept { return end_; }
  /// Whether it should be replaced at once, not just with the next command: not when the last ones ended
  /// early.
  bool may_restart() const noexcept { return early_ends_ < early_ends_limit; }
  /// Starts one, in place of the last. Errors: `std::system_error`; nothing watches then.
  void start(const watchdog_image& program);
  group_table& groups() noexcept { return groups_; }

private:
  static constexpr int early_ends_limit = 3;
  static constexpr std::chrono::seconds early{1};

  void dismiss() noexcept;

  group_table groups_;
  pipe_ends pipe_; // nobody writes to it: what the watchdog has of it ends with this process
  pid_t pid_ = -1;
  unique_fd end_;
  std::chrono::steady_clock::time_point started_;
  int early_ends_ = 0;
};

} // namespace taskactor::detail
