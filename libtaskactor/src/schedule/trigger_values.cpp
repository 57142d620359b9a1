// The values of triggers, as text and JSON have them.
#include "schedule/trigger_text.hpp"

#include <taskactor/duration.hpp>

#include <array>
#include <charconv>
#include <string>

namespace taskactor::detail {

std::optional<std::chrono::microseconds> read_span(std::string_view text) {
  const auto span = parse_duration(text);
  if (!span || span->count() % 1000 != 0)
    return {};
  return std::chrono::duration_cast<std::chrono::microseconds>(*span);
}

std::optional<trigger_form> read_moment(std::string_view text) {
  if (const auto when = parse_rfc3339(text))
    return at_form{*when};
  // Seconds may be left out of what has no offset.
  const auto whole = std::string{text} + (text.size() == 16 ? ":00Z" : "Z");
  if (const auto when = parse_rfc3339(whole); when && text.size() >= 16)
    return wall_form{wall_time{when->time_since_epoch()}};
  return {};
}

std::optional<calendar_unit> read_unit(std::string_view text) {
  constexpr std::array<std::string_view, 4> names{"days", "weeks", "months", "years"};
  for (std::size_t i = 0; i < names.size(); ++i)
    if (text == names[i] || text == names[i].substr(0, names[i].size() - 1))
      return static_cast<calendar_unit>(i);
  return {};
}

std::optional<unsigned> read_month_day(std::string_view text) {
  if (text == "last")
    return 0;
  const auto day = read_count(text);
  return day && *day <= 31 ? std::optional{static_cast<unsigned>(*day)} : std::nullopt;
}

std::optional<std::chrono::seconds> read_time_of_day(std::string_view text) {
  if (text.size() != 5 && text.size() != 8)
    return {};
  const auto when = parse_rfc3339("1970-01-01T" + std::string{text} + (text.size() == 5 ? ":00Z" : "Z"));
  return when ? std::optional{std::chrono::floor<std::chrono::seconds>(when->time_since_epoch())}
              : std::nullopt;
}

std::optional<std::chrono::local_days> read_day(std::string_view text) {
  if (text.size() != 10)
    return {};
  const auto when = parse_rfc3339(std::string{text} + "T00:00:00Z");
  if (!when)
    return {};
  return std::chrono::local_days{std::chrono::floor<std::chrono::days>(when->time_since_epoch())};
}

std::optional<gap_policy> read_gap(std::string_view text) {
  for (const auto each : {gap_policy::at_end, gap_policy::shift, gap_policy::skip})
    if (to_string(each) == text)
      return each;
  return {};
}

std::optional<fold_policy> read_fold(std::string_view text) {
  for (const auto each : {fold_policy::first, fold_policy::second, fold_policy::both})
    if (to_string(each) == text)
      return each;
  return {};
}

std::optional<int> read_count(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < 1)
    return {};
  return value;
}

} // namespace taskactor::detail
