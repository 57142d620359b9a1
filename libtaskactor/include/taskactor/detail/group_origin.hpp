/// Whose children those of a group are. Not for users: see `group_state.hpp`.
#pragma once

#include <taskactor/detail/inheritance.hpp>
#include <taskactor/detail/record.hpp>

#include <string>

namespace taskactor::detail {

/// Threads: constant but for the count of ids, which is atomic.
class group_origin {
public:
  explicit group_origin(context& parent);

  manager_core& home() const noexcept { return home_; }
  const std::string& parent_id() const noexcept { return parent_id_; }
  /// The count goes on from group to group in a task: its children may run beside each other.
  std::string next_id() const;
  /// Before the manager is asked to admit it: with an id below the parent's, and what it inherits.
  void prepare(record& child, task_options& options) const;
  /// What is set around the group, for a child that is started by a thread of no task's. Errors:
  /// `std::bad_alloc`.
  void give_locals(record& child) const {
    if (from_.locals)
      inherit(child, from_.locals);
  }
  /// Nobody refers to the group any more.
  void drop_locals() noexcept;

private:
  manager_core& home_;
  const ref<record> parent_; // the children of all its groups are numbered together
  const std::string parent_id_;
  inheritance from_;
};

} // namespace taskactor::detail
