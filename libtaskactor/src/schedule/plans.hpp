/// Each kind of a trigger, as a plan.
#pragma once

#include "schedule/cron_times.hpp"
#include "schedule/plan.hpp"
#include "schedule/wall_search.hpp"

#include <taskactor/schedule/trigger.hpp>

#include <algorithm>
#include <utility>
#include <vector>

namespace taskactor::detail {

inline constexpr std::chrono::microseconds longest_interval = std::chrono::days{36525}; // 100 years

class at_plan final : public plan {
public:
  explicit at_plan(fire_time when) : when_{when} {}
  found_time next(fire_time after, search_budget&) const override {
    return when_ > after ? found_time{.at = when_} : found_time::none(no_fire::over);
  }

private:
  fire_time when_;
};

/// `anchor + k * interval`, k from zero on.
class every_plan final : public plan {
public:
  every_plan(std::chrono::microseconds interval, fire_time anchor) : interval_{interval}, anchor_{anchor} {}
  found_time next(fire_time after, search_budget&) const override {
    const auto at = after < anchor_ ? anchor_ : anchor_ + ((after - anchor_) / interval_ + 1) * interval_;
    return at < no_time ? found_time{.at = at} : found_time::none(no_fire::search_limit);
  }

private:
  std::chrono::microseconds interval_;
  fire_time anchor_;
};

/// One time on the wall.
struct single_time {
  local_seconds when;
  std::optional<local_seconds> next(local_seconds from) const {
    return from <= when ? std::optional{when} : std::nullopt;
  }
};

/// What a `calendar_interval` names.
struct calendar_times {
  calendar_interval of;
  std::optional<local_seconds> next(local_seconds from) const;
};

template <class Times>
class wall_plan final : public plan {
public:
  wall_plan(const zone_table& zone, Times times, change_policies policies)
      : zone_{zone}, times_{std::move(times)}, policies_{policies} {}
  found_time next(fire_time after, search_budget&) const override {
    return wall_search<Times>{zone_, times_, policies_}.next(after);
  }

private:
  const zone_table& zone_;
  Times times_;
  change_policies policies_;
};

/// `any_of` and `all_of`.
class joint_plan final : public plan {
public:
  joint_plan(std::vector<trigger> parts, bool all) : parts_{std::move(parts)}, all_{all} {}
  found_time next(fire_time after, search_budget& budget) const override;

private:
  found_time first(fire_time after, search_budget& budget) const;
  found_time common(fire_time after, search_budget& budget) const;

  std::vector<trigger> parts_;
  bool all_;
};

} // namespace taskactor::detail
