#include "command/process_group.hpp"

#include <taskactor/command_pause.hpp>

#include <csignal>

namespace taskactor {

void command_pause::begin() noexcept {
  const std::lock_guard lock{mutex_};
  if (active_)
    return;
  active_ = true;
  since_ = clock::now();
  signal_all(SIGTSTP);
}

/// The clocks go on last: nobody's time is up before he could go on himself.
void command_pause::end() noexcept {
  const std::lock_guard lock{mutex_};
  if (!active_)
    return;
  signal_all(SIGCONT);
  before_ += clock::now() - since_;
  active_ = false;
}

bool command_pause::active() const noexcept {
  const std::lock_guard lock{mutex_};
  return active_;
}

std::chrono::nanoseconds command_pause::duration() const noexcept {
  const std::lock_guard lock{mutex_};
  return before_ + (active_ ? clock::now() - since_ : clock::duration{});
}

void command_pause::add(detail::paused_command& which, int group) noexcept {
  const std::lock_guard lock{mutex_};
  which = {group, nullptr, first_};
  if (first_)
    first_->before = &which;
  first_ = &which;
  if (active_)
    detail::signal_group(group, SIGTSTP);
}

void command_pause::remove(detail::paused_command& which) noexcept {
  const std::lock_guard lock{mutex_};
  if (which.group == 0)
    return;
  (which.before ? which.before->after : first_) = which.after;
  if (which.after)
    which.after->before = which.before;
  which = {};
}

void command_pause::signal_all(int number) noexcept {
  for (const auto* each = first_; each; each = each->after)
    detail::signal_group(each->group, number);
}

} // namespace taskactor
