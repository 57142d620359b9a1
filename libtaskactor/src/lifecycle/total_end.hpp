/// When a task's `total_timeout` is over. Any thread, once the task is admitted: what its predecessors delay
/// is written before it begins.
#pragma once

#include "lifecycle/task_extras.hpp"

#include <taskactor/detail/record.hpp>
#include <taskactor/time_span.hpp>

#include <algorithm>

namespace taskactor::detail {

inline time_point total_end(const record& task) noexcept {
  if (task.total_timeout == no_timeout)
    return time_point::max();
  return after(task.extras ? std::max(task.submitted, task.extras->clocks_begin) : task.submitted,
               task.total_timeout);
}

} // namespace taskactor::detail
