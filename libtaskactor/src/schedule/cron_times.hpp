/// What a cron expression names, and its next time on the wall: by bits, and by the calendar's cycle of 400
/// years.
#pragma once

#include <array>
#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace taskactor::detail {

using std::chrono::local_seconds;

/// Of the fields of days. Bits of days of the month are 1 to 31, of the week 0 (Sunday) to 6.
struct cron_days {
  std::uint32_t days = 0, from_last = 0, nearest_weekday = 0; ///< `15`; `L-2` (bit 2; `L` is bit 0); `15W`
  bool last_weekday = false;                                  ///< `LW`
  std::uint8_t weekdays = 0, last_weekdays = 0;               ///< `5`; `5L`
  std::array<std::uint8_t, 7> nth{};                          ///< `5#2`: bit 2 of 5
  bool days_begin_with_star = false, weekdays_begin_with_star = false;
};

class cron_times {
public:
  /// 5, 6 or 7 fields, or a macro. Errors: throws `trigger_fault`, with the offset in the expression.
  explicit cron_times(std::string_view expression);

  std::optional<local_seconds> next(local_seconds from) const;
  /// Its seconds, minutes or hours begin with `*`.
  bool goes_by_elapsed_time() const noexcept { return by_elapsed_time_; }

private:
  void fill_days(const cron_days& days);
  std::optional<std::chrono::local_days> next_day(std::chrono::local_days from) const;
  std::optional<std::chrono::seconds> next_time(std::chrono::seconds from) const;
  bool fires_in_year(int year) const noexcept;

  std::uint64_t seconds_ = 1, minutes_ = 0;
  std::uint32_t hours_ = 0, months_ = 0;
  bool by_elapsed_time_ = false;
  /// Of each kind of year (whether it is a leap year, and its first weekday) and month: the days that match.
  std::array<std::array<std::uint32_t, 13>, 14> days_{};
  std::array<bool, 14> kinds_{}; ///< there is a day in years of this kind
  std::vector<int> years_{};     ///< in which it fires, if it lists any; empty: all
};

} // namespace taskactor::detail
