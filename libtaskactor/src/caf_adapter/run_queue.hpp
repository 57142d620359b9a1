/// The queue of the scheduler of actor systems of our own: one for all workers, first come, first served, as
/// CAF's "sharing".
///
/// What differs is when a sleeping worker is woken. CAF wakes one for each entry, under the lock that the
/// woken one then waits for; for tasks of a microsecond that costs more than the tasks. Here at most one
/// wake-up is under way at any time, and a woken worker wakes the next if there is more: no entry waits for a
/// worker that sleeps, and a burst of short tasks is mostly run by the workers that are awake anyway. And
/// none is woken for a single entry that a worker makes in its last steps: it takes it itself in a moment.
/// Nor for what a helper makes, which is another thread that takes some entries as long as all workers sleep.
#pragma once

#include "base/memory.hpp"
#include "base/semaphore.hpp"

#include <caf/resumable.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <deque>
#include <mutex>
#include <utility>

namespace taskactor::detail {

class run_queue {
public:
  /// As long as it lives, this thread is about to end its turn: by steps that neither block nor take long.
  class tail_call_hint {
  public:
    explicit tail_call_hint(bool is = true) noexcept
        : before_(std::exchange(ending_turn_, ending_turn_ || is)) {}
    tail_call_hint(const tail_call_hint&) = delete;
    tail_call_hint& operator=(const tail_call_hint&) = delete;
    ~tail_call_hint() { ending_turn_ = before_; }

  private:
    const bool before_;
  };

  /// As long as it lives, this thread is about to look with `take_if` for what it pushes, if no worker is
  /// awake now.
  class helper {
  public:
    explicit helper(run_queue& queue) noexcept
        : queue_(queue.awake() == 0 ? &queue : nullptr), before_(served_), ending_(queue_ != nullptr) {
      if (queue_)
        served_ = queue_;
    }
    helper(const helper&) = delete;
    helper& operator=(const helper&) = delete;
    ~helper() {
      served_ = before_;
      if (queue_)
        queue_->take_if([](const caf::resumable&) { return false; });
    }
    /// The first entry, if it is one for which `fits(entry)`; else null, and a worker is woken for it.
    template <class Fits>
    caf::resumable* take_if(Fits fits) {
      return queue_ ? queue_->take_if(fits) : nullptr;
    }

  private:
    run_queue* const queue_;
    const run_queue* const before_;
    const tail_call_hint ending_;
  };

  /// Its owner takes the job for scheduled: without memory this waits, and lets others take what is there.
  void push(caf::resumable* job) {
    std::unique_lock lock{mutex_};
    once_there_is_memory(lock, [&] { queue_.push_back(job); });
    if (!ending_turn_ || served_ != this || queue_.size() > 1)
      wake_one(lock);
  }
  /// Who has pushed in its last steps goes on after all.
  void look() {
    std::unique_lock lock{mutex_};
    wake_one(lock);
  }
  caf::resumable* pop() {
    std::unique_lock lock{mutex_};
    if (std::exchange(served_, this) != this)
      workers_.store(workers_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    while (queue_.empty()) {
      idle_.store(idle_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
      lock.unlock();
      filled_.wait();
      lock.lock();
      idle_.store(idle_.load(std::memory_order_relaxed) - 1, std::memory_order_relaxed);
      waking_ = false; // a wake-up that finds the queue empty is spent all the same
    }
    auto* job = queue_.front();
    queue_.pop_front();
    wake_one(lock);
    return job;
  }
  template <class F>
  void drain(F f) {
    std::unique_lock lock{mutex_};
    while (!queue_.empty()) {
      const auto left = std::exchange(queue_, {});
      lock.unlock(); // what ends by that may push
      for (auto* job : left)
        f(job);
      lock.lock();
    }
  }

  /// How many workers are: a guess. One that was woken, and isn't there yet, isn't.
  std::size_t awake() const noexcept {
    const auto idle = idle_.load(std::memory_order_relaxed), all = workers_.load(std::memory_order_relaxed);
    return all - std::min(all, idle);
  }

private:
  template <class Fits>
  caf::resumable* take_if(Fits fits) {
    std::unique_lock lock{mutex_};
    caf::resumable* job = nullptr;
    if (!queue_.empty() && fits(*queue_.front())) {
      job = queue_.front();
      queue_.pop_front();
    }
    wake_one(lock);
    return job;
  }
  void wake_one(std::unique_lock<std::mutex>& lock) {
    if (queue_.empty() || idle_.load(std::memory_order_relaxed) == 0 || std::exchange(waking_, true))
      return;
    lock.unlock();
    filled_.post();
  }

  static inline thread_local bool ending_turn_ = false;
  static inline thread_local const run_queue* served_ = nullptr; // by this thread

  semaphore filled_;
  std::mutex mutex_; // what follows
  std::deque<caf::resumable*> queue_;
  std::atomic<std::size_t> idle_{0}, workers_{0}; // read without the lock for a guess
  bool waking_ = false;                           // a worker has been told, and isn't there yet
};

} // namespace taskactor::detail
