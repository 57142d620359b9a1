#include "job_scheduler/job_scheduler_inbox.hpp"

#include "base/memory.hpp"
#include "lifecycle/manager_core.hpp"
#include "scheduler/scheduler_messages.hpp"

#include <caf/all.hpp>

#include <utility>

namespace taskactor::detail {

void job_scheduler_inbox::set_actor(caf::actor who) {
  const std::lock_guard lock{mutex_};
  actor_ = std::move(who);
}

void job_scheduler_inbox::wake() noexcept {
  caf::actor woken;
  {
    const std::lock_guard lock{mutex_};
    if (std::exchange(told_, true))
      return;
    woken = actor_;
  }
  if (woken)
    detail::post(woken, scheduler_turn{});
}

void job_scheduler_inbox::post(const answer& what) noexcept {
  {
    const std::lock_guard lock{mutex_};
    if (over_)
      return;
    once_there_is_memory([&] { answers_.push_back(what); });
  }
  wake();
}

void job_scheduler_inbox::notice() noexcept {
  {
    const std::lock_guard lock{mutex_};
    noticed_ = true;
  }
  wake();
}

void job_scheduler_inbox::begin_call() noexcept {
  const std::lock_guard lock{mutex_};
  if (!waits_for_store_ || over_)
    return;
  ++calls_;
  ++home_.busy_threads;
}

void job_scheduler_inbox::end_call() noexcept {
  const std::lock_guard lock{mutex_};
  if (!waits_for_store_ || over_)
    return;
  --calls_;
  --home_.busy_threads;
}

job_scheduler_inbox::mail job_scheduler_inbox::take() noexcept {
  const std::lock_guard lock{mutex_};
  told_ = false;
  return {.answers = std::exchange(answers_, {}), .over = over_};
}

bool job_scheduler_inbox::take_notice() noexcept {
  const std::lock_guard lock{mutex_};
  return std::exchange(noticed_, false);
}

bool job_scheduler_inbox::close() noexcept {
  std::vector<answer> left; // destroyed without the lock
  caf::actor actor;
  {
    const std::lock_guard lock{mutex_};
    if (std::exchange(over_, true))
      return false;
    left.swap(answers_);
    std::swap(actor, actor_);
    if (waits_for_store_)
      home_.busy_threads -= std::exchange(calls_, 0U);
  }
  if (actor)
    detail::post(actor, scheduler_turn{});
  return true;
}

bool job_scheduler_inbox::is_closed() noexcept {
  const std::lock_guard lock{mutex_};
  return over_;
}

} // namespace taskactor::detail
