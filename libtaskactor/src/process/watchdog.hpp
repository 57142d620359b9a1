/// The process that kills what our commands leave behind when this process is killed (launcher.c, `watch`).
///
///     launcher of a command --- +group ---> pipe ---> watchdog
///     server, before reaping -- -group --->   |
///     this process's end -- end of file --->  |
///
/// We keep both ends of the pipe. So a watchdog that was killed itself can be replaced: records that a
/// launcher wrote in between are not lost, and no writer meets a broken pipe. One thread uses it, the one
/// that starts commands.
#pragma once

#include "descriptor.hpp"

#include <chrono>
#include <vector>

#include <sys/types.h>

namespace taskactor::detail {

class launcher_image;

class watchdog {
public:
  /// Errors: `std::system_error`.
  watchdog();
  watchdog(const watchdog&) = delete;
  watchdog& operator=(const watchdog&) = delete;
  /// Ends it: all commands have ended.
  ~watchdog() { dismiss(); }

  /// Notices when it has ended.
  bool watching() noexcept;
  /// Readable when the one that watches has ended; none when none watches.
  descriptor& end() noexcept { return end_; }
  /// Whether it should be replaced at once, not just with the next command: not when the last ones ended
  /// early.
  bool may_restart() const noexcept { return early_ends_ < early_ends_limit; }
  /// Starts one, in place of the last, and tells it of the groups that are `running`.
  /// Errors: `std::system_error`; nothing watches then.
  void start(const launcher_image& launcher, const std::vector<pid_t>& running);
  /// Takes a group back. Must be called while its number can't be another's: before the leader is reaped.
  void forget(pid_t group) noexcept;
  /// The end that launchers announce their groups at.
  int announcements() const noexcept { return pipe_.write.get(); }

private:
  static constexpr int early_ends_limit = 3;
  static constexpr std::chrono::seconds early{1};

  void dismiss() noexcept;
  void drain() noexcept;
  bool write(pid_t record) noexcept;

  pipe_ends pipe_;
  pid_t pid_ = -1;
  descriptor end_;
  std::chrono::steady_clock::time_point started_;
  int early_ends_ = 0;
};

} // namespace taskactor::detail
