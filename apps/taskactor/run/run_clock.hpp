/// The time of a run, which stands still while its commands are paused; and its limit, the total time.
///
/// Threads: every member may be called from any thread.
#pragma once

#include <taskactor/command_pause.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <optional>

namespace taskactor::cli {

class run_clock {
public:
  /// `total`: the limit; unset: none.
  explicit run_clock(std::optional<std::chrono::nanoseconds> total) : total_(total) {}

  /// What stops commands, and all clocks, this one too.
  const std::shared_ptr<command_pause>& pause() const noexcept { return pause_; }
  /// Since the run began, but for the time in which it was paused.
  std::chrono::nanoseconds elapsed() const {
    return std::chrono::steady_clock::now() - begin_ - pause_->duration();
  }
  const std::optional<std::chrono::nanoseconds>& total() const noexcept { return total_; }
  /// What is left of the total time; unset: no limit.
  std::optional<std::chrono::nanoseconds> remaining() const {
    if (!total_)
      return {};
    return std::max(std::chrono::nanoseconds{0}, *total_ - elapsed());
  }
  /// The total time is up.
  bool is_up() const {
    const auto left = remaining();
    return left && left->count() == 0;
  }
  /// How long it has been up; zero: it isn't, or there is no limit.
  std::chrono::nanoseconds overtime() const {
    return total_ ? std::max(std::chrono::nanoseconds{0}, elapsed() - *total_) : std::chrono::nanoseconds{0};
  }
  /// The total time has ended a command, or kept one from being started.
  void note_cut() noexcept { cut_ = true; }
  bool is_cut() const noexcept { return cut_.load(); }

private:
  const std::shared_ptr<command_pause> pause_ = std::make_shared<command_pause>();
  const std::optional<std::chrono::nanoseconds> total_;
  const std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
  std::atomic<bool> cut_{false};
};

} // namespace taskactor::cli
