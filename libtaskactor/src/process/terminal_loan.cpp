#include "terminal_loan.hpp"

#include <csignal>

#include <fcntl.h>
#include <unistd.h>

namespace taskactor::detail {

namespace {

/// Who is in the background is stopped when it takes the terminal, unless it has blocked that.
class stop_blocked {
public:
  stop_blocked() noexcept {
    sigset_t stop;
    ::sigemptyset(&stop);
    ::sigaddset(&stop, SIGTTOU);
    ::pthread_sigmask(SIG_BLOCK, &stop, &before_);
  }
  ~stop_blocked() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  stop_blocked(const stop_blocked&) = delete;
  stop_blocked& operator=(const stop_blocked&) = delete;

private:
  sigset_t before_;
};

} // namespace

terminal_loan::terminal_loan() : terminal_(own(::open("/dev/tty", O_RDWR | O_CLOEXEC), "/dev/tty")) {
  ::tcgetattr(terminal_.get(), &ours_);
  theirs_ = ours_;
}

bool terminal_loan::can_lend() const noexcept { return ::tcgetpgrp(terminal_.get()) == ::getpgrp(); }

void terminal_loan::take_back() noexcept {
  if (!lent_)
    return;
  lent_ = false;
  const stop_blocked guard;
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
