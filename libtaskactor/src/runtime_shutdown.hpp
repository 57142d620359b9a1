/// How a manager is shut down: asked to take no more, to drain, to cancel and to kill, by its actor; whoever
/// has asked waits for the report, and for what was the users'. Threads: any.
#pragma once

#include <taskactor/detail/context.hpp>
#include <taskactor/manager_options.hpp>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>

namespace taskactor::detail {

class manager_core;

/// What our own actors may take for their turns beyond the stages of a shutdown, and to end, and threads that
/// run nobody's code to come to theirs: microseconds, on a machine that isn't busy. Beyond that nobody runs
/// them: the scheduler's threads are held, or have ended.
inline constexpr std::chrono::seconds turn_bound{10};
/// The same when the system has begun to end.
inline constexpr std::chrono::milliseconds last_turns{500};
/// How long observers have to catch up with what they were told.
inline constexpr std::chrono::seconds observers_bound{2};

/// Errors: `std::system_error{errc::invalid_argument}`, naming the one that is negative.
void check_bounds(const shutdown_options& bounds);

class runtime_shutdown {
public:
  explicit runtime_shutdown(manager_core& home) noexcept : home_(home) {}

  /// As `task_manager::shutdown`.
  shutdown_report run(shutdown_options bounds);
  /// As `task_manager::wait_for_shutdown`.
  shutdown_report wait();
  /// Waits for nothing. Again: hurries it up, if the bounds are shorter. `signal`: that which asks for it, or
  /// zero.
  void begin(const shutdown_options& bounds, int signal = 0);
  /// The manager's: all has ended, or the last stage is over. The first one counts.
  void report(shutdown_report what);
  bool has_report();
  /// The actor system has begun to end: nobody runs the manager any more.
  void note_system_over();
  bool is_system_over() const noexcept { return system_over_; }

private:
  void wait_for_report(std::unique_lock<std::mutex>& lock, shutdown_options bounds);
  void wait_for_end(std::unique_lock<std::mutex>& lock);
  shutdown_report see_off(std::unique_lock<std::mutex> lock, time_point soft_end,
                          std::chrono::nanoseconds kill);
  void see_off_disposals(shutdown_report& report, std::chrono::nanoseconds bound);

  manager_core& home_;
  std::mutex mutex_; // what follows
  std::condition_variable changed_;
  std::optional<shutdown_report> report_;
  int signal_ = 0;                          // the first one
  time_point soft_end_ = time_point::max(); // of what has been begun: then all is killed
  std::chrono::nanoseconds kill_ = std::chrono::nanoseconds::max();
  std::atomic<bool> system_over_{false};
};

} // namespace taskactor::detail
