#include "scheduler/schedule_table.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace taskactor::detail {

schedule_table::entry_ptr schedule_table::find(std::string_view name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : found->second;
}

std::string schedule_table::name_for(const std::string& wanted) {
  auto name = wanted;
  while (name.empty() || (wanted.empty() && by_name_.contains(name)))
    name = "schedule-" + std::to_string(++made_names_);
  return name;
}

void schedule_table::add(const entry_ptr& which) {
  held_.reserve(by_name_.size() + 1);
  by_name_.emplace(which->name, which);
}

// -- by time ----------------------------------------------------------------

void schedule_table::put(const entry_ptr& which) noexcept {
  which->place.key().first = which->next->due;
  due_.insert(std::move(which->place));
}

void schedule_table::enter(const entry_ptr& which) noexcept {
  if (!which->next || which->paused)
    return;
  const bool first = due_.empty() || which->next->due < due_.begin()->first.first;
  put(which);
  if (first)
    starter_.ended()->wake();
}

void schedule_table::leave(const entry_ptr& which) noexcept {
  if (which->next)
    if (auto place = due_.extract({which->next->due, which->order}))
      which->place = std::move(place);
}

std::optional<fire_time> schedule_table::next_due() const noexcept {
  if (due_.empty())
    return {};
  return due_.begin()->first.first;
}

schedule_table::entry_ptr schedule_table::first_due() const {
  return due_.begin()->second->shared_from_this();
}

void schedule_table::give_up_due(const entry_ptr& which, fire_time now) {
  auto& entry = *which;
  if (!entry.next || entry.next->due > now)
    return;
  constexpr std::chrono::microseconds always_late{-1};
  const auto due = fires_due(entry.when, entry.name, *entry.next, now,
                             {.missed = missed_policy::none, .on_time = always_late, .most = 1});
  leave(which);
  const auto first = entry.next->nominal;
  (entry.paused ? entry.counts.skipped : entry.counts.missed) += due.missed;
  starter_.say(entry.paused ? event_kind::schedule_skipped : event_kind::schedule_missed, entry, [&] {
    return std::to_string(due.missed) + (entry.paused ? " of a pause, from nominal " : ", nominal ")
           + to_rfc3339(first) + " to " + to_rfc3339(due.passed);
  });
  entry.passed = std::max(entry.passed, due.passed);
  entry.next = due.next;
  if (entry.next && !entry.paused)
    put(which);
}

// -- the end ----------------------------------------------------------------

void schedule_table::end(const entry_ptr& which, std::string_view why, gone_bodies& gone) noexcept {
  starter_.drop_waiting(*which, "the schedule has ended");
  starter_.say(event_kind::schedule_ended, *which, [&] { return std::string{why}; });
  leave(which);
  if (which->next)
    which->next = {};
  which->ended = true;
  let_go(which);
  which->options.task = {}; // what of it is the user's goes with the body
  by_name_.erase(which->name);
  gone.add(std::exchange(which->body, nullptr));
}

void schedule_table::end_if_over(const entry_ptr& which, gone_bodies& gone) noexcept {
  if (!which->ended && !which->next && !which->waiting)
    end(which, to_string(which->next.why), gone);
}

void schedule_table::end_all(std::string_view why, gone_bodies& gone) noexcept {
  while (!by_name_.empty()) {
    const auto which = by_name_.begin()->second;
    end(which, why, gone);
  }
}

// -- those that wait for room -----------------------------------------------

void schedule_table::hold(const entry_ptr& which) noexcept {
  if (!std::exchange(which->held, true))
    held_.push_back(which);
}

void schedule_table::let_go(const entry_ptr& which) noexcept {
  if (std::exchange(which->held, false))
    std::erase(held_, which);
}

} // namespace taskactor::detail
