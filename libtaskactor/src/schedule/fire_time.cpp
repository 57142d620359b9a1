#include <taskactor/schedule/fire_time.hpp>

#include "base/invalid.hpp"
#include "schedule/time_limits.hpp"
#include "schedule/trigger_fault.hpp"
#include "schedule/zone_table.hpp"

#include <taskactor/detail/visible_text.hpp>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>

namespace taskactor {

using namespace detail;

namespace {

/// Without an offset.
std::string moment_text(fire_time when) {
  const auto day = std::chrono::floor<std::chrono::days>(when);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss time{when - day};
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(time.hours().count()), static_cast<int>(time.minutes().count()),
                static_cast<int>(time.seconds().count()));
  std::string result{text.data()};
  if (const auto rest = time.subseconds().count(); rest != 0) {
    auto digits = std::to_string(1'000'000 + rest);
    digits[0] = '.';
    result += digits.substr(0, digits.find_last_not_of('0') + 1);
  }
  return result;
}

/// What is left of a text of a time, from the front. Each `take` says whether it was there.
class time_reader {
public:
  explicit time_reader(std::string_view text) : text_{text} {}
  std::string_view rest() const noexcept { return text_; }
  /// So many digits, of a number up to `most`.
  bool take_number(std::size_t digits, int most, int& into) {
    into = 0;
    if (text_.size() < digits)
      return false;
    for (const char c : text_.substr(0, digits)) {
      if (c < '0' || c > '9')
        return false;
      into = into * 10 + (c - '0');
    }
    text_.remove_prefix(digits);
    return into <= most;
  }
  /// One of these.
  bool take(std::string_view letters) {
    if (text_.empty() || letters.find(text_[0]) == std::string_view::npos)
      return false;
    text_.remove_prefix(1);
    return true;
  }
  /// Digits behind a point; what is less than a microsecond is left out.
  bool take_part(std::chrono::microseconds& into) {
    const auto digits = text_.substr(0, text_.find_first_not_of("0123456789"));
    long unit = 100'000;
    for (const char c : digits) {
      into += std::chrono::microseconds{(c - '0') * unit};
      unit /= 10;
    }
    text_.remove_prefix(digits.size());
    return !digits.empty();
  }

private:
  std::string_view text_;
};

bool take_date(time_reader& from, std::chrono::sys_days& into) {
  int year = 0, month = 0, day = 0;
  if (!from.take_number(4, 9999, year) || !from.take("-") || !from.take_number(2, 12, month)
      || !from.take("-") || !from.take_number(2, 31, day))
    return false;
  const auto date = std::chrono::year{year} / month / day;
  into = std::chrono::sys_days{date};
  return date.ok() && year > 0;
}

bool take_time(time_reader& from, std::chrono::microseconds& into) {
  int hour = 0, minute = 0, second = 0;
  if (!from.take_number(2, 23, hour) || !from.take(":") || !from.take_number(2, 59, minute) || !from.take(":")
      || !from.take_number(2, 59, second))
    return false;
  into = std::chrono::hours{hour} + std::chrono::minutes{minute} + std::chrono::seconds{second};
  return !from.take(".") || from.take_part(into);
}

bool take_offset(time_reader& from, std::chrono::minutes& into) {
  if (from.take("Zz"))
    return true;
  const bool west = from.rest().starts_with('-');
  int hours = 0, minutes = 0;
  if (!from.take("+-") || !from.take_number(2, 23, hours) || !from.take(":")
      || !from.take_number(2, 59, minutes))
    return false;
  into = std::chrono::minutes{(hours * 60 + minutes) * (west ? -1 : 1)};
  return true;
}

} // namespace

std::string to_rfc3339(fire_time when) {
  return moment_text(std::clamp(when, first_time, no_time - one_tick)) + 'Z';
}

std::string to_rfc3339(fire_time when, std::string_view zone) {
  const auto table = made([&] { return &zone_named(zone.empty() ? utc_name : zone); });
  if (!table)
    throw_rejection(table.error());
  const auto second = std::chrono::floor<std::chrono::seconds>(when);
  const bool has_local = when >= first_time + std::chrono::days{1} && when < no_time - std::chrono::days{1};
  if ((*table)->name() == utc_name || second >= (*table)->known_until() || !has_local)
    return to_rfc3339(when);
  // Clocks of the 19th century differ by seconds, too, which no offset can say: what is shown is right with
  // it.
  const auto minutes = static_cast<int>((*table)->at(second).offset.count() / 60);
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%c%02d:%02d", minutes < 0 ? '-' : '+', std::abs(minutes) / 60,
                std::abs(minutes) % 60);
  return moment_text(when + std::chrono::minutes{minutes}) + text.data();
}

expected<fire_time> parse_rfc3339(std::string_view text) {
  time_reader from{text};
  std::chrono::sys_days day;
  std::chrono::microseconds time{};
  std::chrono::minutes offset{};
  if (take_date(from, day) && from.take("Tt") && take_time(from, time) && take_offset(from, offset)
      && from.rest().empty())
    if (const auto when = day + time - offset; when >= first_time && when < no_time)
      return when;
  return invalid('"' + visible(text.substr(0, 80))
                 + "\" is no time; write it as 2026-03-29T01:00:00Z or ...+02:00");
}

} // namespace taskactor
