/// INT, TERM and HUP, kept from ending the program while a call runs: who waits for its end hears of them.
#pragma once

#include "base/unique_fd.hpp"

#include <csignal>

namespace taskactor::detail {

/// To be made before any thread is, so that none takes them. One that the program was started to ignore
/// (nohup, a shell's background job) stays ignored. Errors: `std::system_error`.
class ending_signals {
public:
  ending_signals();
  ending_signals(const ending_signals&) = delete;
  ending_signals& operator=(const ending_signals&) = delete;
  ~ending_signals();

  /// Blocks until there is one, and gives its number; 0: `end` was called.
  int wait() const;
  /// Threads: any.
  void end() noexcept;

private:
  sigset_t before_;
  unique_fd signals_, end_;
};

} // namespace taskactor::detail
