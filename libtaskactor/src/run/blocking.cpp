// How a caller's thread waits for the runtime.
#include "helping.hpp"
#include "runtime.hpp"
#include "semaphore.hpp"

namespace taskactor::detail {

void refuse_inside_coroutine() {
  if (current_context() != nullptr)
    throw std::system_error{make_error_code(errc::would_block),
                            "a blocking call would hold a thread of the scheduler here: use co_await"};
}

void runtime::block(std::unique_lock<std::mutex>& lock, std::condition_variable& changed,
                    const std::function<bool()>& done, time_point until) {
  if (done())
    return;
  refuse_inside_coroutine();
  if (wait_)
    wait_(lock, changed, done, until);
  else if (until == time_point::max())
    changed.wait(lock, done);
  else
    changed.wait_until(lock, until, done);
}

bool runtime::block(semaphore& posted, time_point until) {
  if (!posted.is_posted())
    refuse_inside_coroutine();
  if (wait_) {
    std::mutex mutex;
    std::condition_variable never;
    std::unique_lock lock{mutex};
    wait_(
        lock, never, [&] { return posted.is_posted(); }, until);
    return posted.is_posted();
  }
  if (until != time_point::max())
    return posted.wait_until(until);
  if (queue_) {
    helping{*this}.run();
    short_waits_.run(
        [&] { return posted.is_posted(); },
        [this] { return running.load(std::memory_order_relaxed) + waiting.load(std::memory_order_relaxed); });
  }
  posted.wait();
  return true;
}

} // namespace taskactor::detail
