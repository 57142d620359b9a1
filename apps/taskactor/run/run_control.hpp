/// How far a run has been told to stop, and with which code it will end: the one place where Ctrl-C,
/// --fail-fast, --total-timeout and faults of the output meet.
///
///     none --> start no more --> cancel what runs --> kill it          (never back)
///
/// It acts first and speaks second, and speaking never waits: see `screen`.
/// Threads: every member may be called from any thread; the hook is set while nobody else stops anything.
#pragma once

#include "run/run_clock.hpp"
#include "run/stop_notifier.hpp"

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace taskactor::cli {

class screen;

class run_control {
public:
  run_control(screen& messages, std::optional<std::chrono::nanoseconds> total_timeout);

  /// `hook` is called for each level that is reached, on the thread that reached it. Empty: none any more.
  void on_stop(std::function<void(stop_level)> hook) { notifier_.set_hook(std::move(hook)); }
  /// What those poll who wait for a stop.
  const stop_notifier& notifier() const noexcept { return notifier_; }

  stop_level level() const noexcept { return level_.load(); }
  void stop(stop_level to);
  /// Stops with an exit code and a message (none if empty). The first one counts, later ones stop only.
  void fail(int code, stop_level to, const std::string& message);
  /// Stops with an exit code, and says `message`, which is made once nothing starts any more.
  void interrupt(int code, stop_level to, const std::function<std::string()>& message);
  /// The code of the first `fail`; 0: none.
  int code() const noexcept { return code_.load(); }

  /// Somebody waits for the end: what can't be written soon is given up. Calls the hook once more.
  void hurry();
  bool hurried() const noexcept { return hurried_.load(); }

  /// False when no other command is to start, also because the total time is up.
  bool may_start();
  /// The time of the run, and its limit.
  run_clock& clock() noexcept { return clock_; }
  const run_clock& clock() const noexcept { return clock_; }
  const std::shared_ptr<command_pause>& pause() const noexcept { return clock_.pause(); }
  std::optional<std::chrono::nanoseconds> remaining() const { return clock_.remaining(); }
  /// How long commands have been asked to end, or killed, but for the time in which they were paused; zero:
  /// they haven't.
  std::chrono::nanoseconds cancelled_for() const;
  /// Every command has ended, and none is to come: what is left to be written may take its time, unless that
  /// was a cut, which has been noted by now.
  void end_commands() noexcept { commands_ended_ = true; }
  bool commands_ended() const noexcept { return commands_ended_.load(); }
  bool ended_in_time() const noexcept { return commands_ended_.load() && !clock_.is_cut(); }

private:
  static constexpr auto never = std::chrono::nanoseconds::max();

  bool raise(stop_level to) noexcept;

  screen& screen_;
  stop_notifier notifier_;
  run_clock clock_;
  std::atomic<stop_level> level_{stop_level::none};
  std::atomic<std::chrono::nanoseconds> cancelled_at_{never}; // of what has elapsed
  std::atomic<int> code_{0};
  std::atomic<bool> told_of_time_{false};
  std::atomic<bool> hurried_{false};
  std::atomic<bool> commands_ended_{false};
};

} // namespace taskactor::cli
