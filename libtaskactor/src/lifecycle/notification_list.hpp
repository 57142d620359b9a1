/// `notification_list`: the tasks whose bodies have something to tell the manager that it doesn't know yet.
///
///     any thread:  push(task, what)   the first one since the last `take` sends the manager a message
///     manager:     take()             all of them, in the order in which they came
///
/// A message each would cost more than what it leads to; and ends, tokens lent and tokens wanted back come in
/// bursts. Lock-free; a task is in it at most once, with all that it has to tell.
#pragma once

#include <taskactor/detail/record.hpp>

#include <atomic>
#include <utility>

namespace taskactor::detail {

class notification_list {
public:
  /// `what`: bits of `record::notifications`. True: it is the first, and the manager is to be told.
  [[nodiscard]] bool push(record& task, std::uint8_t what) noexcept {
    if (task.notifications.fetch_or(what, std::memory_order_acq_rel) != 0)
      return false; // it is there
    auto* head = head_.load(std::memory_order_relaxed);
    do
      task.told_before = head;
    while (!head_.compare_exchange_weak(head, &task, std::memory_order_acq_rel, std::memory_order_relaxed));
    return head == nullptr;
  }

  /// The first of a list, or null. Whoever takes it goes on with `next`.
  [[nodiscard]] record* take() noexcept {
    record* first = nullptr;
    for (auto* each = head_.exchange(nullptr, std::memory_order_acquire); each;) {
      auto* before = std::exchange(each->told_before, first);
      first = std::exchange(each, before);
    }
    return first;
  }

  /// What `task`, of a list that was taken, has to tell; and who comes behind it. From then on it may be
  /// pushed again.
  static std::uint8_t read(record& task, record*& next) noexcept {
    next = task.told_before;
    return task.notifications.exchange(0, std::memory_order_acq_rel);
  }

private:
  std::atomic<record*> head_{nullptr};
};

} // namespace taskactor::detail
