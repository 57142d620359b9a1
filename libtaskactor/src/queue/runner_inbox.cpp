#include "queue/runner_inbox.hpp"

#include "base/memory.hpp"
#include "lifecycle/manager_core.hpp"
#include "queue/job_task.hpp"
#include "queue/runner_messages.hpp"
#include "threads/waits.hpp"

#include <ctime>

namespace taskactor::detail {

runner_inbox::runner_inbox(manager_core& home, std::shared_ptr<store_core> from)
    : home_(home),
      store_(std::move(from)),
      waits_for_store_(home.waits().is_virtual() && !store_->virtual_time()) {}

template <class Add>
void runner_inbox::put(Add add) noexcept {
  caf::actor woken;
  {
    const std::lock_guard lock{mutex_};
    if (closed_)
      return;
    if (mail_.is_empty())
      woken = actor_;
    once_there_is_memory([&] { add(mail_); });
  }
  if (woken)
    detail::post(woken, runner_turn{});
}

caf::actor runner_inbox::actor() {
  const std::lock_guard lock{mutex_};
  return actor_;
}

void runner_inbox::set_actor(caf::actor who) {
  const std::lock_guard lock{mutex_};
  actor_ = std::move(who);
}

void runner_inbox::tell(ref<job_task> which, job_news what) noexcept {
  put([&](runner_mail& mail) { mail.news.emplace_back(std::move(which), what); });
}

void runner_inbox::post(std::function<void(runner_core&)> call) noexcept {
  put([&](runner_mail& mail) { mail.calls.push_back(std::move(call)); });
}

runner_mail runner_inbox::take_mail() {
  const std::lock_guard lock{mutex_};
  return std::exchange(mail_, {});
}

bool runner_inbox::has_mail() {
  const std::lock_guard lock{mutex_};
  return !mail_.is_empty();
}

runner_mail runner_inbox::close() noexcept {
  runner_mail left;
  caf::actor gone; // whose thread ends with its last reference
  const std::lock_guard lock{mutex_};
  closed_ = true;
  std::swap(left, mail_);
  std::swap(gone, actor_);
  return left;
}

void runner_inbox::begin_call() noexcept {
  if (waits_for_store_)
    ++home_.busy_threads;
}

void runner_inbox::end_call() noexcept {
  if (waits_for_store_)
    --home_.busy_threads;
}

std::chrono::nanoseconds runner_inbox::boot_now() const {
  if (home_.waits().is_virtual())
    return home_.now().time_since_epoch();
  timespec now{};
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  return std::chrono::seconds{now.tv_sec} + std::chrono::nanoseconds{now.tv_nsec};
}

} // namespace taskactor::detail
