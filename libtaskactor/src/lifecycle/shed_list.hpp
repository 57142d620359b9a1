/// `shed_list`: what may give way, where there is no room, to a task that is at least as urgent
/// (`on_full::shed`); and how many have done so, and haven't ended yet. A part of the task table: under its
/// lock.
///
/// Nothing is listed before the first call of `collect`: few managers ever shed.
#pragma once

#include "lifecycle/id_index.hpp"

#include <taskactor/detail/record.hpp>

#include <array>
#include <cstddef>
#include <deque>
#include <memory>
#include <utility>

namespace taskactor::detail {

class shed_list {
public:
  /// Lists what waits, by priority and age, at the first call; afterwards drops what waits no longer, now and
  /// then: the work is bounded by that of the admissions.
  void collect(const id_index& tasks, std::size_t max_queue);

  /// Needs memory: makes the place of a task that is about to be admitted. False: nothing is listed.
  bool reserve(int priority) {
    if (!by_priority_)
      return false;
    level(priority).emplace_back();
    return true;
  }
  /// It is admitted: `reserve` was true.
  void fill(const ref<record>& task) noexcept { level(task->priority).back() = task; }
  /// It isn't.
  void give_back(int priority) noexcept { level(priority).pop_back(); }

  /// The oldest waiting task of the lowest priority, not above `priority`; it isn't listed any more. Empty:
  /// there is none.
  ref<record> next(int priority);

  /// The task is to end, and isn't counted as one any more.
  void shed(record& task) noexcept {
    task.shed = true;
    ++shedding_;
  }
  /// It has ended, or was replaced. False: it wasn't shed.
  bool forget(record& task) noexcept {
    const bool was = std::exchange(task.shed, false);
    shedding_ -= was ? 1 : 0;
    return was;
  }
  /// How many have been shed, and not forgotten.
  std::size_t shedding() const noexcept { return shedding_; }

private:
  using levels = std::array<std::deque<ref<record>>, lowest_priority + 1>;
  std::deque<ref<record>>& level(int priority) noexcept {
    return (*by_priority_)[static_cast<std::size_t>(priority)];
  }

  std::unique_ptr<levels> by_priority_;
  std::size_t shedding_ = 0;
};

} // namespace taskactor::detail
