// How a caller's thread waits for the runtime.
#include "base/semaphore.hpp"
#include "caf_adapter/compat_threads.hpp"
#include "lifecycle/task_actor.hpp"
#include "runtime.hpp"
#include "threads/caller_runs.hpp"

#include <caf/all.hpp>

#include <algorithm>

namespace taskactor::detail {

namespace {

/// For threads that work for a test in which time stands still.
constexpr std::chrono::seconds patience{1};

/// The call of this thread, if it is one of this manager's and is about to block. One that waits for another
/// manager keeps its tokens: while it waited to have them back it would depend on that one.
thread_call* call_that_lends(const runtime& home, time_point until) {
  auto* const call = blocked_calls::of_this_thread();
  return call && &call->works_for().home() == &home && until > home.now() ? call : nullptr;
}

} // namespace

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
  auto* const call = call_that_lends(*this, until);
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

void runtime::wait_here(std::unique_lock<std::mutex>& lock, std::condition_variable& changed,
                        const std::function<bool()>& done, time_point until) {
  if (wait_)
    wait_(lock, changed, done, until);
  else if (by_hand_)
    wait_by_hand(lock, changed, done, until);
  else if (until == time_point::max())
    changed.wait(lock, done);
  else
    changed.wait_until(lock, until, done);
}

void runtime::wait_by_hand(std::unique_lock<std::mutex>& lock, std::condition_variable& changed,
                           const std::function<bool()>& done, time_point until) {
  constexpr std::chrono::milliseconds look{1};
  const bool drives = std::this_thread::get_id() == made_on_;
  const auto give_up = clock::now() + patience; // real time: that of the test stands still meanwhile
  while (!done()) {
    lock.unlock();
    const bool ran = drives && run_by_hand(*system_, [this](const auto& job) { return owns(job); });
    const bool may_come = ran || !drives || has_real_work();
    lock.lock();
    if (ran || done())
      continue;
    if (until != time_point::max() && (!may_come || clock::now() >= give_up))
      return;
    if (!may_come)
      throw std::system_error{make_error_code(errc::would_block),
                              "nothing that this waits for can run: the test has to run its scheduler, or to "
                              "move its clock, first"};
    changed.wait_for(lock, look);
  }
}

bool runtime::has_real_work() {
  return thread_queue_->at_work() + process_queue_->statistics().in_use + dependents_.busy_threads != 0;
}

/// The manager's actors, its tasks, and its supervisors.
bool runtime::owns(const caf::resumable& job) {
  if (const auto* const body = dynamic_cast<const task_actor*>(&job))
    return body->is_of(*this);
  const auto* const actor = dynamic_cast<const caf::abstract_actor*>(&job);
  if (!actor)
    return false;
  const auto is_it = [actor](const auto& each) { return each.id() == actor->id(); };
  const std::lock_guard lock{mutex_};
  return std::any_of(parts_.begin(), parts_.end(), is_it) || dependents_.has(actor->id());
}

bool runtime::block(semaphore& posted, time_point until) {
  if (!posted.is_posted())
    refuse_inside_coroutine();
  if (wait_ || by_hand_) {
    std::mutex mutex;
    std::condition_variable never;
    std::unique_lock lock{mutex};
    block(
        lock, never, [&] { return posted.is_posted(); }, until);
    return posted.is_posted();
  }
  auto* const call = call_that_lends(*this, until);
  if (!call || posted.is_posted())
    return wait_here(posted, until);
  blocked_call lends{*call};
  const bool came = wait_here(posted, until);
  lends.go_on(until);
  return came;
}

bool runtime::wait_here(semaphore& posted, time_point until) {
  if (until != time_point::max())
    return posted.wait_until(until);
  if (queue_) {
    caller_runs{*this}.run();
    spins_.run(
        [&] { return posted.is_posted(); },
        [this] { return running.load(std::memory_order_relaxed) + waiting.load(std::memory_order_relaxed); });
  }
  posted.wait();
  return true;
}

} // namespace taskactor::detail
