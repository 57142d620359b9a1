/// `retry`: when a task that has failed is run again, and how long it waits before that.
///
///     const ta::retry again{.max_attempts = 5, .backoff = {.first = 200ms}};
///     tasks.add_task({.id = "mail", .retry = again}, send, letter);
///
///     attempt 1 --fails--> wait first --> attempt 2 --fails--> wait first * factor --> attempt 3 ...
///
/// Each attempt is a new actor with a token of its own, and gets its own copy of the callable and the
/// arguments, made in that actor when the attempt begins: what the copy throws is the attempt's failure.
/// `timeout` is for each attempt, `total_timeout` for all of them and the waits between: an attempt that
/// couldn't begin in time isn't waited for. An attempt that the kill can't end (a thread's call) goes on by
/// itself, with its tokens, and the next one begins. The last failure is the task's, given at its deadline. A
/// task that was asked to end isn't run again; it is cancelled, also if its attempt's time was up just
/// before. `task_info::attempts` has the failures so far; each is an event (`event_kind::retrying`). See also
/// `this_task::attempt`, `retry_after` and `forbid_retry`.
///
/// Errors: `errc::invalid_argument` names the field at fault; so it does when callable or arguments can't be
/// copied. Units: `std::chrono`; negative durations are refused.
#pragma once

#include <taskactor/backoff.hpp>
#include <taskactor/expected.hpp>
#include <taskactor/outcome.hpp>
#include <taskactor/time_span.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>

namespace taskactor {

struct retry {
  /// Attempts in all, the first one included; one: no retry. Zero is refused.
  std::size_t max_attempts = 3;
  /// The waits between them: the first one is before the second attempt.
  taskactor::backoff backoff{};
  /// Whether a failure is worth another attempt; asked once for each: about what a body has thrown on that
  /// body's thread, before the attempt is over; about a `timeout` on a thread that nobody waits for. It holds
  /// up its own task alone, which waits for the answer until the attempt's time is up, or `cancel_grace` is
  /// over: then it is no. If it throws, the failure is final, and the exception a clean-up fault. Unset:
  /// every exception, and every `timeout` of an attempt.
  std::function<bool(const failure&)> retry_on{};
};

/// What `this_task::retry_after` throws: the task's failure, when there is no further attempt.
class retry_requested : public std::runtime_error {
public:
  retry_requested(time_span wait, const std::string& why);
  std::chrono::nanoseconds wait() const noexcept { return wait_; }

private:
  std::chrono::nanoseconds wait_;
};

namespace detail {
std::optional<rejection> validate(const retry& options);
} // namespace detail

} // namespace taskactor
