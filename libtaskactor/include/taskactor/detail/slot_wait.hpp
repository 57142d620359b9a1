/// What a slot's actor drives in place of an item's body: a pause, or the wait for the item's task. Not for
/// users: see `gather_slot.hpp`.
#pragma once

#include <taskactor/detail/promise.hpp>
#include <taskactor/task.hpp>

#include <exception>
#include <utility>

namespace taskactor::detail {

/// Threads: the slot's actor.
class slot_wait {
public:
  slot_wait() = default;
  slot_wait(const slot_wait&) = delete;
  slot_wait& operator=(const slot_wait&) = delete;

  void enter(task<void> what, context& where) {
    what.enter_root(where);
    root_ = what.release();
    root_->owner = &root_;
  }
  /// Until it was discarded, or its frame has gone by itself.
  bool entered() const noexcept { return root_ != nullptr; }
  /// Destroys what is left of its frames. Returns what a destructor threw.
  std::exception_ptr discard() noexcept { return destroy_chain(std::exchange(root_, nullptr)); }

private:
  promise_base* root_ = nullptr;
};

} // namespace taskactor::detail
