/// How far a gather is: open, closed, complete, over. Not for users: see `gather_state.hpp`.
///
///     open --close--> closed         no further item starts
///     either ---------> complete     and every started item has its outcome; or there are no more items
///     complete -------> over         and neither a slot nor an item's task is left
#pragma once

#include <atomic>
#include <cstddef>

namespace taskactor::detail {

/// Each of these is reached once, and stays. Threads: any.
class gather_progress {
public:
  void close() noexcept { closed_.store(true); }
  bool closed() const noexcept { return closed_.load(); }
  bool complete() const noexcept { return complete_.load(std::memory_order_acquire); }
  bool over() const noexcept { return over_.load(std::memory_order_acquire); }

  /// A fetch is under way, and then its item. One is from the start: until no further item is fed.
  void begin() noexcept { pending_.fetch_add(1); }
  /// One of these has ended. True: the gather is complete by this. `has_items`: a fetch would give one.
  template <class HasItems>
  bool settle(HasItems&& has_items) noexcept {
    if (pending_.fetch_sub(1) != 1 || !(closed() || !has_items()))
      return false;
    // Another slot may have fetched the last item between the two: then that one's end is the end. What is
    // fetched is counted before, so that none is under way when the count is zero after that.
    return pending_.load() == 0 && !complete_.exchange(true);
  }

  /// Items' tasks: from each one's making until nothing of it is left.
  void task_made() noexcept { tasks_.fetch_add(1); }
  /// Its slot is done with it.
  void task_left() noexcept { left_.fetch_add(1); }
  /// How many go on without their slots.
  std::size_t tasks_left() const noexcept { return left_.load(); }
  /// `left`: it was one of these. True: it was the last of those that there are.
  bool task_gone(bool left) noexcept {
    if (left)
      left_.fetch_sub(1);
    return tasks_.fetch_sub(1) == 1;
  }

  /// When it is complete, and no slot is left. True, once: it is over by this.
  bool finish() noexcept { return tasks_.load() == 0 && !over_.exchange(true); }

private:
  std::atomic<bool> closed_{false}, complete_{false}, over_{false};
  std::atomic<std::size_t> tasks_{0}, left_{0}; // of items, that aren't gone
  /// Slots with a fetch or an item under way, and one until the feed has ended. In a cache line of its own,
  /// away from what slots read for each item.
  alignas(64) std::atomic<std::size_t> pending_{1};
};

} // namespace taskactor::detail
