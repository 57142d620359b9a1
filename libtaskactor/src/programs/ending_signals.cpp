#include "programs/ending_signals.hpp"

#include <cerrno>

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

namespace taskactor::detail {

ending_signals::ending_signals() {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction now {};
    // A blocked signal is kept even if it is ignored, so it must not be blocked then.
    if (::sigaction(number, nullptr, &now) == 0 && now.sa_handler != SIG_IGN)
      ::sigaddset(&set, number);
  }
  ::pthread_sigmask(SIG_BLOCK, &set, &before_);
  signals_ = own(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK), "signalfd");
  end_ = own(::eventfd(0, EFD_CLOEXEC), "eventfd");
}

ending_signals::~ending_signals() {
  signalfd_siginfo info{}; // one that came too late must not end the program now
  while (::read(signals_.get(), &info, sizeof info) == sizeof info)
    continue;
  ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

int ending_signals::wait() const {
  for (;;) {
    pollfd ready[] = {{end_.get(), POLLIN, 0}, {signals_.get(), POLLIN, 0}};
    if (::poll(ready, 2, -1) < 0 && errno != EINTR)
      return 0;
    if (ready[0].revents != 0)
      return 0;
    signalfd_siginfo info{};
    if (::read(signals_.get(), &info, sizeof info) == sizeof info)
      return static_cast<int>(info.ssi_signo);
  }
}

void ending_signals::end() noexcept { ::eventfd_write(end_.get(), 1); }

} // namespace taskactor::detail
