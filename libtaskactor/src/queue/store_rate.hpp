/// A limit's rate as a store keeps it: one point in time for each key, as in the generic cell rate algorithm
/// (ITU-T I.371): when the next token would be due if all had been taken evenly. See
/// capacity/token_bucket.hpp.
///
/// A clock that is set back doesn't hold anybody up: no debt is larger than the bucket (`settled`).
#pragma once

#include "queue/store_backend.hpp"

#include <taskactor/limits.hpp>
#include <taskactor/time_span.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace taskactor::detail {

/// Nanoseconds since 1970 of the store's clock; zero: nothing has been taken.
using rate_point = std::chrono::sys_time<std::chrono::nanoseconds>;

class store_rate {
public:
  explicit store_rate(const taskactor::rate& allowed) noexcept
      : burst_(static_cast<std::int64_t>(
          std::clamp<std::uint64_t>(allowed.burst, 1, std::uint64_t{1} << 31))), // of an int
        interval_(std::clamp<std::int64_t>(interval_of(allowed), 1, longest / burst_)) {}

  bool has(std::size_t tokens, rate_point next, store_time now) const noexcept {
    return room(next, now) >= cost(tokens);
  }
  /// How long until it has.
  std::chrono::nanoseconds wait(std::size_t tokens, rate_point next, store_time now) const noexcept {
    return std::chrono::nanoseconds{std::max<std::int64_t>(cost(tokens) - room(next, now), 0)};
  }
  /// The same point, if the clock hasn't been set back.
  rate_point settled(rate_point next, store_time now) const noexcept {
    return std::min<rate_point>(next, now + std::chrono::nanoseconds{burst_ * interval_});
  }
  /// The point after that. Only what it has.
  rate_point take(std::size_t tokens, rate_point next, store_time now) const noexcept {
    return now + std::chrono::nanoseconds{debt(next, now) + cost(tokens)};
  }
  /// Of tokens that were taken, and not used.
  rate_point put_back(std::size_t tokens, rate_point next, store_time now) const noexcept {
    return now + std::chrono::nanoseconds{std::max<std::int64_t>(debt(next, now) - cost(tokens), 0)};
  }

private:
  static constexpr std::int64_t longest = std::int64_t{1} << 60; // 36 years until a bucket is full

  static std::int64_t interval_of(const taskactor::rate& allowed) noexcept {
    const auto period = static_cast<std::uint64_t>(std::max<std::int64_t>(allowed.period.count(), 0));
    const auto count = std::max<std::uint64_t>(allowed.count, 1);
    return static_cast<std::int64_t>(period / count + static_cast<std::uint64_t>(period % count != 0));
  }
  std::int64_t debt(rate_point next, store_time now) const noexcept {
    return std::clamp<std::int64_t>((next - now).count(), 0, burst_ * interval_);
  }
  std::int64_t room(rate_point next, store_time now) const noexcept {
    return burst_ * interval_ - debt(next, now);
  }
  /// Who wants more than the bucket holds waits until it is full.
  std::int64_t cost(std::size_t tokens) const noexcept {
    return static_cast<std::int64_t>(std::min<std::uint64_t>(tokens, static_cast<std::uint64_t>(burst_)))
           * interval_;
  }

  std::int64_t burst_, interval_;
};

} // namespace taskactor::detail
