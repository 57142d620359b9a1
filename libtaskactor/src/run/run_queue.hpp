/// The queue of the scheduler of actor systems of our own: one for all workers, first come, first served, as
/// CAF's "sharing".
///
/// What differs is when a sleeping worker is woken. CAF wakes one for each entry, under the lock that the
/// woken one then waits for; for tasks of a microsecond that costs more than the tasks. Here at most one
/// wake-up is under way at any time, and a woken worker wakes the next if there is more: no entry waits for a
/// worker that sleeps, and a burst of short tasks is mostly run by the workers that are awake anyway.
#pragma once

#include <caf/resumable.hpp>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <utility>

namespace taskactor::detail {

class run_queue {
public:
  void push(caf::resumable* job) {
    std::unique_lock lock{mutex_};
    queue_.push_back(job);
    wake_one(lock);
  }
  caf::resumable* pop() {
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

  std::mutex mutex_; // what follows
  std::condition_variable filled_;
  std::deque<caf::resumable*> queue_;
  std::size_t idle_ = 0;
  bool waking_ = false; // a worker has been told, and isn't there yet
};

} // namespace taskactor::detail
