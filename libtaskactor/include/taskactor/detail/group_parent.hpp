/// The body to which a group belongs: it waits for the group, and is cancelled with it. Not for users: see
/// `group_state.hpp`.
#pragma once

#include <taskactor/detail/context.hpp>
#include <taskactor/detail/ref.hpp>

#include <utility>

namespace taskactor::detail {

/// Threads: under the group's lock.
class group_parent {
public:
  explicit group_parent(context& task) noexcept : task_(&task) {}

  /// It is in this scope now; null: in none.
  void enter(scope* body) noexcept {
    body_ = body;
    if (body && cancelled_)
      body->cancelled.store(true, std::memory_order_release);
  }
  /// The group itself is cancelled: what the body awaits in that scope, now or later, throws.
  void cancel() noexcept {
    cancelled_ = true;
    if (body_)
      body_->cancelled.store(true, std::memory_order_release);
    wake();
  }
  bool cancelled() const noexcept { return cancelled_; }
  void wake() noexcept {
    if (task_)
      task_->wake();
  }
  /// It is told nothing any more. Returns what is to be released after the lock.
  ref<context> leave() noexcept { return std::exchange(task_, {}); }

private:
  ref<context> task_;
  scope* body_ = nullptr;
  bool cancelled_ = false;
};

} // namespace taskactor::detail
