/// Ctrl-C, TERM and HUP, Ctrl-Z, and the end of the total time: a thread of its own waits for them, so that
/// they find their way whatever else is stuck.
#pragma once

#include "cli/descriptors.hpp"

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <thread>

#include <csignal>

namespace taskactor::cli {

class run_control;
class screen;

/// Blocks the signals for this thread and all that it starts; PIPE is ignored. One that the program was
/// started to ignore (nohup, a shell's background job) stays ignored.
class blocked_signals {
public:
  blocked_signals();
  const sigset_t& set() const noexcept { return set_; }

private:
  sigset_t set_;
};

/// What Ctrl-Z does: stops the commands, all clocks, and this program; CONT lets all of them go on. A program
/// that nobody could let go on again (without a shell that controls its jobs) isn't stopped. On a thread that
/// has the signals blocked.
void suspend(run_control& control, screen& messages);

/// "signal 21 (TTIN)".
std::string signal_text(int number);

class interrupt {
public:
  /// Commands that run, and have to be ended first.
  struct commands {
    std::function<std::size_t()> count; ///< how many run now, for the messages
    /// What they may take to end once they have been asked to, or once the total time is up: then they are
    /// killed. The time of a pause doesn't count.
    std::chrono::nanoseconds patience{};
  };

  /// There is nothing to be ended: files are being opened, say, or the last words aren't read. A signal stops
  /// the run, and ends the program a moment later if that is stuck.
  interrupt(const blocked_signals& signals, run_control& control, screen& messages)
      : interrupt(signals, control, messages, std::nullopt) {}
  interrupt(const blocked_signals& signals, run_control& control, screen& messages, commands running)
      : interrupt(signals, control, messages, std::optional{std::move(running)}) {}
  interrupt(const interrupt&) = delete;
  interrupt& operator=(const interrupt&) = delete;
  ~interrupt();

private:
  using clock = std::chrono::steady_clock;

  interrupt(const blocked_signals& signals, run_control& control, screen& messages,
            std::optional<commands> running);
  void watch();
  /// The number of a signal; 0: the program is at its end; SIGALRM: it is time; SIGCONT, too: what is due may
  /// have changed.
  int wait(clock::time_point until) const;
  /// True: the program is still at work then, or somebody has asked again.
  bool outlasts(std::chrono::nanoseconds time) const;
  clock::time_point due() const;
  bool is_cancelling() const;
  std::chrono::nanoseconds patience() const;
  void on_time();
  void on_signal(int number);
  void end_at_once(int number);
  void hurry();
  void kill();
  [[noreturn]] void leave();

  run_control& control_;
  screen& screen_;
  std::optional<commands> running_;
  std::optional<std::chrono::nanoseconds> patient_until_; // of `elapsed`; set: somebody waits for the end
  bool time_is_up_ = false;                               // the total time
  bool overdue_ = false;                                  // and what its end may take
  unique_fd signals_;
  unique_fd end_;
  std::thread thread_;
};

} // namespace taskactor::cli
