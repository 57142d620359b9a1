#include "threads/waits.hpp"

#include "base/semaphore.hpp"
#include "caf_adapter/compat_threads.hpp"
#include "caf_adapter/detached_job.hpp"
#include "capacity/limiter_queue.hpp"
#include "lifecycle/manager_core.hpp"
#include "lifecycle/task_actor.hpp"
#include "threads/blocked_calls.hpp"
#include "threads/caller_runs.hpp"

#include <taskactor/error.hpp>
#include <taskactor/processors.hpp>

#include <caf/all.hpp>

#include <algorithm>

namespace taskactor::detail {

namespace {

/// For threads that work for a test in which time stands still.
constexpr std::chrono::seconds patience{1};

/// The call of this thread, if it is one of this manager's and is about to block. One that waits for another
/// manager keeps its tokens: while it waited to have them back it would depend on that one.
thread_call* call_that_lends(const manager_core& home, time_point until) {
  auto* const call = blocked_calls::of_this_thread();
  return call && &call->works_for().home() == &home && until > home.now() ? call : nullptr;
}

} // namespace

void refuse_inside_coroutine() {
  if (current_context() != nullptr)
    throw error{errc::would_block, "a blocking call would hold a thread of the scheduler here: use co_await"};
}

waits::waits(manager_core& home)
    : home_(home), spins_(usable_processors()), by_hand_(detail::is_run_by_hand(home.system())) {}

bool waits::may_wait_here() const noexcept {
  if (strategy_ || by_hand_)
    return true;
  return !current_context() && !detached_job::is_this_thread_one() && !on_scheduler_thread(home_.system());
}

void waits::block(std::unique_lock<std::mutex>& lock, std::condition_variable& changed,
                  const std::function<bool()>& done, time_point until) {
  if (done())
    return;
  refuse_inside_coroutine();
  auto* const call = call_that_lends(home_, until);
  if (!call)
    return wait_here(lock, changed, done, until);
  lock.unlock(); // who gives tokens may ask for it
  blocked_call lends{*call};
  lock.lock();
  wait_here(lock, changed, done, until);
  lock.unlock();
  lends.go_on(until);
  lock.lock();
}

void waits::wait_here(std::unique_lock<std::mutex>& lock, std::condition_variable& changed,
                      const std::function<bool()>& done, time_point until) {
  if (strategy_)
    strategy_(lock, changed, done, until);
  else if (by_hand_)
    wait_by_hand(lock, changed, done, until);
  else if (until == time_point::max())
    changed.wait(lock, done);
  else
    changed.wait_until(lock, until, done);
}

void waits::wait_by_hand(std::unique_lock<std::mutex>& lock, std::condition_variable& changed,
                         const std::function<bool()>& done, time_point until) {
  constexpr std::chrono::milliseconds look{1};
  const bool drives = std::this_thread::get_id() == made_on_;
  const auto give_up = clock::now() + patience; // real time: that of the test stands still meanwhile
  while (!done()) {
    lock.unlock();
    const bool ran = drives && run_by_hand(home_.system(), [this](const auto& job) { return owns(job); });
    const bool may_come = ran || !drives || has_real_work();
    lock.lock();
    if (ran || done())
      continue;
    if (until != time_point::max() && (!may_come || clock::now() >= give_up))
      return;
    if (!may_come)
      throw error{errc::would_block,
                  "nothing that this waits for can run: the test has to run its scheduler, or to "
                  "move its clock, first"};
    changed.wait_for(lock, look);
  }
}

bool waits::has_real_work() {
  return home_.thread_queue().at_work() + home_.process_queue().statistics().in_use + home_.busy_threads != 0;
}

/// The manager's actors, its tasks, and its supervisors.
bool waits::owns(const caf::resumable& job) {
  if (const auto* const body = dynamic_cast<const task_actor*>(&job))
    return body->is_of(home_);
  const auto* const actor = dynamic_cast<const caf::abstract_actor*>(&job);
  if (!actor)
    return false;
  return home_.has_part(actor->id());
}

bool waits::block(semaphore& posted, time_point until) {
  if (!posted.is_posted())
    refuse_inside_coroutine();
  if (strategy_ || by_hand_) {
    std::mutex mutex;
    std::condition_variable never;
    std::unique_lock lock{mutex};
    block(
        lock, never, [&] { return posted.is_posted(); }, until);
    return posted.is_posted();
  }
  auto* const call = call_that_lends(home_, until);
  if (!call || posted.is_posted())
    return wait_here(posted, until);
  blocked_call lends{*call};
  const bool came = wait_here(posted, until);
  try {
    lends.go_on(until);
  } catch (...) {
    if (came)
      posted.post(); // who waits for it is told in both ways
    throw;
  }
  return came;
}

bool waits::wait_here(semaphore& posted, time_point until) {
  if (until != time_point::max())
    return posted.wait_until(until);
  if (home_.queue()) {
    caller_runs{home_}.run();
    spins_.run([&] { return posted.is_posted(); },
               [this] {
                 return home_.running.load(std::memory_order_relaxed)
                        + home_.waiting.load(std::memory_order_relaxed);
               });
  }
  posted.wait();
  return true;
}

} // namespace taskactor::detail
