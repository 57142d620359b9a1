#include <taskactor/task/options.hpp>
#include <taskactor/task/scope.hpp>
#include <taskactor/task/this_task.hpp>

#include <algorithm>
#include <exception>
#include <utility>

namespace taskactor {

timeout_error::timeout_error(std::chrono::nanoseconds limit)
    : std::system_error(make_error_code(errc::scope_timed_out), "not done within " + detail::to_text(limit)) {
}

namespace detail {

body_scope::body_scope(time_point due, bool shields) noexcept {
  timer.due = due;
  shielded = shields;
}

void body_scope::enter(context& where) {
  timer.owner = &where;
  if (timer.due <= where.core().now())
    timer.fired.store(true, std::memory_order_relaxed); // zero has expired
  else if (timer.due != time_point::max())
    where.arm(timer);
  ctx_ = &where;
  entered_ = true;
  outer = where.scopes;
  where.scopes = this;
}

void body_scope::leave() noexcept {
  if (!std::exchange(entered_, false))
    return;
  if (ctx_->scopes == this) // a killed body's are all left already
    ctx_->scopes = outer;
  ctx_->disarm(timer);
}

void body_scope::absorb(const std::optional<std::chrono::nanoseconds>& fails_after) {
  if (!expired())
    throw;
  try {
    throw;
  } catch (const cancelled_error&) {
    if (!ctx_->must_stop())
      ctx_->forget_refusals();
    return;
  } catch (...) {
    if (!told)
      throw;
    ctx_->core().report_cleanup_fault(std::current_exception());
    if (!fails_after)
      throw;
    std::throw_with_nested(timeout_error{*fails_after});
  }
}

time_point scope_end(const char* what, std::chrono::nanoseconds duration) {
  if (const auto wrong = check_duration(what, duration))
    throw_rejection(*wrong);
  return after(require_task().now(), duration);
}

std::chrono::nanoseconds until(time_point due) {
  return due == time_point::max() ? no_timeout
                                  : std::max(std::chrono::nanoseconds{0}, due - require_task().now());
}

} // namespace detail
} // namespace taskactor
