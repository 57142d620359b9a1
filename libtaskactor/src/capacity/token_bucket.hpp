/// A token bucket: so many tokens in a period, evenly, after up to a burst at once.
///
/// Kept as one point in time, as in the generic cell rate algorithm (ITU-T I.371): `next_` is when a token
/// would be due if all had been taken evenly. Exact to the nanosecond, without drift, and nothing to do while
/// nobody asks. The interval is rounded up: the rate is never exceeded, but by a bucket beyond `longest`.
#pragma once

#include <taskactor/detail/context.hpp>
#include <taskactor/limits.hpp>
#include <taskactor/time_span.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>

namespace taskactor::detail {

class token_bucket {
public:
  token_bucket() = default;
  explicit token_bucket(const std::optional<rate>& allowed) { set(allowed, {}); }

  /// From now on; the tokens that aren't due yet are as many as before, and are waited for at the new rate.
  void set(const std::optional<rate>& allowed, time_point now) {
    const auto before = interval_.count();
    burst_ = allowed ? static_cast<std::int64_t>(std::min(allowed->burst, most_burst)) : 1;
    interval_ = allowed ? interval_of(*allowed) : std::chrono::nanoseconds{0};
    if (const auto debt = (next_ - now).count(); before != 0 && debt > 0 && interval_.count() != before) {
      const auto tokens = static_cast<double>(debt) / static_cast<double>(before);
      const auto wait = std::ceil(tokens * static_cast<double>(interval_.count()));
      next_
          = after(now, std::chrono::nanoseconds{std::llround(std::min(wait, static_cast<double>(longest)))});
    }
  }
  bool limits() const noexcept { return interval_.count() != 0; }
  std::size_t available(time_point now) const noexcept {
    if (!limits())
      return std::numeric_limits<std::size_t>::max();
    const auto debt = std::max(next_ - now, clock::duration{0});
    const auto room = burst_ * interval_ - debt;
    return room.count() <= 0 ? 0 : static_cast<std::size_t>(room / interval_);
  }
  /// Only what is available.
  void take(std::size_t count, time_point now) noexcept {
    if (limits())
      next_ = after(std::max(next_, now), times(interval_, count));
  }
  /// How long it takes to be full again; and what so many tokens make of that.
  std::chrono::nanoseconds debt(time_point now) const noexcept {
    return std::max(std::chrono::nanoseconds{next_ - now}, std::chrono::nanoseconds{0});
  }
  std::chrono::nanoseconds debt_of(std::size_t count) const noexcept {
    const auto most = std::chrono::nanoseconds::max();
    return limits() && count > static_cast<std::size_t>(most / interval_)
               ? most
               : static_cast<std::int64_t>(count) * interval_;
  }
  /// Of `debt(now)`, at most.
  void put_back(std::chrono::nanoseconds debt, time_point now) noexcept {
    next_ = std::max(next_, now) - debt;
  }
  /// When the next one is available.
  time_point refill() const noexcept { return next_ - (burst_ - 1) * interval_; }

private:
  /// No bucket takes longer than this (146 years) to be full again, so that nothing here overflows. One that
  /// would is filled faster than its rate says, once all that its burst allows has been taken.
  static constexpr std::uint64_t longest = std::uint64_t{1} << 62;
  static constexpr std::size_t most_burst = longest;

  std::chrono::nanoseconds interval_of(const rate& allowed) const noexcept {
    const auto period = static_cast<std::uint64_t>(allowed.period.count());
    const auto rounded_up = period / allowed.count + static_cast<std::uint64_t>(period % allowed.count != 0);
    const auto most = longest / static_cast<std::uint64_t>(burst_);
    return std::chrono::nanoseconds{static_cast<std::int64_t>(std::min<std::uint64_t>(rounded_up, most))};
  }

  std::chrono::nanoseconds interval_{0};
  std::int64_t burst_ = 1;
  time_point next_{};
};

} // namespace taskactor::detail
