// What a scheduler does in a turn of its actor: see scheduler_host.hpp.
#include "base/memory.hpp"
#include "lifecycle/fault_injector.hpp"
#include "lifecycle/manager_core.hpp"
#include "scheduler/scheduler_host.hpp"
#include "threads/disposal.hpp"

#include <algorithm>
#include <new>

namespace taskactor::detail {

namespace {

/// Callers wait no longer than this takes: then they have the lock. In searches for a next fire, of which one
/// takes a tenth of a microsecond in a simple trigger, and may take a hundred times that in others.
constexpr std::size_t work_at_once = 10'000;
/// To begin one, or to skip it.
constexpr std::size_t work_of_a_fire = 50;
/// How long it waits for room in the manager's queue, if nothing of its own ends before.
constexpr std::chrono::milliseconds first_pause{5}, longest_pause{1000};
/// What a steady clock has to go until then: at most a century, after which it looks again.
std::chrono::nanoseconds time_until(fire_time due, std::chrono::system_clock::time_point wall) {
  constexpr std::chrono::microseconds century = std::chrono::hours{24 * 365 * 100};
  const auto now = fire_time_of(wall);
  return std::clamp(due - now, std::chrono::microseconds{0}, century)
         - (due > now ? wall - now : std::chrono::nanoseconds{0});
}

} // namespace

next_turn scheduler_host::turn() {
  runs ended; // destroyed without the lock
  next_turn next{.home = &home_};
  const std::lock_guard lock{mutex_};
  if (over_) {
    next.over = true;
    return next;
  }
  settle(ended, gone_);
  try {
    make_turn(next);
    destroy_elsewhere(gone_);
  } catch (const std::bad_alloc&) { // what isn't done by now is done then
    next.due = after(home_.now(), moment_without_memory);
  }
  return next;
}

void scheduler_host::settle(runs& ended, gone_bodies& gone) noexcept {
  ended = starter_.ended()->take();
  for (auto& each : ended) {
    auto& entry = *each.of;
    const auto at = std::find_if(entry.running.begin(), entry.running.end(),
                                 [&](const auto& one) { return one.number == each.number; });
    if (at != entry.running.end()) {
      each.task = std::move(at->task);
      entry.running.erase(at);
    }
    if (entry.ended)
      continue;
    if (!begin_waiting(each.of))
      schedules_.hold(each.of);
    schedules_.end_if_over(each.of, gone);
  }
  if (!ended.empty())
    full_ = {}; // there may be room
}

void scheduler_host::make_turn(next_turn& next) {
  const auto steady = home_.now();
  bool room = steady >= full_.again, more = false;
  while (const auto which = room ? schedules_.first_held() : nullptr) {
    room = begin_waiting(which);
    if (room) {
      schedules_.let_go(which);
      schedules_.end_if_over(which, gone_);
    }
  }
  const auto shown = wall_now(home_.decides());
  const auto wall = fire_time_of(shown);
  const auto is_due = [&] {
    const auto due = schedules_.next_due();
    return due && *due <= wall;
  };
  for (std::size_t work = 0; room && is_due();) {
    if (work >= work_at_once) {
      more = true;
      break;
    }
    const auto took = fire_due(schedules_.first_due(), wall); // it leaves, and enters anew
    room = took.has_value();
    work += took.value_or(0);
  }
  if (room)
    full_ = {};
  else if (steady >= full_.again) {
    full_.pause = std::clamp(2 * full_.pause, first_pause, longest_pause);
    full_.again = after(steady, full_.pause);
  }
  if (more)
    starter_.ended()->wake();
  if (!room)
    next.due = full_.again;
  else if (const auto due = schedules_.next_due(); due && !more)
    next.due = after(steady, time_until(*due, shown));
}

std::optional<std::size_t> scheduler_host::fire_due(const entry_ptr& which, fire_time now) {
  auto& entry = *which;
  const auto due = fires_due(entry.when, entry.name, *entry.next, now, entry.rules());
  schedules_.leave(which);
  if (due.missed != 0) {
    entry.counts.missed += due.missed;
    starter_.say(event_kind::schedule_missed, entry, [&] {
      return std::to_string(due.missed) + ", nominal " + to_rfc3339(*due.first_missed) + " to "
             + to_rfc3339(*due.last_missed);
    });
    if (due.to_do.empty() || *due.last_missed < due.to_do.front().nominal)
      entry.passed = std::max(entry.passed, *due.last_missed);
  }
  for (const auto& each : due.to_do) {
    const auto how = starter_.fire(which, {each}).how;
    if (how == fire_starter::begun::full) {
      entry.next = {.found = each};
      schedules_.put(which);
      return {};
    }
    entry.passed = each.nominal;
    if (how == fire_starter::begun::yes && entry.rules().is_late(each, now))
      ++entry.counts.made_up;
  }
  entry.passed = due.passed;
  entry.next = due.next;
  schedules_.enter(which);
  schedules_.end_if_over(which, gone_);
  return due.searches + work_of_a_fire * (1 + due.to_do.size());
}

bool scheduler_host::begin_waiting(const entry_ptr& which) noexcept {
  auto& entry = *which;
  if (!entry.waiting || entry.ended || !entry.overlap_is_free())
    return true;
  if (starter_.begin(which, *entry.waiting).how == fire_starter::begun::full)
    return false;
  entry.waiting.reset();
  return true;
}

} // namespace taskactor::detail
