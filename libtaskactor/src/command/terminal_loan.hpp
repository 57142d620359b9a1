/// The terminal of this program's session, and the command that has it for a while.
///
/// Only who has the terminal may read it and, with some settings, write to it: the process group that is in
/// its foreground. A shell gives it to a job and takes it back when that has stopped or ended, with its modes
/// as they were; so it is done here. A program in the background has none to give.
///
/// Threads: the one that serves commands.
#pragma once

#include "base/unique_fd.hpp"

#include <termios.h>

#include <sys/types.h>

namespace taskactor::detail {

class terminal_loan {
public:
  /// Errors: `std::system_error` when there is no terminal.
  terminal_loan();
  terminal_loan(const terminal_loan&) = delete;
  terminal_loan& operator=(const terminal_loan&) = delete;
  ~terminal_loan() { take_back(); }

  const unique_fd& terminal() const noexcept { return terminal_; }
  /// This program's group has it, so that a command's child may take it for its own.
  bool can_lend() const noexcept;
  /// The child has taken it.
  void lent() noexcept { lent_ = true; }
  void take_back() noexcept;
  /// Gives it to a group that has had it before, with the modes that it had then.
  void lend_again(pid_t group) noexcept;

private:
  unique_fd terminal_;
  bool lent_ = false;
  termios ours_{};
  termios theirs_{};
};

} // namespace taskactor::detail
