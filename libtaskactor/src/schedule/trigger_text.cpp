#include "schedule/trigger_text.hpp"

#include "schedule/trigger_fault.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>
#include <vector>

namespace taskactor {

using namespace detail;

namespace {

constexpr std::size_t most_text = 10'000; // bytes

[[noreturn]] void refuse(const trigger_word& word, std::string what) {
  refuse_words(word.text, word.offset, std::move(what));
}

/// What `read` makes of a word, or its refusal.
template <class Read>
auto value_of(const trigger_word& word, Read&& read, const char* form) {
  auto value = read(word.text);
  if (!value)
    refuse(word, form);
  return *std::move(value);
}

fire_time instant_of(const trigger_word& word) {
  const auto when = parse_rfc3339(word.text);
  if (!when)
    refuse(word, instant_form);
  return *when;
}

std::vector<trigger_word> trigger_words(std::string_view text, std::size_t offset) {
  std::vector<trigger_word> words;
  for (std::size_t i = 0; (i = text.find_first_not_of(" \t", i)) != std::string_view::npos;) {
    const auto end = std::min(text.find_first_of(" \t", i), text.size());
    words.push_back({text.substr(i, end - i), offset + i});
    i = end;
  }
  return words;
}

bool is_option(std::string_view word) {
  constexpr std::array<std::string_view, 7> names{"@", "gap", "fold", "start", "end", "count", "jitter"};
  return std::find(names.begin(), names.end(), word) != names.end();
}

/// One trigger: its form, its options, and where each field stands.
class trigger_reader {
public:
  explicit trigger_reader(std::string_view zone) { options_.zone = std::string{zone}; }

  trigger read(std::string_view text, std::size_t offset, int level);

private:
  using words = std::vector<trigger_word>;

  trigger_form read_form(const words& body, std::string_view text, std::size_t offset);
  trigger_form read_every(const words& body);
  trigger_form read_at(const words& body);
  trigger_form read_calendar(const words& body);
  trigger_form read_cron(const words& body, std::string_view text, std::size_t offset);
  trigger read_joint(std::string_view text, const trigger_word& name, std::size_t offset, int level);
  void read_options(const words& all, std::size_t from);
  void read_option(std::string_view name, const trigger_word& value);
  /// What `make` returns; what is wrong with a field is said with its place.
  template <class Make>
  auto placed(Make&& make) const {
    try {
      return make();
    } catch (trigger_fault& fault) {
      place(fault);
      throw;
    }
  }
  void place(trigger_fault& fault) const;
  trigger make(trigger_form form) {
    return placed([&] { return make_trigger(std::move(form), std::move(options_)); });
  }
  /// Remembers where a field stands.
  const trigger_word& note(std::string_view field, const trigger_word& word);

  trigger_options options_;
  std::vector<std::pair<std::string_view, trigger_word>> places_;
};

const trigger_word& trigger_reader::note(std::string_view field, const trigger_word& word) {
  for (const auto& [known, place] : places_)
    if (known == field)
      refuse(word, std::string{field} + " was given before, in column " + std::to_string(place.offset + 1));
  places_.emplace_back(field, word);
  return word;
}

void trigger_reader::place(trigger_fault& fault) const {
  const auto found = std::find_if(places_.begin(), places_.end(),
                                  [&](const auto& each) { return each.first == fault.field; });
  if (found == places_.end())
    return;
  const auto& word = found->second;
  fault.field.clear();
  if (fault.offset) // in its own text
    *fault.offset += word.offset;
  else {
    fault.words = word.text;
    fault.offset = word.offset;
  }
}

void trigger_reader::read_option(std::string_view name, const trigger_word& value) {
  note(name == "@" ? "zone" : name, value);
  if (name == "@")
    options_.zone = std::string{value.text};
  else if (name == "gap")
    options_.gap = value_of(value, read_gap, gap_form);
  else if (name == "fold")
    options_.fold = value_of(value, read_fold, fold_form);
  else if (name == "count")
    options_.count = static_cast<std::size_t>(value_of(value, read_count, count_form));
  else if (name == "jitter")
    options_.jitter = value_of(value, read_span, span_form);
  else
    (name == "start" ? options_.start : options_.end) = instant_of(value);
}

void trigger_reader::read_options(const words& all, std::size_t from) {
  for (std::size_t i = from; i < all.size(); i += 2) {
    if (!is_option(all[i].text))
      refuse(all[i], "write @ ZONE, gap, fold, start, end, count or jitter here");
    if (i + 1 == all.size())
      refuse(all[i], "its value is missing");
    read_option(all[i].text, all[i + 1]);
  }
}

trigger_form trigger_reader::read_every(const words& body) {
  if (body.size() < 2)
    refuse(body[0], "write every 90m, or every 90m from 2026-01-01T00:00:00Z");
  every_form form{value_of(note("every", body[1]), read_span, span_form), {}};
  if (body.size() > 2) {
    if (body[2].text != "from")
      refuse(body[2], "write from TIME here, or an option");
    if (body.size() != 4)
      refuse(body[std::min<std::size_t>(4, body.size() - 1)], "write from and one time");
    form.anchor = instant_of(note("from", body[3]));
  }
  return form;
}

trigger_form trigger_reader::read_at(const words& body) {
  if (body.size() != 2)
    refuse(body.back(), "write at and one time");
  return value_of(note("at", body[1]), read_moment, at_form_words);
}

trigger_form trigger_reader::read_calendar(const words& body) {
  calendar_interval of;
  std::size_t i = 1;
  if (i < body.size())
    if (const auto every = read_count(body[i].text)) {
      note("every", body[i++]);
      of.every = *every;
    }
  if (i == body.size())
    refuse(body.back(), "write calendar 2 months, or days, weeks, years");
  of.unit = value_of(note("unit", body[i]), read_unit, unit_form);
  for (++i; i < body.size(); i += 2) {
    const auto name = body[i].text;
    if (name != "on" && name != "at" && name != "from")
      refuse(body[i], "write on DAY, at TIME, from DAY or an option here");
    if (i + 1 == body.size())
      refuse(body[i], "its value is missing");
    const auto& value = note(name == "on" ? "day" : name, body[i + 1]);
    if (name == "on")
      of.day = value_of(value, read_month_day, month_day_form);
    else if (name == "at")
      of.at = value_of(value, read_time_of_day, time_of_day_form);
    else
      of.from = value_of(value, read_day, day_form);
  }
  return of;
}

trigger_form trigger_reader::read_cron(const words& body, std::string_view text, std::size_t offset) {
  const bool named = body[0].text == "cron";
  if (named && body.size() == 1)
    refuse(body[0], "its fields are missing; write for instance cron 0 9 * * mon-fri");
  const auto& first = body[named ? 1 : 0];
  if (!named && std::isalpha(static_cast<unsigned char>(first.text[0])) && body.size() != 5)
    refuse(first, "a trigger begins with at, every, cron, calendar, any_of or all_of");
  const auto end = body.back().offset + body.back().text.size();
  const auto expression = text.substr(first.offset - offset, end - first.offset);
  note("cron", {expression, first.offset});
  return cron_form{std::string{expression}};
}

trigger_form trigger_reader::read_form(const words& body, std::string_view text, std::size_t offset) {
  const auto kind = body[0].text;
  return kind == "every"      ? read_every(body)
         : kind == "at"       ? read_at(body)
         : kind == "calendar" ? read_calendar(body)
                              : read_cron(body, text, offset);
}

trigger trigger_reader::read_joint(std::string_view text, const trigger_word& name, std::size_t offset,
                                   int level) {
  if (level > most_levels)
    refuse(name, "at most 16 levels of any_of and all_of");
  const auto open = text.find_first_not_of(" \t", name.offset - offset + name.text.size());
  if (open == std::string_view::npos || text[open] != '(')
    refuse(name, "write ( behind it, and triggers with ; between them");
  joint_form form{{}, name.text == all_of_name};
  note(form.all ? all_of_name : any_of_name, name);
  int depth = 0;
  std::size_t begin = open + 1, i = open;
  for (; i < text.size(); ++i) {
    depth += (text[i] == '(') - (text[i] == ')');
    if (depth == 0 || (text[i] == ';' && depth == 1)) {
      const auto part = text.substr(begin, i - begin);
      form.parts.push_back(trigger_reader{content_of(options_.zone)}.read(part, offset + begin, level + 1));
      placed([&] { check_parts(form); });
      begin = i + 1;
    }
    if (depth == 0)
      break;
  }
  if (i == text.size())
    refuse(name, "its ) is missing");
  read_options(trigger_words(text.substr(i + 1), offset + i + 1), 0);
  return make(std::move(form));
}

trigger trigger_reader::read(std::string_view text, std::size_t offset, int level) {
  const auto all = trigger_words(text, offset);
  if (all.empty())
    refuse_words({}, offset, "there is no trigger; write for instance cron 0 9 * * mon-fri");
  const auto name = all[0].text.substr(0, all[0].text.find('('));
  if (name == any_of_name || name == all_of_name)
    return read_joint(text, {name, all[0].offset}, offset, level);
  const auto option
      = std::find_if(all.begin(), all.end(), [](const auto& word) { return is_option(word.text); });
  if (option == all.begin())
    refuse(all[0], "write at, every, cron, calendar, any_of or all_of before the options");
  auto form = read_form({all.begin(), option}, text, offset);
  read_options(all, static_cast<std::size_t>(option - all.begin()));
  return make(std::move(form));
}

} // namespace

trigger detail::read_trigger_text(std::string_view text, std::string_view zone, int level) {
  if (text.size() > most_text)
    refuse_words({}, most_text, "a trigger's text has at most 10000 bytes");
  return trigger_reader{zone}.read(text, 0, level);
}

expected<trigger> trigger::parse(std::string_view text, std::string_view zone) {
  return made([&] { return read_trigger_text(text, zone); });
}

} // namespace taskactor
