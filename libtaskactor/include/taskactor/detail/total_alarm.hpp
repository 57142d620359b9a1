/// Wakes a body that waits for a gather when the time of all is up. Not for users: see `gather_waits.hpp`.
#pragma once

#include <taskactor/detail/context.hpp>
#include <taskactor/detail/gather_state.hpp>

#include <atomic>

namespace taskactor::detail {

/// Lives in the body's frame.
class total_alarm {
public:
  total_alarm() noexcept = default;
  /// Of an await that hasn't begun.
  total_alarm(total_alarm&&) noexcept {} // NOLINT: there is nothing to move
  total_alarm& operator=(total_alarm&&) = delete;
  ~total_alarm() {
    if (timer_.owner)
      timer_.owner->disarm(timer_);
  }

  void set(context& ctx, const gather_state& gather) {
    if (gather.plan().total_deadline() == time_point::max() || gather.progress.closed())
      return;
    timer_.due = gather.plan().total_deadline();
    timer_.owner = &ctx;
    ctx.arm(timer_);
  }
  /// At each look of the body.
  void look(gather_state& gather) const noexcept {
    if (timer_.fired.load(std::memory_order_acquire))
      close_if_late(gather);
  }

private:
  timer_entry timer_;
};

} // namespace taskactor::detail
