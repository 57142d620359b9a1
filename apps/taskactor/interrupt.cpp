#include "interrupt.hpp"

#include "exit_code.hpp"
#include "run_control.hpp"
#include "screen.hpp"

#include <algorithm>
#include <cerrno>
#include <system_error>

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

namespace taskactor::cli {

namespace {

/// After a kill, until the program ends without waiting for its own threads any longer.
constexpr int patience_after_kill = 2000; // ms

int code_of(int signal) noexcept { return 128 + signal; }

std::string counted(std::size_t commands) {
  return std::to_string(commands) + (commands == 1 ? " command" : " commands");
}

} // namespace

blocked_signals::blocked_signals() {
  for (const int number : {SIGPIPE, SIGXFSZ})
    std::signal(number, SIG_IGN);
  ::sigemptyset(&set_);
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction before {};
    // A blocked signal is kept even if it is ignored, so it must not be blocked then.
    if (::sigaction(number, nullptr, &before) == 0 && before.sa_handler != SIG_IGN)
      ::sigaddset(&set_, number);
  }
  ::pthread_sigmask(SIG_BLOCK, &set_, nullptr);
}

interrupt::interrupt(const blocked_signals& signals, run_control& control, screen& messages,
                     std::function<std::size_t()> running)
    : control_(control),
      screen_(messages),
      running_(std::move(running)),
      signals_(::signalfd(-1, &signals.set(), SFD_CLOEXEC | SFD_NONBLOCK)),
      end_(make_eventfd()) {
  if (!signals_)
    throw std::system_error{errno, std::generic_category(), "signalfd"};
  thread_ = std::thread{[this] { watch(); }};
}

interrupt::~interrupt() {
  ::eventfd_write(end_.get(), 1);
  thread_.join();
}

void interrupt::watch() {
  while (const int number = wait(-1))
    on_signal(number);
}

int interrupt::wait(int milliseconds) const {
  for (;;) {
    pollfd ready[] = {{end_.get(), POLLIN, 0}, {signals_.get(), POLLIN, 0}};
    const int count = ::poll(ready, 2, milliseconds);
    if (count < 0 && errno == EINTR)
      continue;
    if (count == 0)
      return SIGALRM; // it took too long
    if (ready[0].revents != 0)
      return 0;
    signalfd_siginfo info{};
    if (::read(signals_.get(), &info, sizeof info) == sizeof info)
      return static_cast<int>(info.ssi_signo);
  }
}

void interrupt::on_signal(int number) {
  const auto level
      = number == SIGINT ? control_.level() : std::max(control_.level(), stop_level::start_no_more);
  const auto say = [this](const char* before, const char* after) {
    return [this, before, after] { return before + counted(running_()) + after; };
  };
  switch (level) {
  case stop_level::none:
    control_.interrupt(code_of(number), stop_level::start_no_more,
                       say("stopping; ", " still to end (again: cancel, third time: kill)"));
    break;
  case stop_level::start_no_more:
    control_.interrupt(code_of(number), stop_level::cancel,
                       say("cancelling ", number == SIGINT ? " (again: kill)" : ""));
    control_.hurry();
    break;
  default:
    control_.hurry();
    if (number == SIGINT)
      kill();
  }
}

void interrupt::kill() {
  screen_.note("killing " + counted(running_()));
  control_.fail(by_interrupt, stop_level::kill, {});
  if (wait(patience_after_kill) == 0)
    return;
  screen_.live({});
  ::_exit(control_.code()); // what is left of the commands' groups dies with us
}

} // namespace taskactor::cli
