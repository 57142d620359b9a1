#include <taskactor/sleep.hpp>

namespace taskactor::detail {

sleep_awaiter::~sleep_awaiter() {
  if (entry_.owner)
    entry_.owner->disarm(entry_);
}

bool sleep_awaiter::start(context& ctx) {
  entry_.owner = &ctx;
  if (const auto parks = ctx.refusal())
    return *parks;
  const auto now = ctx.core().now();
  if (counts_)
    entry_.due = after(now, lasts_);
  if (entry_.due <= now) {
    ctx.yielded = true;
    return true;
  }
  ctx.waiting = this;
  ctx.arm(entry_);
  return true;
}

void sleep_awaiter::await_resume() {
  if (entry_.owner->must_stop())
    throw cancelled_error{};
}

} // namespace taskactor::detail
