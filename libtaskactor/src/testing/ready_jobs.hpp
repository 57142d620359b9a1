/// What can run in virtual time: how it comes from other threads, and which is next.
#pragma once

#include "base/memory.hpp"

#include <caf/resumable.hpp>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <random>
#include <utility>
#include <vector>

namespace taskactor::testing {

/// What real threads have enqueued, until the thread that drives takes it.
class inbox {
public:
  void put(caf::resumable* job) {
    const std::lock_guard lock{mutex_};
    detail::once_there_is_memory([&] { jobs_.push_back(job); }); // its owner takes it for scheduled
    filled_.notify_all();
  }
  void move_to(std::deque<caf::resumable*>& jobs) {
    const std::lock_guard lock{mutex_};
    jobs.insert(jobs.end(), jobs_.begin(), jobs_.end());
    jobs_.clear();
  }
  bool empty() const {
    const std::lock_guard lock{mutex_};
    return jobs_.empty();
  }
  bool wait(std::chrono::milliseconds bound) {
    std::unique_lock lock{mutex_};
    const bool came = filled_.wait_for(lock, bound, [this] { return woken_ || !jobs_.empty(); });
    woken_ = false;
    return came;
  }
  void wake() noexcept {
    const std::lock_guard lock{mutex_};
    woken_ = true;
    filled_.notify_all();
  }

private:
  mutable std::mutex mutex_; // what follows
  std::condition_variable filled_;
  std::vector<caf::resumable*> jobs_;
  bool woken_ = false;
};

/// Which job is next.
class order {
public:
  explicit order(std::optional<std::uint64_t> seed) {
    if (seed)
      chance_.emplace(*seed);
  }
  /// Brings it to the front.
  void choose(std::deque<caf::resumable*>& jobs) {
    if (chance_ && jobs.size() > 1)
      std::swap(jobs.front(), jobs[(*chance_)() % jobs.size()]);
  }

private:
  std::optional<std::mt19937_64> chance_; // its numbers are the same everywhere, a distribution's aren't
};

} // namespace taskactor::testing
