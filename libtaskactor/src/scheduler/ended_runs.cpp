#include "scheduler/ended_runs.hpp"

#include "base/memory.hpp"
#include "scheduler/scheduler_messages.hpp"

#include <utility>

namespace taskactor::detail {

void ended_runs::add(run which) noexcept {
  {
    std::unique_lock lock{mutex_};
    once_there_is_memory(lock, [&] { // each time it is asked whether that is wanted any more
      if (!closed_)
        runs_.push_back(std::move(which));
    });
    if (closed_)
      return;
  }
  wake();
}

std::vector<ended_runs::run> ended_runs::take() noexcept {
  const std::lock_guard lock{mutex_};
  told_ = false;
  return std::exchange(runs_, {});
}

void ended_runs::set_actor(caf::actor who) {
  const std::lock_guard lock{mutex_};
  actor_ = std::move(who);
}

void ended_runs::wake() noexcept {
  caf::actor woken;
  {
    const std::lock_guard lock{mutex_};
    if (std::exchange(told_, true))
      return;
    woken = actor_;
  }
  post(woken, scheduler_turn{});
}

/// Who is told of it by now is told of it once.
void ended_runs::close() noexcept {
  std::vector<run> left; // released outside the lock
  caf::actor gone;
  wake();
  const std::lock_guard lock{mutex_};
  closed_ = true;
  std::swap(left, runs_);
  std::swap(gone, actor_);
}

} // namespace taskactor::detail
