#include <taskactor/error.hpp>
#include <taskactor/scope.hpp>
#include <taskactor/task_options.hpp>
#include <taskactor/this_task.hpp>

#include <algorithm>
#include <exception>
#include <utility>

namespace taskactor {

timeout_error::timeout_error(std::chrono::nanoseconds limit)
    : error(errc::scope_timed_out, "not done within " + detail::to_text(limit)) {}

namespace detail {

namespace {

/// The task's own time is up, and no shield keeps that out. The manager says so in a moment: which of two
/// clocks is heard first is chance.
bool task_is_due(const context& where) noexcept {
  for (const auto* each = where.scopes; each; each = each->outer)
    if (each->shielded)
      return false;
  return where.core().deadline() <= where.core().now();
}

} // namespace

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

void body_scope::start(context& where, std::chrono::nanoseconds& limit) {
  const auto now = where.core().now();
  if (limit < std::chrono::nanoseconds{0})
    limit = until(timer.due, now);
  else
    timer.due = after(now, limit);
  enter(where);
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
  const bool cancellation = caught_cancellation();
  if (!cancellation && !told)
    throw;
  expire_outer();
  if (ctx_->must_stop() || (cancellation && task_is_due(*ctx_))) {
    ctx_->mark_told(); // somebody around it decides, who is then the one who has been told
    throw;
  }
  if (cancellation) {
    ctx_->forget_refusals();
    return;
  }
  ctx_->core().report_cleanup_fault(std::current_exception());
  if (!fails_after)
    throw;
  std::throw_with_nested(timeout_error{*fails_after});
}

/// What is due has expired, also where its timer hasn't rung yet: which of two rings first is chance.
void body_scope::expire_outer() noexcept {
  if (!outer)
    return;
  const auto now = ctx_->core().now();
  for (auto* each = outer; each; each = each->shielded ? nullptr : each->outer)
    if (each->due() <= now)
      each->timer.fired.store(true, std::memory_order_release);
}

std::chrono::nanoseconds scope_limit(const char* what, std::chrono::nanoseconds duration) {
  if (const auto wrong = check_duration(what, duration))
    throw_rejection(*wrong);
  return duration;
}

std::chrono::nanoseconds until(time_point due, time_point now) noexcept {
  if (due == time_point::max())
    return no_timeout;
  return std::max(std::chrono::nanoseconds{0}, between(now, due));
}

} // namespace detail
} // namespace taskactor
