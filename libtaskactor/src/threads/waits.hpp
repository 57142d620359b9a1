/// `waits`: how a caller's thread waits for something of a manager's.
///
///     of a pool, in a task's call     lends its tokens meanwhile (threads/blocked_calls.hpp)
///     any other                       runs what is ready, stays awake for a moment, sleeps
///     where a test runs the actors    runs the manager's own, until it is done or nothing can run
///     in virtual time                 as the test says
///
/// Threads: any. Errors: `errc::would_block` inside a coroutine body, before anything has been done.
#pragma once

#include "base/spin_then_park.hpp"
#include "lifecycle/wait_strategy.hpp"

#include <taskactor/detail/context.hpp>

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>

namespace caf {
class resumable;
}

namespace taskactor::detail {

class manager_core;
class semaphore;

/// For a call that may block, before it does anything.
void refuse_inside_coroutine();

class waits {
public:
  explicit waits(manager_core& home);

  /// Waits until `done()` or `until`, woken by `changed`; a task's thread lends its tokens, not in
  /// `wait_here`.
  void block(std::unique_lock<std::mutex>& lock, std::condition_variable& changed,
             const std::function<bool()>& done, time_point until = time_point::max());
  void wait_here(std::unique_lock<std::mutex>& lock, std::condition_variable& changed,
                 const std::function<bool()>& done, time_point until);
  /// The same for a post. True: it has come.
  bool block(semaphore& posted, time_point until);
  bool wait_here(semaphore& posted, time_point until);

  /// False: a wait for actors may be in vain on this thread, or hold them up.
  bool may_wait_here() const noexcept;
  /// Nothing runs, nor does time pass, but by a test.
  bool is_run_by_hand() const noexcept { return by_hand_; }
  bool is_virtual() const noexcept { return bool{strategy_}; }
  /// Before the first task.
  void set_strategy(wait_strategy strategy) { strategy_ = std::move(strategy); }

private:
  /// Where a test runs the actors (CAF's coordinator for tests): runs ours while it waits.
  void wait_by_hand(std::unique_lock<std::mutex>& lock, std::condition_variable& changed,
                    const std::function<bool()>& done, time_point until);
  bool owns(const caf::resumable& job);
  bool has_real_work();

  manager_core& home_;
  wait_strategy strategy_;
  spin_then_park spins_;
  const bool by_hand_;
  const std::thread::id made_on_ = std::this_thread::get_id();
};

} // namespace taskactor::detail
