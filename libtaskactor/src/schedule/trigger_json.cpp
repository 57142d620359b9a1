// `trigger::parse_json`.
#include "schedule/trigger_fault.hpp"
#include "schedule/trigger_text.hpp"

#include <taskactor/detail/json_value.hpp>

#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace taskactor {

using namespace detail;

namespace {

constexpr std::size_t most_json = 100'000; // bytes
constexpr std::array<std::string_view, 6> kinds{"at", "every", "cron", "calendar", any_of_name, all_of_name};

/// Parses, and refuses what nlohmann-json would pass over in silence: the same key twice.
json parse_strictly(std::string_view text) {
  std::vector<std::set<std::string>> keys;
  const auto look = [&](int, json::parse_event_t event, json& value) {
    if (event == json::parse_event_t::object_start)
      keys.emplace_back();
    else if (event == json::parse_event_t::object_end)
      keys.pop_back();
    else if (event == json::parse_event_t::key && !keys.back().insert(value.get<std::string>()).second)
      refuse_field(value.get<std::string>(), "it is there twice");
    return true;
  };
  try {
    return json::parse(text, look);
  } catch (const json::parse_error& error) {
    refuse_field({}, "no JSON: " + plain_text(error));
  }
}

/// As a fault shows them.
std::string words_of(const json& value) {
  return value.is_string() ? value.get<std::string>() : shown(value);
}

/// One object of JSON, and where it is in the whole: "any_of[1].".
class json_reader {
public:
  json_reader(const json& from, std::string path, std::string_view zone, int level)
      : from_{from}, path_{std::move(path)}, level_{level} {
    options_.zone = std::string{zone};
  }

  trigger read();

private:
  [[noreturn]] void refuse(const std::string& key, const std::string& what) const {
    refuse_field(path_ + key, what, from_.contains(key) ? words_of(from_.at(key)) : std::string{});
  }
  /// What `read` makes of a string, or its refusal.
  template <class Read>
  auto text_value(const std::string& key, Read&& read, const char* form) const;
  fire_time instant(const std::string& key) const;
  int count(const std::string& key, const char* form) const;
  std::string kind() const;
  trigger_form read_form(const std::string& kind);
  trigger_form read_every();
  trigger_form read_joint(const std::string& kind);
  calendar_interval read_calendar() const;
  /// What `make` returns; what is wrong with a field is said with its path.
  template <class Make>
  auto placed(Make&& make, bool of_calendar = false) const;
  void read_option(const std::string& key);

  const json& from_;
  std::string path_;
  int level_;
  trigger_options options_;
};

template <class Read>
auto json_reader::text_value(const std::string& key, Read&& read, const char* form) const {
  const auto& value = from_.at(key);
  auto result = value.is_string() ? read(value.get_ref<const std::string&>()) : std::nullopt;
  if (!result)
    refuse(key, form);
  return *std::move(result);
}

template <class Make>
auto json_reader::placed(Make&& make, bool of_calendar) const {
  try {
    return make();
  } catch (trigger_fault& fault) {
    constexpr std::array<std::string_view, 5> fields{"every", "unit", "day", "at", "from"};
    const bool within = of_calendar && std::find(fields.begin(), fields.end(), fault.field) != fields.end();
    fault.field = path_ + (within ? "calendar." : "") + fault.field;
    throw;
  }
}

fire_time json_reader::instant(const std::string& key) const {
  const auto read = [](const std::string& text) -> std::optional<fire_time> {
    const auto when = parse_rfc3339(text);
    return when ? std::optional{*when} : std::nullopt;
  };
  return text_value(key, read, instant_form);
}

int json_reader::count(const std::string& key, const char* form) const {
  const auto& value = from_.at(key);
  const bool right = value.is_number_integer() && value >= 1 && value <= 1'000'000;
  if (!right)
    refuse(key, form);
  return value.get<int>();
}

/// The one key that says what it is.
std::string json_reader::kind() const {
  std::string found;
  for (const auto each : kinds)
    if (from_.contains(each)) {
      if (!found.empty())
        refuse(std::string{each}, "there is " + found + " as well; put several into any_of or all_of");
      found = each;
    }
  if (found.empty())
    refuse_field(path_.empty() ? path_ : path_.substr(0, path_.size() - 1),
                 "write one of the keys at, every, cron, calendar, any_of and all_of");
  return found;
}

trigger_form json_reader::read_every() {
  every_form form{text_value("every", read_span, span_form), {}};
  if (from_.contains("from"))
    form.anchor = instant("from");
  return form;
}

calendar_interval json_reader::read_calendar() const {
  const auto& calendar = from_.at("calendar");
  if (!calendar.is_object())
    refuse("calendar",
           R"(write an object, such as {"every": 2, "unit": "months", "day": "last", "at": "09:00"})");
  const json_reader in{calendar, path_ + "calendar.", {}, level_};
  calendar_interval of;
  bool has_unit = false;
  for (const auto& [key, value] : calendar.items()) {
    if (key == "every")
      of.every = in.count(key, "write a number from 1 to 10000");
    else if (key == "unit") {
      of.unit = in.text_value(key, read_unit, unit_form);
      has_unit = true;
    } else if (key == "day")
      of.day = value.is_string() ? in.text_value(key, read_month_day, month_day_form)
                                 : static_cast<unsigned>(in.count(key, month_day_form));
    else if (key == "at")
      of.at = in.text_value(key, read_time_of_day, time_of_day_form);
    else if (key == "from")
      of.from = in.text_value(key, read_day, day_form);
    else
      in.refuse(key, "there is no such key; write every, unit, day, at or from");
  }
  if (!has_unit)
    in.refuse("unit", unit_form);
  return of;
}

trigger_form json_reader::read_joint(const std::string& kind) {
  if (!from_.at(kind).is_array())
    refuse(kind, "write an array of triggers");
  if (level_ > most_levels)
    refuse_field(path_ + kind, "at most 16 levels of any_of and all_of");
  joint_form form{{}, kind == all_of_name};
  for (const auto& each : from_.at(kind)) {
    const auto path = path_ + kind + '[' + std::to_string(form.parts.size()) + "].";
    form.parts.push_back(json_reader{each, path, content_of(options_.zone), level_ + 1}.read());
    placed([&] { check_parts(form); });
  }
  return form;
}

trigger_form json_reader::read_form(const std::string& kind) {
  if (kind == "every")
    return read_every();
  if (kind == "at")
    return text_value(kind, read_moment, at_form_words);
  if (kind == "calendar")
    return read_calendar();
  if (kind == "cron")
    return text_value(
        kind, [](const std::string& text) { return std::optional{cron_form{text}}; },
        "write a string, such as \"0 9 * * mon-fri\"");
  return read_joint(kind);
}

void json_reader::read_option(const std::string& key) {
  if (key == "zone")
    options_.zone = text_value(
        key, [](const std::string& text) { return std::optional{text}; },
        "write an IANA name, such as Europe/Berlin");
  else if (key == "gap")
    options_.gap = text_value(key, read_gap, gap_form);
  else if (key == "fold")
    options_.fold = text_value(key, read_fold, fold_form);
  else if (key == "count")
    options_.count = static_cast<std::size_t>(count(key, count_form));
  else if (key == "jitter")
    options_.jitter = text_value(key, read_span, span_form);
  else if (key == "start" || key == "end")
    (key == "start" ? options_.start : options_.end) = instant(key);
  else
    refuse(key, "there is no such key; write zone, gap, fold, start, end, count or jitter");
}

trigger json_reader::read() {
  const auto parent = path_.empty() ? path_ : path_.substr(0, path_.size() - 1);
  try {
    if (from_.is_string())
      return read_trigger_text(from_.get_ref<const std::string&>(), content_of(options_.zone), level_);
  } catch (trigger_fault& fault) {
    fault.field = parent;
    throw;
  }
  if (!from_.is_object())
    refuse_field(parent, "write an object, or a string with a trigger's text", words_of(from_));
  const auto what = kind();
  auto form = read_form(what); // in the zone of what names none
  for (const auto& [key, _] : from_.items())
    if (key != what && !(key == "from" && what == "every"))
      read_option(key);
  const bool is_calendar = what == "calendar";
  return placed([&] { return make_trigger(std::move(form), std::move(options_)); }, is_calendar);
}

} // namespace

expected<trigger> trigger::parse_json(std::string_view text, std::string_view zone) {
  return made([&] {
    if (text.size() > most_json)
      refuse_field({}, "a trigger's JSON has at most 100000 bytes");
    const auto value = parse_strictly(text);
    return json_reader{value, {}, zone, 1}.read();
  });
}

} // namespace taskactor
