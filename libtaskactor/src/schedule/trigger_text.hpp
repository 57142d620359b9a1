/// Reads the text of a trigger.
///
///     any_of(cron 0 9 * * mon-fri @ Europe/Berlin; every 90m) count 10 start 2026-01-01T00:00:00Z
///     `- a part: kind and fields `- its options            `- `- options of the whole
#pragma once

#include "schedule/trigger_form.hpp"

#include <taskactor/schedule/trigger.hpp>

#include <chrono>
#include <cstddef>
#include <optional>
#include <string_view>

namespace taskactor::detail {

struct trigger_word {
  std::string_view text;
  std::size_t offset = 0; ///< in the whole text
};

/// `zone` is that of what names none. Errors: throws `trigger_fault`, with the place.
trigger read_trigger_text(std::string_view text, std::string_view zone, int level = 1);

// -- values, as text and JSON have them -------------------------------------
// Without a value: what would be right is said by `..._form`.

std::optional<std::chrono::microseconds> read_span(std::string_view text);
inline constexpr const char* span_form = "write a duration in whole microseconds, such as 90s, 1h30m or 1d";
inline constexpr const char* instant_form = "write a time as 2026-03-29T01:00:00Z or ...+02:00";

/// With an offset, or without one: what the zone's clocks show.
std::optional<trigger_form> read_moment(std::string_view text);
inline constexpr const char* at_form_words
    = "write a time as 2026-12-24T18:00, or with an offset as 2026-12-24T18:00:00+01:00";

std::optional<calendar_unit> read_unit(std::string_view text);
inline constexpr const char* unit_form = "write days, weeks, months or years";
/// 1 to 31, or last: zero.
std::optional<unsigned> read_month_day(std::string_view text);
inline constexpr const char* month_day_form = "write a day from 1 to 31, or last";
std::optional<std::chrono::seconds> read_time_of_day(std::string_view text);
inline constexpr const char* time_of_day_form = "write a time of the day as 09:00 or 09:00:30";
std::optional<std::chrono::local_days> read_day(std::string_view text);
inline constexpr const char* day_form = "write a day as 2026-01-31";
std::optional<gap_policy> read_gap(std::string_view text);
inline constexpr const char* gap_form = "write at_end, shift or skip";
std::optional<fold_policy> read_fold(std::string_view text);
inline constexpr const char* fold_form = "write first, second or both";
/// 1 to 2,000,000,000; no sign.
std::optional<int> read_count(std::string_view text);
inline constexpr const char* count_form = "write a number from 1 to 100000";

} // namespace taskactor::detail
