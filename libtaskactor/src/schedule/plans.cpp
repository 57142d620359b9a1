#include "schedule/plans.hpp"

#include "schedule/trigger_core.hpp"

namespace taskactor::detail {

namespace {

using std::chrono::local_days;
using std::chrono::months;
using std::chrono::year_month;

/// The day of a month that an interval fires on; none, if the month has no such day.
std::optional<local_days> calendar_day(year_month month, unsigned day) {
  if (day == 0)
    return local_days{month / std::chrono::last};
  const auto at = month / static_cast<int>(day);
  return at.ok() ? std::optional{local_days{at}} : std::nullopt;
}

std::int64_t round_up(std::int64_t count, std::int64_t step) { return (count + step - 1) / step * step; }

} // namespace

std::optional<local_seconds> calendar_times::next(local_seconds from) const {
  const auto end = local_days{std::chrono::year{10000} / 1 / 1};
  auto day = std::max(std::chrono::floor<std::chrono::days>(from), of.from);
  if (day + of.at < from)
    day += std::chrono::days{1};
  if (of.unit == calendar_unit::days || of.unit == calendar_unit::weeks) {
    const auto step = std::int64_t{of.every} * (of.unit == calendar_unit::weeks ? 7 : 1);
    const auto at = of.from + std::chrono::days{round_up((day - of.from).count(), step)};
    return at < end ? std::optional<local_seconds>{at + of.at} : std::nullopt;
  }
  const std::chrono::year_month_day anchor{of.from}, wanted{day};
  const auto first = anchor.year() / anchor.month();
  const auto step = std::int64_t{of.every} * (of.unit == calendar_unit::years ? 12 : 1);
  const auto on = of.day.value_or(static_cast<unsigned>(anchor.day()));
  const auto gone = (wanted.year() / wanted.month() - first).count();
  for (auto count = round_up(gone, step);; count += step) {
    const auto month = first + months{count};
    if (month.year() > std::chrono::year{9999})
      return {};
    if (const auto at = calendar_day(month, on); at && *at >= day)
      return *at + of.at;
  }
}

found_time joint_plan::next(fire_time after, search_budget& budget) const {
  return all_ ? common(after, budget) : first(after, budget);
}

found_time joint_plan::first(fire_time after, search_budget& budget) const {
  std::optional<found_time> best;
  auto none = found_time::none(no_fire::over);
  std::size_t members = 0;
  for (const auto& each : parts_)
    members += trigger_access::core(each).members;
  for (const auto& each : parts_) {
    // To each its share: one that finds nothing doesn't keep others from being looked at.
    const auto own = trigger_access::core(each).members;
    search_budget share{budget.left * own / members};
    budget.left -= share.left;
    const auto found = trigger_access::search(each, after, share);
    budget.left += share.left;
    members -= own;
    if (found.at && (!best || *found.at < *best->at))
      best = found;
    if (!found.at && (none.why == no_fire::over || found.known_until < none.known_until))
      none = found;
  }
  // Of a part of which nothing is known any more one may come before it.
  return best && *best->at < none.known_until ? *best : none;
}

found_time joint_plan::common(fire_time after, search_budget& budget) const {
  for (;;) {
    found_time latest;
    std::optional<found_time> none;
    bool same = true;
    for (const auto& each : parts_) {
      const auto found = trigger_access::search(each, after, budget);
      if (!found.at && found.why == no_fire::over)
        return found;
      if (!found.at && (!none || found.known_until > none->known_until))
        none = found;
      if (!found.at)
        continue;
      same = same && (!latest.at || *found.at == *latest.at);
      if (!latest.at || *found.at > *latest.at)
        latest = found;
    }
    if (none)
      return *none;
    if (same)
      return latest;
    after = *latest.at - one_tick;
  }
}

} // namespace taskactor::detail
