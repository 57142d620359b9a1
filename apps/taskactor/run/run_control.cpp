#include "run/run_control.hpp"

#include "cli/quantity.hpp"
#include "cli/screen.hpp"

namespace taskactor::cli {

run_control::run_control(screen& messages, std::optional<std::chrono::nanoseconds> total_timeout)
    : screen_(messages), clock_(total_timeout) {}

bool run_control::raise(stop_level to) noexcept {
  auto now = level_.load();
  do {
    if (now >= to)
      return false;
  } while (!level_.compare_exchange_weak(now, to));
  if (auto none = never; to >= stop_level::cancel)
    cancelled_at_.compare_exchange_strong(none, clock_.elapsed());
  return true;
}

void run_control::stop(stop_level to) {
  if (raise(to))
    notifier_.notify(to);
}

void run_control::fail(int code, stop_level to, const std::string& message) {
  int none = 0;
  const bool first = code_.compare_exchange_strong(none, code);
  if (first && !message.empty())
    screen_.note(message); // never waits: before what the stop brings about
  stop(to);
}

void run_control::interrupt(int code, stop_level to, const std::function<std::string()>& message) {
  int none = 0;
  code_.compare_exchange_strong(none, code);
  const bool raised = raise(to);
  screen_.note(message()); // before what the stop brings about, after what could make it untrue
  if (raised)
    notifier_.notify(to);
}

void run_control::hurry() {
  hurried_ = true;
  notifier_.call_hook(level());
}

bool run_control::may_start() {
  if (level() != stop_level::none)
    return false;
  if (!clock_.is_up())
    return true;
  const bool news = !told_of_time_.exchange(true);
  stop(stop_level::start_no_more);
  if (news)
    screen_.note("the total time of " + limit_text(*clock_.total()) + " is up");
  return false;
}

std::chrono::nanoseconds run_control::cancelled_for() const {
  const auto at = cancelled_at_.load();
  return at == never ? std::chrono::nanoseconds{0} : clock_.elapsed() - at;
}

} // namespace taskactor::cli
