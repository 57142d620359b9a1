#include "task/stop_token_box.hpp"

#include <taskactor/detail/context.hpp>
#include <taskactor/outcome.hpp>
#include <taskactor/retry.hpp>
#include <taskactor/this_task.hpp>

#include <algorithm>
#include <utility>

namespace taskactor::this_task {

std::string id() { return detail::require_task().current_id(); }

std::chrono::steady_clock::time_point deadline() {
  auto* ctx = detail::current_context();
  const auto due = ctx ? ctx->deadline() : detail::require_task().deadline();
  return cancel_requested() ? std::min(due, now()) : due;
}

std::chrono::nanoseconds remaining() {
  const auto until = deadline();
  if (until == std::chrono::steady_clock::time_point::max())
    return std::chrono::nanoseconds::max();
  return std::max(std::chrono::nanoseconds{0}, detail::between(now(), until));
}

bool cancel_requested() {
  const auto* ctx = detail::current_context();
  return ctx ? ctx->must_stop() : detail::require_task().cancel_requested();
}

std::stop_token stop_token() {
  detail::stop_token_box box;
  detail::require_task().give(box);
  return std::move(box.token);
}

void throw_if_cancelled() {
  if (cancel_requested())
    throw cancelled_error{};
}

void report_progress(std::uint64_t done, std::uint64_t total, std::string text) {
  detail::require_task().report_progress(done, total, std::move(text));
}

std::size_t attempt() { return detail::require_task().attempt(); }

std::uint64_t fencing_token() { return detail::require_task().fencing_token(); }

void retry_after(time_span wait, const std::string& why) {
  detail::require_task();
  throw retry_requested{wait, why};
}

void forbid_retry() { detail::require_task().forbid_retry(); }

std::chrono::steady_clock::time_point now() { return detail::require_task().now(); }

} // namespace taskactor::this_task
