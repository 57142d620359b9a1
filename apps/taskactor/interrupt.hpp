/// Ctrl-C, TERM and HUP: a thread of its own waits for them, so that they find their way whatever else is
/// stuck.
#pragma once

#include "descriptors.hpp"

#include <functional>
#include <thread>
#include <vector>

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

class interrupt {
public:
  /// `running`: how many commands run now, for the messages.
  interrupt(const blocked_signals& signals, run_control& control, screen& messages,
            std::function<std::size_t()> running);
  interrupt(const interrupt&) = delete;
  interrupt& operator=(const interrupt&) = delete;
  ~interrupt();

private:
  void watch();
  /// The number of a signal; 0: the program is at its end.
  int wait(int milliseconds) const;
  void on_signal(int number);
  void kill();

  run_control& control_;
  screen& screen_;
  std::function<std::size_t()> running_;
  descriptor signals_;
  descriptor end_;
  std::thread thread_;
};

} // namespace taskactor::cli
