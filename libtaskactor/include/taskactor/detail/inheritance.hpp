/// What children have of the task in which they are started. Not for users.
#pragma once

#include <taskactor/detail/child_observer.hpp>
#include <taskactor/detail/local_binding.hpp>
#include <taskactor/detail/record.hpp>

#include <cstdint>
#include <string>

namespace taskactor::detail {

/// As it is at the time of the start: the body may be in another scope later. By default: of no task.
struct inheritance {
  inheritance() = default;
  /// `parent_id`: its id, which the children's begin with.
  inheritance(context& parent, const std::string& parent_id)
      : deadline(parent.deadline(deadlines::fixed)),
        parent_length(static_cast<std::uint32_t>(parent_id.size())),
        locals(parent.locals()) {
    const auto& task = static_cast<record&>(parent.core());
    depth = task.depth_inside();
    shielded = task.shielded || in_shield(parent);
  }

  /// All but the deadline, and what is set: that of who starts it.
  void give(record& child) const noexcept {
    child.depth = depth;
    child.shielded = shielded;
    child.parent_length = parent_length;
  }

  time_point deadline = time_point::max(); // rule 7: children inherit what is left
  std::uint32_t parent_length = 0;
  std::uint8_t depth = 0;
  bool shielded = false;
  ref<local_binding> locals; // of `task_local`s
};

} // namespace taskactor::detail
