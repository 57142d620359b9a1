#include "schedule/trigger_core.hpp"

#include "schedule/trigger_fault.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>

namespace taskactor {

namespace detail {

namespace {

/// Evenly spread, and the same in each process and release: FNV-1a, then the last step of splitmix64.
std::uint64_t drawn(std::string_view name, fire_time nominal) {
  std::uint64_t hash = 14695981039346656037U;
  for (const char c : name)
    hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211U;
  hash ^= static_cast<std::uint64_t>(nominal.time_since_epoch().count());
  hash = (hash ^ (hash >> 30)) * 0xbf58476d1ce4e5b9U;
  hash = (hash ^ (hash >> 27)) * 0x94d049bb133111ebU;
  return hash ^ (hash >> 31);
}

expected<trigger> made_of(trigger_form form, trigger_options& options) {
  return made([&] { return make_trigger(std::move(form), std::move(options)); });
}

} // namespace

found_time trigger_access::search(const trigger_core& core, fire_time after, search_budget& budget) {
  after = std::max(after, first_time - one_tick);
  if (core.options.start)
    after = std::max(after, *core.options.start - one_tick);
  if (after >= no_time)
    return found_time::none(no_fire::search_limit);
  if (core.last && after >= *core.last)
    return found_time::none(no_fire::over);
  if (!budget.take())
    return found_time::none(no_fire::search_limit, after + one_tick);
  auto found = core.by->next(after, budget);
  const auto& end = core.options.end;
  if (end && (found.at ? *found.at > *end : found.known_until > *end))
    return found_time::none(no_fire::over);
  return found;
}

} // namespace detail

using namespace detail;

trigger::trigger(std::shared_ptr<const trigger_core> core) noexcept : core_{std::move(core)} {}

expected<trigger> trigger::at(fire_time when, trigger_options options) {
  return made_of(at_form{when}, options);
}
expected<trigger> trigger::at(wall_time when, trigger_options options) {
  return made_of(wall_form{when}, options);
}
expected<trigger> trigger::every(std::chrono::microseconds interval, fire_time anchor,
                                 trigger_options options) {
  return made_of(every_form{interval, anchor}, options);
}
expected<trigger> trigger::cron(std::string_view expression, trigger_options options) {
  return made_of(cron_form{std::string{expression}}, options);
}
expected<trigger> trigger::calendar(calendar_interval interval, trigger_options options) {
  return made_of(interval, options);
}
expected<trigger> trigger::any_of(std::vector<trigger> triggers, trigger_options options) {
  return made_of(joint_form{std::move(triggers), false}, options);
}
expected<trigger> trigger::all_of(std::vector<trigger> triggers, trigger_options options) {
  return made_of(joint_form{std::move(triggers), true}, options);
}

next_fire trigger::next(fire_time after, std::string_view name) const {
  search_budget budget;
  const auto found = trigger_access::search(*core_, after, budget);
  if (!found.at)
    return {.why = found.why};
  fire result{*found.at, *found.at};
  auto jitter = std::chrono::floor<std::chrono::microseconds>(
      static_cast<const std::chrono::nanoseconds&>(core_->options.jitter));
  if (jitter.count() > 0) {
    const auto following = trigger_access::search(*core_, *found.at, budget).at.value_or(no_time);
    jitter = std::min(jitter, following - *found.at - one_tick);
    result.due += std::chrono::microseconds{drawn(name, *found.at)
                                            % (static_cast<std::uint64_t>(jitter.count()) + 1)};
  }
  return {.found = result};
}

const std::string& trigger::zone() const noexcept { return core_->zone->name(); }

} // namespace taskactor
