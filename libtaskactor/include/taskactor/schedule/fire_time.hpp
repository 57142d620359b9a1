/// `fire_time`: when a trigger fires, and such times as text.
///
/// Times are whole microseconds, of the years 1 to 9999: what RFC 3339 can write.
///
/// Threads: any.
#pragma once

#include <taskactor/expected.hpp>

#include <chrono>
#include <string>
#include <string_view>

namespace taskactor {

/// Microseconds since 1970. `system_clock`'s times are taken as well.
using fire_time = std::chrono::sys_time<std::chrono::microseconds>;
/// What a clock on the wall shows, in some zone.
using wall_time = std::chrono::local_time<std::chrono::microseconds>;

/// "2026-03-29T01:00:00Z"; parts of a second only where there are any. Of the years 1 to 9999; what lies
/// beyond them is written as their first or last moment.
std::string to_rfc3339(fire_time when);
/// As the zone's clocks show it: "2026-03-29T03:00:00+02:00". Errors: throws `errc::invalid_argument` for
/// an unknown zone. What the zone's file doesn't know is in UTC, and so is what isn't of the years 1 to
/// 9999 there.
std::string to_rfc3339(fire_time when, std::string_view zone);
/// Errors: `errc::invalid_argument`; also for a time without an offset, or before the year 1 or after 9999.
expected<fire_time> parse_rfc3339(std::string_view text);

namespace detail {
/// What is too far away, in whatever unit, is the nearest that there is.
template <class Duration>
fire_time fire_time_of(std::chrono::sys_time<Duration> when) {
  constexpr std::chrono::sys_days first = std::chrono::year{0} / 1 / 1,
                                  last = std::chrono::year{10001} / 1 / 1;
  const auto day = std::chrono::floor<std::chrono::days>(when);
  return day < first  ? fire_time{first}
         : day > last ? fire_time{last}
                      : std::chrono::floor<std::chrono::microseconds>(when);
}
} // namespace detail

} // namespace taskactor
