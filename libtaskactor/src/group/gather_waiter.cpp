#include "threads/waits.hpp"

#include <taskactor/detail/gather_waiter.hpp>

#include <utility>

namespace taskactor::detail {

void gather_waiter::wake_instead(context* task) noexcept {
  ref<context> other{task}; // the one before is released after the lock
  const std::lock_guard lock{mutex_};
  std::swap(task_, other);
}

void gather_waiter::block(waits& how, const std::function<bool()>& done, time_point until) {
  std::unique_lock lock{mutex_};
  how.block(lock, changed_, done, until);
}

void gather_waiter::notify() noexcept {
  {
    const std::lock_guard lock{mutex_};
    if (task_)
      task_->wake();
  }
  changed_.notify_all(); // not under the lock: who waits would wake for nothing, and wait for that
}

void gather_waiter::keep_failure(const std::exception_ptr& what) noexcept {
  const std::lock_guard lock{mutex_};
  if (!failure_)
    failure_ = what;
}

void gather_waiter::rethrow_failure() const {
  const std::lock_guard lock{mutex_};
  if (failure_)
    std::rethrow_exception(failure_);
}

} // namespace taskactor::detail
