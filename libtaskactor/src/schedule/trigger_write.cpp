// A trigger as text and as JSON.
#include "schedule/trigger_core.hpp"

#include <nlohmann/json.hpp>

#include <array>
#include <ostream>
#include <utility>

namespace taskactor {

using namespace detail;

namespace {

using ordered = nlohmann::ordered_json;

/// In the longest unit that it is a whole number of.
std::string span_text(std::chrono::microseconds span) {
  for (const auto& [unit, name] : {std::pair{86'400'000'000, "d"},
                                   {3'600'000'000, "h"},
                                   {60'000'000, "m"},
                                   {1'000'000, "s"},
                                   {1000, "ms"}})
    if (span.count() % unit == 0)
      return std::to_string(span.count() / unit) + name;
  return std::to_string(span.count()) + "us";
}

std::string wall_text(wall_time when) {
  auto text = to_rfc3339(fire_time{when.time_since_epoch()});
  text.pop_back(); // the Z: it has no offset
  return text;
}

std::string day_text(std::chrono::local_days day) { return wall_text(day).substr(0, 10); }
std::string time_text(std::chrono::seconds at) { return wall_text(wall_time{at}).substr(11, 8); }

std::string unit_text(calendar_unit unit) {
  constexpr std::array<const char*, 4> names{"days", "weeks", "months", "years"};
  return names[static_cast<std::size_t>(unit)];
}

std::string month_day_text(unsigned day) { return day == 0 ? "last" : std::to_string(day); }

struct text_writer {
  std::string operator()(const at_form& of) const { return "at " + to_rfc3339(of.when); }
  std::string operator()(const wall_form& of) const { return "at " + wall_text(of.when); }
  std::string operator()(const every_form& of) const {
    return "every " + span_text(of.interval)
           + (of.anchor == fire_time{} ? "" : " from " + to_rfc3339(of.anchor));
  }
  std::string operator()(const cron_form& of) const { return "cron " + of.expression; }
  std::string operator()(const calendar_interval& of) const {
    return "calendar " + std::to_string(of.every) + ' ' + unit_text(of.unit)
           + (of.day ? " on " + month_day_text(*of.day) : "") + " at " + time_text(of.at)
           + (of.from == std::chrono::local_days{} ? "" : " from " + day_text(of.from));
  }
  std::string operator()(const joint_form& of) const {
    std::string text = of.all ? all_of_name : any_of_name;
    for (const auto& each : of.parts)
      text += (&each == &of.parts.front() ? "(" : "; ") + each.to_text();
    return text + ')';
  }
};

ordered json_of(const trigger& of);

struct json_writer {
  ordered operator()(const at_form& of) const { return {{"at", to_rfc3339(of.when)}}; }
  ordered operator()(const wall_form& of) const { return {{"at", wall_text(of.when)}}; }
  ordered operator()(const every_form& of) const {
    ordered value{{"every", span_text(of.interval)}};
    if (of.anchor != fire_time{})
      value["from"] = to_rfc3339(of.anchor);
    return value;
  }
  ordered operator()(const cron_form& of) const { return {{"cron", of.expression}}; }
  ordered operator()(const calendar_interval& of) const {
    ordered value{{"every", of.every}, {"unit", unit_text(of.unit)}};
    if (of.day)
      value["day"] = *of.day == 0 ? ordered("last") : ordered(*of.day);
    value["at"] = time_text(of.at);
    if (of.from != std::chrono::local_days{})
      value["from"] = day_text(of.from);
    return {{"calendar", std::move(value)}};
  }
  ordered operator()(const joint_form& of) const {
    auto parts = ordered::array();
    for (const auto& each : of.parts)
      parts.push_back(json_of(each));
    return {{of.all ? all_of_name : any_of_name, std::move(parts)}};
  }
};

/// Calls `put` with the name and the text of each option that isn't as it is by default.
template <class Put>
void write_options(const trigger_core& of, Put&& put) {
  const auto& options = of.options;
  if (of.zone->name() != utc_name)
    put("zone", of.zone->name());
  if (options.gap)
    put("gap", std::string{to_string(*options.gap)});
  if (options.fold)
    put("fold", std::string{to_string(*options.fold)});
  if (options.start)
    put("start", to_rfc3339(*options.start));
  if (options.end)
    put("end", to_rfc3339(*options.end));
  if (options.count > 0)
    put("count", options.count);
  if (options.jitter.count() > 0)
    put("jitter", span_text(std::chrono::duration_cast<std::chrono::microseconds>(
                      static_cast<const std::chrono::nanoseconds&>(options.jitter))));
}

ordered json_of(const trigger& of) {
  const auto& core = trigger_access::core(of);
  auto value = std::visit(json_writer{}, core.form);
  write_options(core, [&](const char* name, const auto& content) { value[name] = content; });
  return value;
}

struct option_text {
  std::string operator()(const std::string& content) const { return content; }
  std::string operator()(std::size_t content) const { return std::to_string(content); }
};

} // namespace

std::string trigger::to_text() const {
  auto text = std::visit(text_writer{}, core_->form);
  write_options(*core_, [&](std::string_view name, const auto& content) {
    text += ' ';
    text += name == "zone" ? "@" : name;
    text += ' ' + option_text{}(content);
  });
  return text;
}

std::string trigger::to_json() const { return json_of(*this).dump(); }

std::ostream& operator<<(std::ostream& out, const trigger& t) { return out << t.to_text(); }

} // namespace taskactor
