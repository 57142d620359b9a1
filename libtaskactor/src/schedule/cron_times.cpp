#include "schedule/cron_times.hpp"

#include "schedule/cron_fields.hpp"
#include "schedule/trigger_fault.hpp"

#include <algorithm>
#include <string>

namespace taskactor::detail {

namespace {

using std::chrono::local_days;
using std::chrono::year;

bool is_leap(int y) { return year{y}.is_leap(); }

int weekday_of(local_days day) { return static_cast<int>(std::chrono::weekday{day}.c_encoding()); }

std::size_t year_kind(int y) {
  return static_cast<std::size_t>((is_leap(y) ? 7 : 0) + weekday_of(local_days{year{y} / 1 / 1}));
}

int month_length(bool leap, unsigned month) {
  constexpr std::array<int, 13> lengths{0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return month == 2 && leap ? 29 : lengths[month];
}

/// The day from Monday to Friday next to this one, in the same month.
int nearest_weekday(int day, int length, int weekday) {
  if (weekday == 6)
    return day > 1 ? day - 1 : day + 2;
  if (weekday == 0)
    return day < length ? day + 1 : day - 2;
  return day;
}

/// The days of a month that begins with this weekday.
std::uint32_t days_of_month(const cron_days& of, int length, int first_weekday) {
  const auto bit = [](int n) { return std::uint32_t{1} << n; };
  const auto all = static_cast<std::uint32_t>((std::uint64_t{2} << length) - 2);
  const auto weekday = [&](int day) { return (first_weekday + day - 1) % 7; };
  std::uint32_t by_date = of.days & all, by_weekday = 0;
  for (int back = 0; back < length; ++back)
    if (of.from_last & bit(back))
      by_date |= bit(length - back);
  for (int day = 1; day <= length; ++day) {
    const int on = weekday(day);
    if (of.nearest_weekday & bit(day))
      by_date |= bit(nearest_weekday(day, length, on));
    if ((of.weekdays & bit(on)) || (of.nth[static_cast<std::size_t>(on)] & bit((day + 6) / 7))
        || (day + 7 > length && (of.last_weekdays & bit(on))))
      by_weekday |= bit(day);
  }
  if (of.last_weekday) {
    int last = length;
    while (weekday(last) == 0 || weekday(last) == 6)
      --last;
    by_date |= bit(last);
  }
  // As Vixie's cron has it.
  return of.days_begin_with_star || of.weekdays_begin_with_star ? by_date & by_weekday : by_date | by_weekday;
}

} // namespace

cron_times::cron_times(std::string_view expression) {
  const auto fields = read_cron_fields(expression);
  seconds_ = fields.seconds;
  minutes_ = fields.minutes;
  hours_ = fields.hours;
  months_ = fields.months;
  by_elapsed_time_ = fields.by_elapsed_time;
  fill_days(fields.days);
  // Years of each kind come again and again.
  bool any = fields.years.empty() && std::find(kinds_.begin(), kinds_.end(), true) != kinds_.end();
  for (const int y : fields.years)
    if (fires_in_year(y)) {
      years_.push_back(y);
      any = true;
    }
  if (!any)
    refuse_cron(fields.day_words, fields.day_offset, "there is no such day in any of these months and years");
}

void cron_times::fill_days(const cron_days& of) {
  for (std::size_t kind = 0; kind < 14; ++kind) {
    int first = static_cast<int>(kind % 7);
    for (unsigned month = 1; month <= 12; ++month) {
      const int length = month_length(kind >= 7, month);
      if (months_ >> month & 1)
        days_[kind][month] = days_of_month(of, length, first);
      kinds_[kind] = kinds_[kind] || days_[kind][month] != 0;
      first = (first + length) % 7;
    }
  }
}

bool cron_times::fires_in_year(int y) const noexcept { return kinds_[year_kind(y)]; }

std::optional<std::chrono::seconds> cron_times::next_time(std::chrono::seconds from) const {
  const auto at = static_cast<unsigned>(from.count());
  unsigned hour = at / 3600, minute = at / 60 % 60, second = at % 60;
  const auto later = [](std::uint64_t bits, unsigned n) { return n < 64 ? bits >> n << n : 0; };
  const auto answer
      = [](unsigned h, unsigned m, unsigned s) { return std::chrono::seconds{h * 3600 + m * 60 + s}; };
  if (hours_ >> hour & 1) {
    if (minutes_ >> minute & 1)
      if (const auto more = later(seconds_, second))
        return answer(hour, minute, static_cast<unsigned>(std::countr_zero(more)));
    if (const auto more = later(minutes_, minute + 1))
      return answer(hour, static_cast<unsigned>(std::countr_zero(more)),
                    static_cast<unsigned>(std::countr_zero(seconds_)));
  }
  if (const auto more = later(hours_, hour + 1))
    return answer(static_cast<unsigned>(std::countr_zero(more)),
                  static_cast<unsigned>(std::countr_zero(minutes_)),
                  static_cast<unsigned>(std::countr_zero(seconds_)));
  return {};
}

std::optional<local_days> cron_times::next_day(local_days from) const {
  const std::chrono::year_month_day day{from};
  int y = static_cast<int>(day.year());
  auto month = static_cast<unsigned>(day.month());
  auto not_before = static_cast<unsigned>(day.day());
  // A year of each kind comes within 40 years; years that are listed all have days.
  for (; y <= last_year; ++y, month = 1, not_before = 1) {
    if (!years_.empty()) {
      const auto listed = std::lower_bound(years_.begin(), years_.end(), y);
      if (listed == years_.end())
        return {};
      if (*listed != y) {
        y = *listed;
        month = not_before = 1;
      }
    }
    if (!fires_in_year(y))
      continue;
    for (const auto& days = days_[year_kind(y)]; month <= 12; ++month, not_before = 1)
      if (const auto more = days[month] >> not_before << not_before)
        return local_days{year{y} / static_cast<int>(month) / std::countr_zero(more)};
  }
  return {};
}

std::optional<local_seconds> cron_times::next(local_seconds from) const {
  const auto today = std::chrono::floor<std::chrono::days>(from);
  auto day = next_day(today);
  if (!day)
    return {};
  if (*day == today) {
    if (const auto time = next_time(from - today))
      return *day + *time;
    day = next_day(today + std::chrono::days{1});
    if (!day)
      return {};
  }
  return *day + next_time({}).value();
}

} // namespace taskactor::detail
