/// Stops commands, and their clocks, and lets them go on: what job control does at Ctrl-Z.
///
///     const auto pause = std::make_shared<ta::command_pause>();
///     co_await ta::run_command({"make"}, {.timeout = 10min, .pause = pause});
///
///     pause->begin(); // elsewhere: TSTP to its group, and its ten minutes stand still
///     pause->end();   // CONT
#pragma once

#include <chrono>
#include <mutex>

namespace taskactor {

namespace detail {

/// A command that can be stopped, in the list of its pause.
struct paused_command {
  int group = 0; // 0: it isn't in the list
  paused_command* before = nullptr;
  paused_command* after = nullptr;
};

} // namespace detail

/// Commands that are started with one of these (`command_options::pause`) are stopped by it, all together;
/// what is started meanwhile is stopped at once. A program may ignore TSTP, and run on; its clock stands
/// still all the same. It must not be destroyed before they have ended: they share it.
///
/// Threads: any.
class command_pause {
public:
  command_pause() = default;
  command_pause(const command_pause&) = delete;
  command_pause& operator=(const command_pause&) = delete;

  /// Nothing, if it has begun already; `end` alike.
  void begin() noexcept;
  void end() noexcept;
  bool active() const noexcept;
  /// All pauses together, that of now up to now: so long the clocks of commands have stood still.
  std::chrono::nanoseconds duration() const noexcept;

  // -- told by the thread that serves commands ------------------------------
  void add(detail::paused_command& which, int group) noexcept;
  /// Before its group's number can be another's.
  void remove(detail::paused_command& which) noexcept;

private:
  using clock = std::chrono::steady_clock;
  void signal_all(int number) noexcept;

  mutable std::mutex mutex_; // what follows
  bool active_ = false;
  clock::time_point since_{};
  std::chrono::nanoseconds before_{}; // of those that are over
  detail::paused_command* first_ = nullptr;
};

} // namespace taskactor
