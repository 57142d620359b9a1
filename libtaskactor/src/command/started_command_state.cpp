#include "command/started_command_state.hpp"

#include "base/memory.hpp"
#include "caf_adapter/compat.hpp"
#include "lifecycle/manager_messages.hpp"

#include <taskactor/time_span.hpp>

#include <caf/all.hpp>

#include <cerrno>
#include <csignal>
#include <utility>

namespace taskactor::detail {

namespace {

/// Looks at a command's clocks when it is told to.
class command_alarm final : public caf::event_based_actor {
public:
  command_alarm(caf::actor_config& config, ref<started_command_state> of)
      : event_based_actor(config), of_(std::move(of)) {}
  caf::behavior make_behavior() override {
    return {[this](const start_again&) {
      if (of_ && of_->on_alarm())
        return;
      of_ = {}; // which has us, too
      quit();
    }};
  }

private:
  ref<started_command_state> of_;
};

} // namespace

void started_command_state::begin_clock() noexcept {
  const std::lock_guard lock{mutex_};
  if (ends_.over() || phase_ != phase::runs || clocks_.timeout == no_timeout)
    return;
  clock_ = {task().home->now(), paused()};
  set_alarm(due(*this, clock_, clocks_.timeout));
}

int started_command_state::send(int number, signal_target to) noexcept {
  return ends_.over() ? ESRCH : commands_of(*task().home).server().send(key(), number, to);
}

void started_command_state::begin_end(bool time_up) noexcept {
  const std::lock_guard lock{mutex_};
  if (ends_.over() || phase_ != phase::runs)
    return;
  timed_out_ = time_up;
  if (clocks_.grace.count() == 0)
    return end_group(SIGKILL);
  end_group(SIGTERM);
  clock_ = {task().home->now(), paused()};
  set_alarm(due(*this, clock_, clocks_.grace));
}

void started_command_state::abandon() noexcept {
  const bool killed = (task().control.load(std::memory_order_acquire) & record::kill_bit) != 0;
  if (killed && !ends_.over())
    signal(SIGKILL);
  else
    begin_end();
}

/// Under the lock, as what follows.
void started_command_state::end_group(int number) noexcept {
  phase_ = number == SIGKILL ? phase::killed : phase::ending;
  signal(number);
}

void started_command_state::set_alarm(time_point due) noexcept {
  try {
    auto& home = *task().home;
    const passing_through caller;
    if (!alarm_)
      alarm_ = home.system().spawn<command_alarm, caf::hidden>(ref<started_command_state>{this});
    post_at(home.system().clock(), due, caf::actor_cast<caf::strong_actor_ptr>(alarm_), start_again{});
  } catch (...) { // no memory: nothing would end it at its time
    end_group(SIGKILL);
  }
}

bool started_command_state::on_alarm() noexcept {
  std::unique_lock lock{mutex_};
  if (ends_.over() || phase_ == phase::killed)
    return !ends_.over();
  const bool ending = phase_ == phase::ending;
  const auto when = due(*this, clock_, ending ? clocks_.grace : clocks_.timeout);
  if (task().home->now() < when) { // it has stood still meanwhile
    set_alarm(when);
  } else if (ending) {
    end_group(SIGKILL);
  } else {
    lock.unlock();
    begin_end(true);
  }
  return true;
}

void started_command_state::runs(pid_t pid) noexcept {
  pid_ = pid;
  running_.store(true, std::memory_order_release);
  owner().wake();
}

void started_command_state::concluded() noexcept {
  caf::actor alarm;
  {
    const std::lock_guard lock{mutex_};
    if (timed_out_)
      set_timed_out();
    ends_.tell();
    alarm = std::exchange(alarm_, {});
  }
  if (alarm)
    once_there_is_memory([&] { post(alarm, start_again{}); });
}

} // namespace taskactor::detail
