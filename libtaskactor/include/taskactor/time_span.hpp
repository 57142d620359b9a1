/// A duration as options and calls take it: any of `std::chrono`'s, at most `no_timeout`.
///
///     {.timeout = 30s}    {.timeout = std::chrono::hours::max()}    // the latter: no limit
///
/// The library counts nanoseconds in 64 bits, 292 years. `std::chrono` converts what doesn't fit into any
/// number, mostly a negative one; a `time_span` is the longest one then. What the library computes with times
/// ends at the same limits, by the functions below: what lies beyond them is never, not at once.
#pragma once

#include <chrono>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <utility>

namespace taskactor {

namespace detail {

using clock = std::chrono::steady_clock;
using time_point = clock::time_point;

/// `d` in nanoseconds, or the nearest that there is.
template <class Rep, class Period>
constexpr std::chrono::nanoseconds saturated(const std::chrono::duration<Rep, Period>& d) noexcept {
  using std::chrono::nanoseconds;
  using unit = std::ratio_divide<Period, std::nano>;
  static_assert(unit::den == 1, "what counts less than a nanosecond doesn't convert to nanoseconds");
  if (std::cmp_greater(d.count(), nanoseconds::max().count() / unit::num))
    return nanoseconds::max();
  if (std::cmp_less(d.count(), nanoseconds::min().count() / unit::num))
    return nanoseconds::min();
  return nanoseconds{static_cast<std::int64_t>(d.count()) * unit::num};
}

} // namespace detail

class time_span : public std::chrono::nanoseconds {
public:
  constexpr time_span() noexcept : duration{0} {}
  template <class Rep, class Period>
    requires std::is_convertible_v<std::chrono::duration<Rep, Period>, std::chrono::nanoseconds>
  constexpr time_span(const std::chrono::duration<Rep, Period>& d) noexcept // NOLINT: as theirs convert
      : duration{detail::saturated(d)} {}
};

/// As a `timeout`: run for as long as it takes.
inline constexpr std::chrono::nanoseconds no_timeout = std::chrono::nanoseconds::max();

namespace detail {

constexpr std::int64_t saturated_sum(std::int64_t a, std::int64_t b) noexcept {
  std::int64_t sum = 0;
  if (!__builtin_add_overflow(a, b, &sum))
    return sum;
  return b > 0 ? std::numeric_limits<std::int64_t>::max() : std::numeric_limits<std::int64_t>::min();
}

constexpr std::chrono::nanoseconds plus(std::chrono::nanoseconds a, std::chrono::nanoseconds b) noexcept {
  return std::chrono::nanoseconds{saturated_sum(a.count(), b.count())};
}

/// Of none that is negative.
constexpr std::chrono::nanoseconds times(std::chrono::nanoseconds each, std::uint64_t count) noexcept {
  std::int64_t product = 0;
  if (__builtin_mul_overflow(each.count(), count, &product))
    return no_timeout;
  return std::chrono::nanoseconds{product};
}

/// `from + d`: what is too far away is never.
constexpr std::chrono::steady_clock::time_point after(std::chrono::steady_clock::time_point from,
                                                      std::chrono::nanoseconds d) noexcept {
  return std::chrono::steady_clock::time_point{plus(from.time_since_epoch(), d)};
}

/// `to - from`; negative, if `to` comes before.
constexpr std::chrono::nanoseconds between(std::chrono::steady_clock::time_point from,
                                           std::chrono::steady_clock::time_point to) noexcept {
  std::int64_t left = 0;
  if (!__builtin_sub_overflow(to.time_since_epoch().count(), from.time_since_epoch().count(), &left))
    return std::chrono::nanoseconds{left};
  return to > from ? no_timeout : std::chrono::nanoseconds::min();
}

} // namespace detail

} // namespace taskactor
