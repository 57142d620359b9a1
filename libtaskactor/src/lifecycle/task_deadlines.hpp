/// `task_deadlines`: until when each task may do what it does, and when the manager has to look next. No
/// actor in it; the manager's alone.
///
/// A task has at most one deadline at a time, in its record: `due`, and `due_reason`, why.
#pragma once

#include "base/deadline_heap.hpp"

#include <taskactor/detail/record.hpp>

#include <algorithm>
#include <optional>
#include <utility>

namespace taskactor::detail {

class task_deadlines {
public:
  /// In place of the one that it had.
  void set(record& task, time_point when, end_reason why) {
    tasks_.remove(task);
    task.due = when;
    task.due_reason = why;
    tasks_.push(task);
  }
  /// Harmless for a task that has none.
  void remove(record& task) noexcept { tasks_.remove(task); }
  /// A task whose time was up by `now`: it has no deadline any more. Null: there is none.
  record* take_due(time_point now) noexcept {
    auto* const first = tasks_.earliest();
    if (!first || first->due > now)
      return nullptr;
    tasks_.remove(*first);
    return first;
  }

  /// When to be woken, so that neither the first of these nor `other` is missed; empty: no further alarm is
  /// needed. `now()` is asked only if one is.
  template <class Now>
  std::optional<time_point> arm(time_point other, Now&& now) {
    if (alarm_.serves(std::min(tasks_.not_before(), other)))
      return {};
    const auto* first = tasks_.earliest();
    const auto due = std::min(first ? first->due : time_point::max(), other);
    if (due == time_point::max())
      return {};
    return alarm_.arm(due, std::forward<Now>(now));
  }
  /// An alarm has come.
  void rang(time_point at) { alarm_.rang(at); }

private:
  deadline_heap<record> tasks_;
  alarm alarm_;
};

} // namespace taskactor::detail
