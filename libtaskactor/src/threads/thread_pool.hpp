/// Long-lived threads for blocking calls, which serve one queue.
///
/// The pool grows by a worker whenever a call waits, nobody is idle and there are fewer workers (without
/// those that block and have lent their token) than the limiter lends tokens: with as many, one is just
/// coming back. A worker that has been idle for ten seconds ends. At most one idle worker is being woken at
/// any time; a woken one wakes the next if there is more. That keeps a burst of short calls on few hot
/// threads.
///
/// They are plain threads, no detached actors: a call may end its thread (`pthread_exit`), which unwinds it,
/// and would end the process in CAF's own loop. Another worker takes its place. A worker stuck in a call that
/// never returns is left behind by `stop`, with the pool, which it shares.
#pragma once

#include "lifecycle/manager_messages.hpp"
#include "threads/blocked_calls.hpp"

#include <taskactor/detail/pool_work.hpp>
#include <taskactor/detail/ref.hpp>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>

namespace caf {
class actor_system;
}

namespace taskactor::detail {

class thread_pool : public std::enable_shared_from_this<thread_pool> {
public:
  /// `system`: not to end before all workers have; null for one that never does.
  thread_pool(caf::actor_system* system, std::size_t limit) : system_(system), limit_(limit) {}

  /// Before the limiter lends more.
  void resize(std::size_t limit) noexcept { limit_ = limit; }

  void submit(ref<pool_work> call);
  /// Ends the idle workers, and waits for the busy ones until `bound` is over. Returns how many are left
  /// behind.
  std::size_t stop(std::chrono::nanoseconds bound);
  std::size_t workers() const;
  blocked_calls& blocked() noexcept { return blocked_; }
  /// One of its workers blocks: what waits for one gets another.
  void replace_one();

  /// A worker's whole life.
  void serve();

private:
  struct presence {
    thread_pool& in;
    ~presence() { in.leave(); }
  };

  void hold_system();
  void leave() noexcept;
  ref<pool_work> next_call(std::unique_lock<std::mutex>& lock);
  void wake_one(std::unique_lock<std::mutex>& lock);
  void give_up_worker(std::unique_lock<std::mutex>& lock, const std::exception_ptr& why);

  caf::actor_system* system_;
  std::atomic<bool> held_{false};
  std::atomic<std::size_t> limit_;
  blocked_calls blocked_;
  mutable std::mutex mutex_; // what follows
  std::condition_variable work_;
  std::condition_variable gone_;
  std::deque<ref<pool_work>> queue_;
  std::size_t workers_ = 0;
  std::size_t idle_ = 0;
  bool waking_ = false; // a worker has been told or made, and isn't there yet
  bool stopping_ = false;
};

} // namespace taskactor::detail
