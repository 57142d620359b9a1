/// How far a run has been told to stop, and with which code it will end: the one place where Ctrl-C,
/// --fail-fast, --total-timeout and faults of the output meet.
///
///     none --> start no more --> cancel what runs --> kill it          (never back)
///
/// It acts first and speaks second, and speaking never waits: see `screen`.
/// Threads: every member may be called from any thread; the hook is set while nobody else stops anything.
#pragma once

#include "cli/descriptors.hpp"

#include <taskactor/command_pause.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace taskactor::cli {

class screen;

enum class stop_level : std::uint8_t { none, start_no_more, cancel, kill };

class run_control {
public:
  run_control(screen& messages, std::optional<std::chrono::nanoseconds> total_timeout);

  /// `hook` is called for each level that is reached, on the thread that reached it. Empty: none any more.
  void on_stop(std::function<void(stop_level)> hook) { hook_ = std::move(hook); }

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
  /// What stops commands, and all clocks: that of the total time, too.
  const std::shared_ptr<command_pause>& pause() const noexcept { return pause_; }
  /// Since the run began, but for the time in which it was paused.
  std::chrono::nanoseconds elapsed() const;
  /// What is left of the total time; unset: no limit.
  std::optional<std::chrono::nanoseconds> remaining() const;
  /// How long the total time has been up; zero: it isn't, or there is no limit.
  std::chrono::nanoseconds overtime() const;
  /// How long commands have been asked to end, or killed, but for the time in which they were paused; zero:
  /// they haven't.
  std::chrono::nanoseconds cancelled_for() const;
  /// The total time has ended a command, or kept one from being started.
  void note_cut() noexcept { cut_ = true; }
  bool is_cut() const noexcept { return cut_.load(); }
  /// Every command has ended, and none is to come: what is left to be written may take its time, unless that
  /// was a cut, which has been noted by now.
  void end_commands() noexcept { commands_ended_ = true; }
  bool commands_ended() const noexcept { return commands_ended_.load(); }
  bool ended_in_time() const noexcept { return commands_ended_.load() && !is_cut(); }
  /// Becomes readable at the first stop, and stays so.
  int stopped_fd() const noexcept { return stopped_.get(); }
  /// An eventfd that is written to at each stop, for the one who reads it.
  int raised_fd() const noexcept { return raised_.get(); }

private:
  static constexpr auto never = std::chrono::nanoseconds::max();

  bool raise(stop_level to) noexcept;
  void call_hook(stop_level reached);

  screen& screen_;
  unique_fd stopped_;
  unique_fd raised_;
  std::function<void(stop_level)> hook_;
  const std::shared_ptr<command_pause> pause_ = std::make_shared<command_pause>();
  std::optional<std::chrono::nanoseconds> total_;
  std::chrono::steady_clock::time_point begin_;
  std::atomic<stop_level> level_{stop_level::none};
  std::atomic<std::chrono::nanoseconds> cancelled_at_{never}; // of what has elapsed
  std::atomic<int> code_{0};
  std::atomic<bool> told_of_time_{false};
  std::atomic<bool> hurried_{false};
  std::atomic<bool> cut_{false};
  std::atomic<bool> commands_ended_{false};
};

} // namespace taskactor::cli
