#include "run/interrupt.hpp"

#include "base/new_thread.hpp"
#include "cli/exit_code.hpp"
#include "cli/screen.hpp"
#include "run/run_control.hpp"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>
#include <iterator>
#include <system_error>
#include <utility>

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

namespace taskactor::cli {

namespace {

using namespace std::chrono_literals;

/// After a kill, until the program ends without waiting for its own threads any longer.
constexpr auto patience_after_kill = 2s;
/// Of the run, when somebody waits for its end: its commands, the runtime, the writer, and some more.
constexpr int steps = 4;
constexpr std::chrono::hours longest_patience{24 * 365};
/// For last words.
constexpr auto a_moment = 200ms;

int code_of(int signal) noexcept { return 128 + signal; }

std::string counted(std::size_t commands) {
  return std::to_string(commands) + (commands == 1 ? " command" : " commands");
}

} // namespace

blocked_signals::blocked_signals() {
  for (const int number : {SIGPIPE, SIGXFSZ})
    std::signal(number, SIG_IGN);
  ::sigemptyset(&set_);
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGTSTP, SIGCONT}) {
    struct sigaction before {};
    // A blocked signal is kept even if it is ignored, so it must not be blocked then.
    if (::sigaction(number, nullptr, &before) == 0 && before.sa_handler != SIG_IGN)
      ::sigaddset(&set_, number);
  }
  ::pthread_sigmask(SIG_BLOCK, &set_, nullptr);
}

std::string signal_text(int number) {
  const char* name = ::sigabbrev_np(number);
  return "signal " + std::to_string(number) + (name ? " (" + std::string{name} + ')' : "");
}

void suspend(run_control& control, screen& messages) {
  control.pause()->begin();
  messages.live({});
  static_cast<void>(messages.said_within(a_moment));
  sigset_t stop, before;
  ::sigemptyset(&stop);
  ::sigaddset(&stop, SIGTSTP);
  ::pthread_sigmask(SIG_UNBLOCK, &stop, &before);
  ::pthread_kill(::pthread_self(), SIGTSTP); // all threads stop here
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  control.pause()->end();
}

interrupt::interrupt(const blocked_signals& signals, run_control& control, screen& messages,
                     std::optional<commands> running)
    : control_(control),
      screen_(messages),
      running_(std::move(running)),
      signals_(::signalfd(-1, &signals.set(), SFD_CLOEXEC | SFD_NONBLOCK)),
      end_(make_eventfd()) {
  if (!signals_)
    throw std::system_error{errno, std::generic_category(), "signalfd"};
  thread_ = detail::new_thread("signals", [this] { watch(); });
}

interrupt::~interrupt() {
  ::eventfd_write(end_.get(), 1);
  thread_.join();
}

void interrupt::watch() {
  while (const int number = wait(due()))
    if (number == SIGALRM)
      on_time();
    else if (number == SIGTSTP)
      suspend(control_, screen_);
    else if (number == SIGCONT)
      continue;
    else if (running_)
      on_signal(number);
    else
      end_at_once(number);
}

int interrupt::wait(clock::time_point until) const {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - clock::now()).count();
    const int milliseconds = until == clock::time_point::max()
                                 ? -1
                                 : static_cast<int>(std::clamp<std::int64_t>(left, 0, INT_MAX));
    pollfd ready[] = {
        {end_.get(), POLLIN, 0}, {signals_.get(), POLLIN, 0}, {control_.notifier().raised_fd(), POLLIN, 0}};
    const int count = ::poll(ready, std::size(ready), milliseconds);
    if (count < 0 && errno == EINTR)
      continue;
    if (count == 0)
      return SIGALRM;
    if (ready[0].revents != 0)
      return 0;
    signalfd_siginfo info{};
    if (::read(signals_.get(), &info, sizeof info) == sizeof info)
      return static_cast<int>(info.ssi_signo);
    if (eventfd_t count_of_stops = 0; ::eventfd_read(control_.notifier().raised_fd(), &count_of_stops) == 0)
      return SIGCONT;
  }
}

/// CONT is no second request: who sends TERM to what may be stopped, as systemd, sends it behind.
bool interrupt::outlasts(std::chrono::nanoseconds time) const {
  const auto until = clock::now() + time;
  int number = 0;
  do
    number = wait(until);
  while (number == SIGCONT || number == SIGTSTP);
  return number != 0;
}

/// When there is something to be done without a signal.
interrupt::clock::time_point interrupt::due() const {
  const auto now = clock::now();
  auto result
      = patient_until_ ? now + (*patient_until_ - control_.clock().elapsed()) : clock::time_point::max();
  if (is_cancelling())
    result = std::min(result, now + (patience() - control_.cancelled_for()));
  if (patient_until_ || !running_ || overdue_ || control_.ended_in_time())
    return result;
  if (const auto left = control_.remaining())
    result = std::min(result, now + (time_is_up_ ? patience() - control_.clock().overtime() : *left));
  return result;
}

bool interrupt::is_cancelling() const {
  return running_ && control_.level() == stop_level::cancel && !control_.commands_ended();
}

std::chrono::nanoseconds interrupt::patience() const {
  return std::min<std::chrono::nanoseconds>(running_->patience, longest_patience);
}

void interrupt::on_time() {
  if (is_cancelling() && control_.cancelled_for() >= patience())
    return control_.stop(stop_level::kill);
  if (patient_until_)
    return control_.clock().elapsed() >= *patient_until_ ? kill() : void();
  const auto left = control_.remaining();
  if (!left || control_.ended_in_time())
    return;
  time_is_up_ = time_is_up_ || (!control_.may_start() && left->count() == 0);
  overdue_ = time_is_up_ && control_.clock().overtime() >= patience();
  if (!overdue_)
    return;
  control_.stop(stop_level::kill);
  control_.hurry(); // nobody may read what they have said
}

void interrupt::on_signal(int number) {
  const auto level
      = number == SIGINT ? control_.level() : std::max(control_.level(), stop_level::start_no_more);
  const auto say = [this](const char* before, const char* after) {
    return [this, before, after] { return before + counted(running_->count()) + after; };
  };
  switch (level) {
  case stop_level::none:
    control_.interrupt(code_of(number), stop_level::start_no_more,
                       say("stopping; ", " still to end (again: cancel, third time: kill)"));
    break;
  case stop_level::start_no_more:
    control_.interrupt(code_of(number), stop_level::cancel,
                       say("cancelling ", number == SIGINT ? " (again: kill)" : ""));
    hurry();
    break;
  default:
    hurry();
    if (number == SIGINT)
      kill();
  }
}

void interrupt::end_at_once(int number) {
  control_.fail(code_of(number), stop_level::cancel, {});
  control_.hurry();
  if (outlasts(patience_after_kill))
    leave();
}

/// Whatever the run is stuck in, it has an end: each of its steps may take so long.
void interrupt::hurry() {
  control_.hurry();
  if (!patient_until_)
    patient_until_ = control_.clock().elapsed() + steps * patience();
}

void interrupt::kill() {
  screen_.note("killing " + counted(running_->count()));
  control_.fail(by_interrupt, stop_level::kill, {});
  if (outlasts(patience_after_kill))
    leave(); // what is left of the commands' groups dies with us
  patient_until_.reset();
}

void interrupt::leave() {
  screen_.live({});
  static_cast<void>(screen_.said_within(a_moment));
  ::_exit(control_.code());
}

} // namespace taskactor::cli
