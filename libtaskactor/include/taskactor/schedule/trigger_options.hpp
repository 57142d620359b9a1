/// What a trigger may be told beside its kind: its zone, what changes of clocks mean, where it begins and
/// ends.
#pragma once

#include <taskactor/field.hpp>
#include <taskactor/schedule/fire_time.hpp>
#include <taskactor/time_span.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace taskactor {

/// Of a time that clocks pass over when they are set forward.
enum class gap_policy : std::uint8_t {
  at_end, ///< fires once, when the gap is over: 02:30 at 03:00
  shift,  ///< as much later as the gap is long: 02:30 at 03:30
  skip,   ///< doesn't fire
};

/// Of a time that comes twice, when clocks are set back.
enum class fold_policy : std::uint8_t { first, second, both };

/// As triggers' texts have them: "at_end".
std::string_view to_string(gap_policy p) noexcept;
std::string_view to_string(fold_policy p) noexcept;

enum class calendar_unit : std::uint8_t { days, weeks, months, years };

/// Every so many days, weeks, months or years of the calendar, at one time of the day.
struct calendar_interval {
  int every = 1; ///< 1 to 10,000
  calendar_unit unit = calendar_unit::days;
  /// The day that is counted from, and the first that may fire; for weeks and years also the weekday, or
  /// month.
  std::chrono::local_days from{};
  /// Of months and years: 1 to 31, of months without it nothing; zero: the last of each month. Unset: that of
  /// `from`.
  std::optional<unsigned> day{};
  std::chrono::seconds at{}; ///< since midnight, as the clock on the wall shows it: less than a day
};

/// Errors: `errc::invalid_argument`, naming the field.
struct trigger_options {
  /// An IANA name ("Europe/Berlin"); empty: UTC. Of `every`, `any_of` and `all_of` it is only what times are
  /// shown in.
  field<std::string> zone{};
  /// Of times that a gap or a fold meets. Unset: `at_end` and `first`; of a cron expression that goes by
  /// elapsed time: `skip` and `both`.
  std::optional<gap_policy> gap{};
  std::optional<fold_policy> fold{};
  std::optional<fire_time> start{}; ///< not before
  std::optional<fire_time> end{};   ///< not after
  /// How often in all, counted from `start`, which has to be there: at most 100,000. Zero: no limit.
  std::size_t count = 0;
  /// Each fire is due up to so much later than its nominal time: how much is drawn from this time and the
  /// name that is asked with, so that each process comes to the same. At most a day.
  time_span jitter{};
};

} // namespace taskactor
