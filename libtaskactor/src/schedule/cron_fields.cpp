#include "schedule/cron_fields.hpp"

#include "schedule/trigger_fault.hpp"

#include <array>
#include <cctype>
#include <charconv>
#include <string>
#include <utility>

namespace taskactor::detail {

namespace {

constexpr std::array<std::string_view, 12> month_names{"jan", "feb", "mar", "apr", "may", "jun",
                                                       "jul", "aug", "sep", "oct", "nov", "dec"};
constexpr std::array<std::string_view, 7> weekday_names{"sun", "mon", "tue", "wed", "thu", "fri", "sat"};

constexpr std::pair<std::string_view, std::string_view> macros[]{
    {"@yearly", "0 0 1 1 *"}, {"@annually", "0 0 1 1 *"}, {"@monthly", "0 0 1 * *"}, {"@weekly", "0 0 * * 0"},
    {"@daily", "0 0 * * *"},  {"@midnight", "0 0 * * *"}, {"@hourly", "0 * * * *"},
};

constexpr std::size_t most_bytes = 4000;

bool same_letters(std::string_view text, std::string_view lower) {
  if (text.size() != lower.size())
    return false;
  for (std::size_t i = 0; i < text.size(); ++i)
    if (std::tolower(static_cast<unsigned char>(text[i])) != lower[i])
      return false;
  return true;
}

struct cron_word {
  std::string_view text;
  std::size_t offset;
};

[[noreturn]] void refuse(const cron_word& word, std::string what) {
  refuse_cron(word.text, word.offset, std::move(what));
}

std::vector<cron_word> words_of(std::string_view text, std::string_view between) {
  std::vector<cron_word> words;
  const bool list = between == ",";
  for (std::size_t i = 0; i <= text.size();) {
    auto end = text.find_first_of(between, i);
    end = end == std::string_view::npos ? text.size() : end;
    if (list || end > i)
      words.push_back({text.substr(i, end - i), i});
    i = end + 1;
  }
  return words;
}

/// What a field may say.
struct field_kind {
  const char* name; ///< "a minute"
  int least, most;
  const std::string_view* names = nullptr;
  std::size_t name_count = 0;
  int first_name = 0;
};

constexpr field_kind second_kind{"a second", 0, 59}, minute_kind{"a minute", 0, 59},
    hour_kind{"an hour", 0, 23}, day_kind{"a day of the month", 1, 31},
    month_kind{"a month", 1, 12, month_names.data(), 12, 1},
    weekday_kind{"a day of the week", 0, 7, weekday_names.data(), 7, 0},
    year_kind_of_field{"a year", first_year, last_year};

std::string limits_of(const field_kind& kind) {
  auto text
      = std::string{kind.name} + " is " + std::to_string(kind.least) + " to " + std::to_string(kind.most);
  if (kind.names)
    text += ", or " + std::string{kind.names[0]} + " to " + std::string{kind.names[kind.name_count - 1]};
  return text;
}

int read_value(const cron_word& word, const field_kind& kind) {
  for (std::size_t i = 0; i < kind.name_count; ++i)
    if (same_letters(word.text, kind.names[i]))
      return kind.first_name + static_cast<int>(i);
  int value = 0;
  const auto* last = word.text.data() + word.text.size();
  const auto [end, error] = std::from_chars(word.text.data(), last, value);
  if (word.text.empty() || !std::isdigit(static_cast<unsigned char>(word.text[0])) || error != std::errc{}
      || end != last || value < kind.least || value > kind.most)
    refuse(word, limits_of(kind));
  return value;
}

cron_word part(const cron_word& of, std::size_t from, std::size_t count = std::string_view::npos) {
  return {of.text.substr(from, count), of.offset + from};
}

int read_step(const cron_word& word) {
  int step = 0;
  const auto* last = word.text.data() + word.text.size();
  const auto [end, error] = std::from_chars(word.text.data(), last, step);
  if (word.text.empty() || word.text[0] == '-' || error != std::errc{} || end != last || step == 0)
    refuse(word, "a step is a number from 1 on, as in */5");
  return step;
}

/// What goes over the end, as lists and ranges that don't: 22-2 is 22-23,0-2.
std::string over_the_end(long from, long to, long step, const field_kind& kind) {
  const auto range = [&](long first, long last) {
    auto text = std::to_string(first);
    if (last < first + step)
      return text;
    return text + '-' + std::to_string(last) + (step > 1 ? '/' + std::to_string(step) : "");
  };
  if (kind.most == last_year) // the two are in the wrong order
    return range(to, from);
  const long most = kind.most == 7 ? 6 : kind.most;
  if (from > most) // Sunday as 7
    return range(0, to);
  const long last_step = from + (most - from) / step * step, again = last_step + step - most - 1 + kind.least;
  return range(from, most) + (again <= to ? ',' + range(again, to) : "");
}

/// `*`, `5`, `1-5`, and the first and the last with a step.
template <class Add>
void read_range(const cron_word& word, const field_kind& kind, Add&& add) {
  const auto slash = word.text.find('/');
  const auto range = part(word, 0, slash);
  const int step = slash == std::string_view::npos ? 1 : read_step(part(word, slash + 1));
  int from = kind.least, to = kind.most;
  if (range.text == "?")
    refuse(range, "write * for any day");
  if (range.text != "*") {
    const auto dash = range.text.find('-');
    from = read_value(part(range, 0, dash), kind);
    if (dash == std::string_view::npos) {
      if (slash != std::string_view::npos)
        refuse(word, "a step needs a range; write " + std::string{range.text} + '-'
                         + std::to_string(kind.most) + '/' + std::to_string(step));
      to = from;
    } else {
      to = read_value(part(range, dash + 1), kind);
      if (to < from)
        refuse(range, "a range doesn't go over its end; write " + over_the_end(from, to, step, kind));
    }
  } else if (kind.most == 7)
    to = 6;
  for (long value = from; value <= to; value += step)
    add(static_cast<int>(value));
}

std::uint64_t read_bits(const cron_word& field, const field_kind& kind) {
  std::uint64_t bits = 0;
  for (auto item : words_of(field.text, ",")) {
    item.offset += field.offset;
    read_range(item, kind, [&](int value) { bits |= std::uint64_t{1} << value; });
  }
  return bits;
}

void read_days(const cron_word& field, cron_days& into) {
  into.days_begin_with_star = field.text.starts_with('*');
  for (auto item : words_of(field.text, ",")) {
    item.offset += field.offset;
    const auto text = item.text;
    if (same_letters(text, "l"))
      into.from_last |= 1;
    else if (same_letters(text, "lw"))
      into.last_weekday = true;
    else if (text.size() > 2 && same_letters(text.substr(0, 2), "l-"))
      into.from_last |= std::uint32_t{1}
                        << read_value(part(item, 2), {"what is taken from the last day", 1, 30});
    else if (text.size() > 1 && same_letters(text.substr(text.size() - 1), "w"))
      into.nearest_weekday |= std::uint32_t{1} << read_value(part(item, 0, text.size() - 1), day_kind);
    else
      read_range(item, day_kind, [&](int day) { into.days |= std::uint32_t{1} << day; });
  }
}

void read_weekdays(const cron_word& field, cron_days& into) {
  into.weekdays_begin_with_star = field.text.starts_with('*');
  for (auto item : words_of(field.text, ",")) {
    item.offset += field.offset;
    const auto text = item.text;
    const auto hash = text.find('#');
    if (hash != std::string_view::npos) {
      const auto day = read_value(part(item, 0, hash), weekday_kind) % 7;
      const auto nth = read_value(part(item, hash + 1), {"which of a month's", 1, 5});
      into.nth[static_cast<std::size_t>(day)] |= static_cast<std::uint8_t>(1 << nth);
    } else if (same_letters(text, "l"))
      refuse(item, "of which day of the week is it the last? Write 5L or FRIL");
    else if (text.size() > 1 && same_letters(text.substr(text.size() - 1), "l"))
      into.last_weekdays
          |= static_cast<std::uint8_t>(1 << read_value(part(item, 0, text.size() - 1), weekday_kind) % 7);
    else
      read_range(item, weekday_kind,
                 [&](int day) { into.weekdays |= static_cast<std::uint8_t>(1 << day % 7); });
  }
}

std::vector<int> read_years(const cron_word& field) {
  std::vector<int> years;
  if (field.text == "*")
    return years;
  std::vector<bool> listed(static_cast<std::size_t>(last_year - first_year) + 1);
  for (auto item : words_of(field.text, ",")) {
    item.offset += field.offset;
    read_range(item, year_kind_of_field,
               [&](int y) { listed[static_cast<std::size_t>(y - first_year)] = true; });
  }
  for (int y = first_year; y <= last_year; ++y)
    if (listed[static_cast<std::size_t>(y - first_year)])
      years.push_back(y);
  return years;
}

std::string_view expand(std::string_view text) {
  const auto words = words_of(text, " \t");
  if (words.empty() || !words[0].text.starts_with('@'))
    return text;
  if (words.size() > 1)
    refuse(words[1], "nothing follows a macro");
  for (const auto& [name, fields] : macros)
    if (same_letters(words[0].text, name))
      return fields;
  refuse(words[0], "the macros are @yearly, @annually, @monthly, @weekly, @daily, @midnight and @hourly");
}

} // namespace

void refuse_cron(std::string_view words, std::size_t offset, std::string what) {
  throw trigger_fault{std::move(what), "cron", std::string{words}, offset};
}

cron_fields read_cron_fields(std::string_view expression) {
  if (expression.size() > most_bytes)
    refuse_cron({}, most_bytes, "a cron expression has at most 4000 bytes");
  auto words = words_of(expand(expression), " \t");
  if (words.size() < 5 || words.size() > 7) {
    const auto& place = words.size() > 7 ? words[7] : words.empty() ? cron_word{{}, 0} : words.back();
    refuse(place,
           "a cron expression has 5 fields (minute, hour, day of month, month, day of week), 6 (seconds "
           "first) or 7 (year last); these are "
               + std::to_string(words.size()));
  }
  cron_fields result;
  std::size_t i = 0;
  bool star = false;
  if (words.size() > 5) {
    star = words[i].text.starts_with('*');
    result.seconds = read_bits(words[i++], second_kind);
  }
  result.by_elapsed_time = star || words[i].text.starts_with('*') || words[i + 1].text.starts_with('*');
  result.minutes = read_bits(words[i++], minute_kind);
  result.hours = static_cast<std::uint32_t>(read_bits(words[i++], hour_kind));
  result.day_offset = words[i].offset;
  result.day_words = words[i].text;
  read_days(words[i++], result.days);
  result.months = static_cast<std::uint32_t>(read_bits(words[i++], month_kind));
  read_weekdays(words[i++], result.days);
  if (i < words.size())
    result.years = read_years(words[i]);
  return result;
}

} // namespace taskactor::detail
