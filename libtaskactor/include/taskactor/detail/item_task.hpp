/// The task that an item of a gather is (`gather_options::each`), for its slot. Not for users: see
/// `gather_slot.hpp`.
#pragma once

#include <taskactor/detail/gather_plan.hpp>
#include <taskactor/detail/record.hpp>
#include <taskactor/task.hpp>

#include <atomic>
#include <string>

namespace taskactor::detail {

/// Threads: the slot's actor; `was_admitted` also the manager, which delivers the item then.
class item_task {
public:
  /// Has `made` admitted as the plan says, with that id. Errors: `std::system_error`, when it is refused.
  void admit(const gather_plan& plan, std::string id, ref<record> made);
  /// The slot waits for it, or has its outcome to collect.
  bool is_there() const noexcept { return bool{task_}; }
  /// The slot is done with it; one that hasn't ended is killed: the slot was, or its item was answered for.
  void leave() noexcept;

  /// The item was admitted as a task: it is counted and told of as one.
  bool was_admitted() const noexcept { return was_admitted_.load(std::memory_order_relaxed); }
  /// Of the next item.
  void reset() noexcept { was_admitted_.store(false, std::memory_order_relaxed); }

private:
  ref<record> task_;
  std::atomic<bool> was_admitted_{false};
};

/// Until an item's task has ended: what its slot is asked, that is asked.
task<void> end_of_item_task(ref<record> task, ref<record> slot);

} // namespace taskactor::detail
