/// `admission`: the way into a manager. Fills in a task's record from its options, and has the table
/// decide, in the caller's thread (rule 1); a caller that chose to wait for room is blocked here.
///
/// Threads: any.
#pragma once

#include <taskactor/detail/record.hpp>
#include <taskactor/expected.hpp>
#include <taskactor/task_options.hpp>

#include <optional>

namespace taskactor::detail {

class manager_core;

class admission {
public:
  explicit admission(manager_core& home) noexcept : home_(home) {}

  /// Empty: it is admitted, unless `joined` is set: with `on_duplicate::join`, what is there already.
  std::optional<rejection> admit(ref<record> task, task_options&& options, ref<record>& joined);

private:
  std::optional<rejection> fill_in(record& task, task_options& options);
  std::optional<rejection> wait_for_room(const task_options& options, const record& task);

  manager_core& home_;
};

} // namespace taskactor::detail
