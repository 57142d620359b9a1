/// A signal that a call of this thread's own would be sent is kept from it, so that the call fails instead:
/// SIGPIPE of a write that nobody reads, SIGXFSZ of a file that gets longer than `ulimit -f` allows. The
/// program that uses the library would otherwise be ended by it.
#pragma once

#include <csignal>
#include <ctime>

namespace taskactor::detail {

class signal_blocked {
public:
  explicit signal_blocked(int number) noexcept : number_(number) {
    ::sigemptyset(&set_);
    ::sigaddset(&set_, number);
    ::pthread_sigmask(SIG_BLOCK, &set_, &before_);
  }
  signal_blocked(const signal_blocked&) = delete;
  signal_blocked& operator=(const signal_blocked&) = delete;
  ~signal_blocked() {
    const timespec now{};
    while (!::sigismember(&before_, number_) && ::sigtimedwait(&set_, nullptr, &now) == number_) {
    }
    ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }

private:
  const int number_;
  sigset_t set_;
  sigset_t before_;
};

} // namespace taskactor::detail
