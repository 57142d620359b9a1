/// `replacements`: tasks that begin when nothing of the one of the same id, which they replace, runs any
/// more. No actor in it; the manager's alone.
///
/// Whom a task waits for stands in its extras (`after`). It may have to wait for what that has waited for
/// itself: whoever is gone is skipped, without recursion, whose depth others would decide on.
#pragma once

#include <taskactor/detail/record.hpp>

#include <cstddef>
#include <unordered_map>

namespace taskactor::detail {

class replacements {
public:
  /// Of a task that replaces another one: empty if it has to wait for that, else the task.
  ref<record> wait_for_predecessor(ref<record> task);
  /// Nothing of that task runs any more. Returns who may begin for it, or empty.
  ref<record> successor_of(record& gone);
  /// How many wait.
  std::size_t size() const noexcept { return successors_.size(); }

private:
  std::unordered_map<record*, ref<record>> successors_; // wait for the key to be gone
};

} // namespace taskactor::detail
