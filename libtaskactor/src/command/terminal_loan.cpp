#include "command/terminal_loan.hpp"

#include "base/signal_blocked.hpp"

#include <csignal>

#include <fcntl.h>
#include <unistd.h>

namespace taskactor::detail {

terminal_loan::terminal_loan() : terminal_(own(::open("/dev/tty", O_RDWR | O_CLOEXEC), "/dev/tty")) {
  ::tcgetattr(terminal_.get(), &ours_);
  theirs_ = ours_;
}

bool terminal_loan::can_lend() const noexcept { return ::tcgetpgrp(terminal_.get()) == ::getpgrp(); }

void terminal_loan::take_back() noexcept {
  if (!lent_)
    return;
  lent_ = false;
  const signal_blocked stop{
      SIGTTOU}; // who takes it from the background is stopped, unless it has blocked that
  ::tcgetattr(terminal_.get(), &theirs_);
  ::tcsetpgrp(terminal_.get(), ::getpgrp());
  ::tcsetattr(terminal_.get(), TCSANOW, &ours_);
}

void terminal_loan::lend_again(pid_t group) noexcept {
  if (!can_lend())
    return;
  ::tcgetattr(terminal_.get(), &ours_);
  ::tcsetattr(terminal_.get(), TCSANOW, &theirs_);
  lent_ = ::tcsetpgrp(terminal_.get(), group) == 0;
}

} // namespace taskactor::detail
