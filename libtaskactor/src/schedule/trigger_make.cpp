// From a form to a trigger: what is checked, and by which plan it fires.
#include "schedule/trigger_form.hpp"

#include "schedule/plans.hpp"
#include "schedule/trigger_core.hpp"
#include "schedule/trigger_fault.hpp"

#include <algorithm>

namespace taskactor::detail {

namespace {

constexpr std::size_t most_fires = 100'000, most_parts = 64, most_members = 256, most_searches = 500'000;

change_policies policies_of(const trigger_options& options, bool by_elapsed_time = false) {
  return {options.gap.value_or(by_elapsed_time ? gap_policy::skip : gap_policy::at_end),
          options.fold.value_or(by_elapsed_time ? fold_policy::both : fold_policy::first)};
}

std::unique_ptr<const plan> plan_of(const at_form& form, const trigger_core&) {
  if (form.when < first_time || form.when >= no_time)
    refuse_field("at", "give a time of the years 1 to 9999");
  return std::make_unique<at_plan>(form.when);
}

std::unique_ptr<const plan> plan_of(const wall_form& form, const trigger_core& core) {
  const auto at = std::chrono::floor<std::chrono::seconds>(form.when);
  if (at != form.when || form.when < wall_time{first_time.time_since_epoch()}
      || form.when >= wall_time{no_time.time_since_epoch()})
    refuse_field("at", "give whole seconds of the years 1 to 9999");
  return std::make_unique<wall_plan<single_time>>(*core.zone, single_time{at}, policies_of(core.options));
}

std::unique_ptr<const plan> plan_of(const every_form& form, const trigger_core&) {
  if (form.interval < std::chrono::milliseconds{1} || form.interval > longest_interval)
    refuse_field("every", "give a millisecond to 100 years (36525d)");
  if (form.anchor < first_time || form.anchor >= no_time)
    refuse_field("from", "give a time of the years 1 to 9999");
  return std::make_unique<every_plan>(form.interval, form.anchor);
}

/// With single blanks.
std::string without_spare_blanks(std::string_view expression) {
  std::string text;
  for (const char c : expression)
    if (const bool blank = c == ' ' || c == '\t'; !blank || (!text.empty() && text.back() != ' '))
      text += blank ? ' ' : c;
  if (text.ends_with(' '))
    text.pop_back();
  return text;
}

std::unique_ptr<const plan> plan_of(cron_form& form, const trigger_core& core) {
  cron_times times{form.expression};
  form.expression = without_spare_blanks(form.expression);
  const auto policies = policies_of(core.options, times.goes_by_elapsed_time());
  return std::make_unique<wall_plan<cron_times>>(*core.zone, std::move(times), policies);
}

std::unique_ptr<const plan> plan_of(const calendar_interval& of, const trigger_core& core) {
  if (of.unit > calendar_unit::years)
    refuse_field("unit", "give days, weeks, months or years");
  if (of.every < 1 || of.every > 10'000)
    refuse_field("every", "give 1 to 10000 days, weeks, months or years");
  const bool by_month = of.unit == calendar_unit::months || of.unit == calendar_unit::years;
  if (of.day && (!by_month || *of.day > 31))
    refuse_field("day", "give a day from 1 to 31, or last, of months and years");
  if (of.at.count() < 0 || of.at >= std::chrono::days{1})
    refuse_field("at", "give 00:00:00 to 23:59:59");
  if (of.from < std::chrono::local_days{std::chrono::year{1} / 1 / 1}
      || of.from >= std::chrono::local_days{std::chrono::year{10000} / 1 / 1})
    refuse_field("from", "give a day of the years 1 to 9999");
  const calendar_times times{of};
  if (!times.next(of.from))
    refuse_field("day", "none of these months has such a day");
  return std::make_unique<wall_plan<calendar_times>>(*core.zone, times, policies_of(core.options));
}

struct joint_sizes {
  int levels = 1;
  std::size_t members = 1, searches = 0;
};

joint_sizes sizes_of(const joint_form& form) {
  joint_sizes sizes;
  for (const auto& each : form.parts) {
    const auto& part = trigger_access::core(each);
    sizes.levels = std::max(sizes.levels, part.levels + 1);
    sizes.members += part.members;
    sizes.searches += part.searches;
  }
  return sizes;
}

std::unique_ptr<const plan> plan_of(const joint_form& form, trigger_core& core) {
  if (form.parts.empty())
    refuse_field(form.all ? all_of_name : any_of_name, "give 1 to 64 triggers; these are 0");
  check_parts(form);
  const auto sizes = sizes_of(form);
  core.levels = sizes.levels;
  core.members = sizes.members;
  core.searches = sizes.searches;
  return std::make_unique<joint_plan>(form.parts, form.all);
}

void check(const trigger_core& core) {
  const auto& options = core.options;
  const bool on_the_wall = !std::holds_alternative<at_form>(core.form)
                           && !std::holds_alternative<every_form>(core.form)
                           && !std::holds_alternative<joint_form>(core.form);
  if (!on_the_wall && (options.gap || options.fold))
    refuse_field(options.gap ? "gap" : "fold", "it is of cron, calendars, and times without an offset alone");
  if (options.gap > gap_policy::skip)
    refuse_field("gap", "give at_end, shift or skip");
  if (options.fold > fold_policy::both)
    refuse_field("fold", "give first, second or both");
  for (const auto& [field, time] : {std::pair{"start", options.start}, {"end", options.end}})
    if (time && (*time < first_time || *time >= no_time))
      refuse_field(field, "give a time of the years 1 to 9999");
  if (options.start && options.end && *options.end < *options.start)
    refuse_field("end", "it comes before start");
  if (options.count > most_fires)
    refuse_field("count", "give at most 100000, or an end");
  if (options.count > 0 && !options.start)
    refuse_field("count", "from when on? Give a start as well");
  if (options.jitter.count() < 0 || options.jitter > std::chrono::days{1})
    refuse_field("jitter", "give zero to a day");
}

/// The time of the last fire, of which there are `count` from `start` on; none, if there are fewer.
std::optional<fire_time> last_of(trigger_core& core) {
  auto at = *core.options.start - one_tick;
  search_budget budget{most_searches - std::min(most_searches, core.searches)};
  const auto all = budget.left;
  for (std::size_t i = 0; i < core.options.count; ++i) {
    const auto found = trigger_access::search(core, at, budget);
    if (!found.at && budget.left == 0)
      refuse_field("count", "the last fire isn't found within 500000 searches; give an end instead");
    if (!found.at)
      return {};
    at = *found.at;
  }
  core.searches += all - budget.left;
  return at;
}

} // namespace

void check_parts(const joint_form& form) {
  const auto sizes = sizes_of(form);
  const std::string name = form.all ? all_of_name : any_of_name;
  if (form.parts.size() > most_parts)
    refuse_field(name, "give 1 to 64 triggers; these are " + std::to_string(form.parts.size()));
  if (sizes.levels > most_levels || sizes.members > most_members)
    refuse_field(name, "at most 16 levels of any_of and all_of, and 256 triggers in all");
  if (sizes.searches > most_searches)
    refuse_field(name, "the counts in it take more than 500000 searches; give an end instead");
}

trigger make_trigger(trigger_form form, trigger_options options) {
  trigger_core core{std::move(form), std::move(options)};
  check(core);
  const std::string& zone = content_of(core.options.zone);
  core.zone = &zone_named(zone.empty() ? utc_name : zone);
  const auto& jitter = static_cast<const std::chrono::nanoseconds&>(core.options.jitter);
  core.options.jitter = std::chrono::floor<std::chrono::microseconds>(jitter);
  core.by = std::visit([&](auto& of) { return plan_of(of, core); }, core.form);
  if (core.options.count > 0)
    core.last = last_of(core);
  return trigger_access::make(std::move(core));
}

} // namespace taskactor::detail
