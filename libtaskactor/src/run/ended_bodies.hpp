/// `ended_bodies`: the tasks whose actors have ended and whose manager doesn't know yet.
///
///     any thread:  push(task)   the first one since the last `take` sends the manager a message
///     manager:     take()       all of them, in the order of their ends
///
/// Lock-free; a task is in it once, for its actor ends once.
#pragma once

#include <taskactor/run/record.hpp>

#include <atomic>
#include <utility>

namespace taskactor::detail {

class ended_bodies {
public:
  /// True: it is the first, and the manager is to be told.
  [[nodiscard]] bool push(record& task) noexcept {
    auto* head = head_.load(std::memory_order_relaxed);
    do
      task.ended_before = head;
    while (!head_.compare_exchange_weak(head, &task, std::memory_order_acq_rel, std::memory_order_relaxed));
    return head == nullptr;
  }

  /// The first of a list by `ended_before`, which now leads to the next one; null: there is none.
  [[nodiscard]] record* take() noexcept {
    record* first = nullptr;
    for (auto* each = head_.exchange(nullptr, std::memory_order_acquire); each;) {
      auto* before = std::exchange(each->ended_before, first);
      first = std::exchange(each, before);
    }
    return first;
  }

private:
  std::atomic<record*> head_{nullptr};
};

} // namespace taskactor::detail
