/// The queue of the scheduler of actor systems of our own: one for all workers, first come, first served, as
/// CAF's "sharing".
///
/// What differs is when a sleeping worker is woken. CAF wakes one for each entry, under the lock that the
/// woken one then waits for; for tasks of a microsecond that costs more than the tasks. Here at most one
/// wake-up is under way at any time, and a woken worker wakes the next if there is more: no entry waits for a
/// worker that sleeps, and a burst of short tasks is mostly run by the workers that are awake anyway. And
/// none is woken for a single entry that a worker makes in its last steps: it takes it itself in a moment.
#pragma once

#include <caf/resumable.hpp>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <utility>

namespace taskactor::detail {

class run_queue {
public:
  /// As long as it lives, this thread is about to end its turn: by steps that neither block nor take long.
  class last_steps {
  public:
    last_steps() noexcept : before_(std::exchange(ending_turn_, true)) {}
    last_steps(const last_steps&) = delete;
    last_steps& operator=(const last_steps&) = delete;
    ~last_steps() { ending_turn_ = before_; }

  private:
    const bool before_;
  };

  void push(caf::resumable* job) {
    std::unique_lock lock{mutex_};
    queue_.push_back(job);
    if (!ending_turn_ || served_ != this || queue_.size() > 1)
      wake_one(lock);
  }
  caf::resumable* pop() {
    served_ = this;
    std::unique_lock lock{mutex_};
    while (queue_.empty()) {
      ++idle_;
      filled_.wait(lock);
      --idle_;
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

private:
  void wake_one(std::unique_lock<std::mutex>& lock) {
    if (queue_.empty() || idle_ == 0 || std::exchange(waking_, true))
      return;
    lock.unlock();
    filled_.notify_one();
  }

  static inline thread_local bool ending_turn_ = false;
  static inline thread_local const run_queue* served_ = nullptr; // by this thread

  std::mutex mutex_; // what follows
  std::condition_variable filled_;
  std::deque<caf::resumable*> queue_;
  std::size_t idle_ = 0;
  bool waking_ = false; // a worker has been told, and isn't there yet
};

} // namespace taskactor::detail
