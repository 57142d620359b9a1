/// One run of a child, whatever it is: an actor that is told by exit messages, or a task of the manager.
#pragma once

#include "services/child_run.hpp"

#include <taskactor/actors/child.hpp>
#include <taskactor/detail/record.hpp>

#include <memory>

namespace taskactor::detail {

class running_child {
public:
  running_child() = default;
  /// Errors: whatever the user's function throws; `std::system_error` of a task that isn't admitted.
  static running_child begin(const child_parts& what, std::shared_ptr<child_run> run, manager_core& home);
  /// A nested supervisor, which has been spawned.
  running_child(caf::strong_actor_ptr supervisor, std::shared_ptr<child_run> run)
      : run_(std::move(run)), actor_(std::move(supervisor)) {}

  explicit operator bool() const noexcept { return actor_ || task_; }
  std::uint64_t run() const noexcept { return run_ ? run_->run : 0; }
  /// Null: a task.
  const caf::strong_actor_ptr& actor() const noexcept { return actor_; }
  /// Has a thread of its own, which no clock of a test knows of.
  bool detached() const noexcept;
  void ask(manager_core& home) const;
  void kill(manager_core& home) const;

private:
  std::shared_ptr<child_run> run_;
  caf::strong_actor_ptr actor_;
  ref<record> task_;
};

} // namespace taskactor::detail
