/// One turn of a body's: does it hold a lock at its end that it didn't at its beginning? Asked only in a test
/// that wants to know it: else a turn costs one load more.
#pragma once

#include <taskactor/detail/held_locks.hpp>

#include <atomic>

namespace taskactor::detail {

class held_locks_turn {
public:
  held_locks_turn() noexcept
      : check_(check.load(std::memory_order_acquire)), before_(check_ ? check_->count() : 0) {}

  /// The body has parked, or is to go on later. `tell(check, count)` is called if it does hold some.
  template <class Tell>
  void end(Tell&& tell) const {
    if (!check_)
      return;
    if (const long held = check_->count() - before_; held > 0)
      tell(*check_, held);
  }

private:
  friend void check_held_locks(const held_locks_check* by) noexcept;
  static inline std::atomic<const held_locks_check*> check{nullptr};

  const held_locks_check* check_;
  long before_;
};

} // namespace taskactor::detail
