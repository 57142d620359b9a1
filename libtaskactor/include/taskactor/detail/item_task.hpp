/// The task that an item of a gather is (`gather_options::each`), for its slot. Not for users: see
/// `gather_slot.hpp`.
#pragma once

#include <taskactor/detail/child_observer.hpp>
#include <taskactor/detail/gather_plan.hpp>
#include <taskactor/detail/record.hpp>
#include <taskactor/expected.hpp>
#include <taskactor/task.hpp>

#include <atomic>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>

namespace taskactor::detail {

class gather_state;

/// The place of an item's task among the `concurrency` of its gather: its slot has it until the outcome is
/// handed on, and if the task goes on then, it keeps it. It is destroyed when nothing of the task runs any
/// more, nor of an attempt that was left behind; the gather isn't over before.
class item_place final : public child_observer {
public:
  item_place(gather_state& of, std::string id);
  ~item_place() override;
  item_place(const item_place&) = delete;
  item_place& operator=(const item_place&) = delete;

  /// The slot's, once: it goes on without the task.
  void leave() noexcept;

  bool ended() const noexcept override { return false; }
  void child_ended(record&) noexcept override {}
  void child_left_behind(record&) noexcept override {}
  bool attempt_left_behind(record&) noexcept override { return true; }
  void child_gone(record&) noexcept override {}
  /// For an item whose id a task has: two gathers may have one id.
  std::string next_id() override;

private:
  const ref<gather_state> gather_;
  const std::string id_;
  std::size_t numbered_ = 1;
  bool left_ = false;
};

/// Threads: the slot's actor; `was_admitted` also the manager, which delivers the item then.
class item_task {
public:
  /// Has `made` admitted as the plan says, with that id. Or says why not: then it isn't there.
  std::optional<rejection> admit(gather_state& of, std::string id, ref<record> made);
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
  ref<item_place> place_;
  std::atomic<bool> was_admitted_{false};
};

/// Until an item's task has ended: what its slot is asked, that is asked.
/// Both outlive it.
task<void> end_of_item_task(record& task, const record& slot);

} // namespace taskactor::detail
