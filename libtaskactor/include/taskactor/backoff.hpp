/// `backoff`: how long something waits before it is tried again: a task that has failed (`retry`), a service
/// that is restarted (`child_options`).
///
///     wait n  =  min(first * factor^(n-1), max)  +  a random time below jitter
///
/// Errors: `errc::invalid_argument` names the field at fault. Units: `std::chrono`; negative durations are
/// refused.
#pragma once

#include <taskactor/expected.hpp>
#include <taskactor/time_span.hpp>

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>

namespace taskactor {

struct backoff {
  /// The first wait. Zero: none.
  time_span first = std::chrono::seconds{1};
  /// Each further wait is so many times the one before; at least one.
  double factor = 2;
  /// No wait is longer than this.
  time_span max = std::chrono::minutes{1};
  /// A random time below this is added to each wait, so that those who failed together don't come back
  /// together.
  time_span jitter{};

  /// The wait after so many failures in a row (one or more), without the jitter.
  std::chrono::nanoseconds wait_after(std::size_t failures) const noexcept;
};

namespace detail {
/// `name` is of the option that it is: "retry.backoff".
std::optional<rejection> validate(const std::string& name, const backoff& options);
/// Uniform from zero up to, and not including, `limit`.
std::chrono::nanoseconds random_below(std::chrono::nanoseconds limit);
} // namespace detail

} // namespace taskactor
