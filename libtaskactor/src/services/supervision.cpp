#include "services/supervision.hpp"

#include <taskactor/time_span.hpp>

#include <algorithm>
#include <utility>

namespace taskactor::detail {

namespace {

/// Between the kill and the verdict that it can't be ended: an actor that is killed needs microseconds, a
/// thread as long as what it is blocked in.
constexpr std::chrono::seconds kill_settle_time{1};

} // namespace

supervision::supervision(restart_strategy how, restart_limit limit, chance random_below)
    : strategy_(how), limit_(limit), random_below_(std::move(random_below)) {}

bool supervision::alive(const child& which) const noexcept {
  return which.state == service_state::starting || which.state == service_state::running
         || which.state == service_state::stopping;
}

void supervision::tell(step::kind what, const child& which, std::string text, std::chrono::nanoseconds time) {
  steps_.push_back({what, index(which), time, std::move(text)});
}

void supervision::enter(child& which, service_state state, time_point now) {
  deadlines_.remove(which);
  if (which.state == service_state::starting)
    --starting_;
  if (state == service_state::starting)
    ++starting_;
  which.state = state;
  which.since = now;
}

void supervision::due_at(child& which, time_point when) {
  deadlines_.remove(which);
  which.due = when;
  if (when != time_point::max())
    deadlines_.push(which);
}

std::optional<time_point> supervision::due() {
  const auto* first = deadlines_.earliest();
  return first ? std::optional{first->due} : std::nullopt;
}

// -- what has happened ------------------------------------------------------

std::vector<step> supervision::begin(time_point now) {
  never_run_ = children_.size();
  for (auto& each : children_)
    each.since = now;
  note_begun();
  return settle(now);
}

std::vector<step> supervision::spawned(std::size_t which, std::uint64_t run, time_point now) {
  auto& child = children_[which];
  if (child.run == run && child.state == service_state::starting && !child.ready_within)
    comes_to_run(child, now);
  return settle(now);
}

std::vector<step> supervision::ready(std::size_t which, std::uint64_t run, time_point now) {
  auto& child = children_[which];
  if (child.run == run && child.state == service_state::starting)
    comes_to_run(child, now);
  return settle(now);
}

std::vector<step> supervision::down(std::size_t which, std::uint64_t run, exit_kind how, std::string why,
                                    time_point now) {
  auto& child = children_[which];
  if (child.run != run || !alive(child))
    return {};
  if (!child.late)
    child.reason = std::move(why);
  if (child.marked_to_stop) {
    tell_end(child, how == exit_kind::failed && !child.killed, now);
    gone(child, now);
    return settle(now);
  }
  const bool started = child.state == service_state::running;
  const bool failed = !started || how == exit_kind::failed;
  if (started && now - child.running_since >= child.backoff_reset_after)
    child.short_runs = 0;
  tell_end(child, failed, now);
  enter(child, service_state::ended, now);
  const bool first_start = !begun_ && !child.has_run;
  if (first_start || child.policy == restart_policy::permanent
      || (child.policy == restart_policy::transient && failed))
    fail(child, child.reason, now);
  return settle(now);
}

std::vector<step> supervision::time_passed(time_point now) {
  for (auto* first = deadlines_.earliest(); first && first->due <= now; first = deadlines_.earliest()) {
    deadlines_.remove(*first);
    if (first->state == service_state::starting)
      too_late(*first, now);
    else if (first->state == service_state::stopping && !first->killed)
      kill(*first, now);
    else if (first->state == service_state::stopping) {
      tell(step::kind::left_behind, *first);
      gone(*first, now);
    }
  }
  return settle(now);
}

std::vector<step> supervision::renew(std::size_t which, time_point now) {
  auto& child = children_[which];
  if (ending_)
    return {};
  child.short_runs = 0;
  if (alive(child)) {
    mark_to_stop(child, true, now);
    return settle(now);
  }
  for (auto& each : children_) // those that were taken along wait for the same point in time
    if (grouped() && each.state == service_state::waiting)
      each.resume = std::min(each.resume, now);
  enter(child, service_state::waiting, now);
  child.resume = now;
  tell(step::kind::changed, child);
  return settle(now);
}

std::vector<step> supervision::stop(time_point now) {
  finish({}, now);
  return settle(now);
}

// -- what follows -----------------------------------------------------------

/// The end of each event: what can go on, goes on.
std::vector<step> supervision::settle(time_point now) {
  stop_marked(now);
  if (!ending_)
    start_ready_ones(now);
  else if (marked_ == 0 && !std::exchange(over_, true))
    steps_.push_back({.what = step::kind::over, .text = why_});
  return std::exchange(steps_, {});
}

void supervision::start_ready_ones(time_point now) {
  const bool one_at_a_time = !begun_ || grouped();
  if (one_at_a_time && marked_ > 0)
    return;
  for (auto& each : children_) {
    if (one_at_a_time && starting_ > 0)
      return;
    if (each.state != service_state::waiting)
      continue;
    if (each.resume <= now)
      start(each, now);
    else if (grouped())
      return; // those behind it wait for it
  }
}

void supervision::start(child& which, time_point now) {
  enter(which, service_state::starting, now);
  ++which.run;
  which.killed = which.late = false;
  which.running_since = {};
  if (which.ready_within)
    due_at(which, after(now, *which.ready_within));
  tell(step::kind::start, which);
}

void supervision::comes_to_run(child& which, time_point now) {
  enter(which, service_state::running, now);
  tell(step::kind::running, which);
  which.running_since = now;
  if (!std::exchange(which.has_run, true))
    --never_run_;
  note_begun();
}

void supervision::note_begun() {
  if (never_run_ == 0 && !std::exchange(begun_, true))
    steps_.push_back({.what = step::kind::all_started});
}

/// It is stopped, as one that is to be restarted or as one that isn't.
void supervision::too_late(child& which, time_point now) {
  if (which.marked_to_stop)
    return;
  which.late = true;
  which.reason = "not ready within " + to_text(*which.ready_within);
  tell_end(which, true, now);
  if (begun_ && which.policy == restart_policy::temporary)
    mark_to_stop(which, false, now);
  else
    fail(which, which.reason, now);
}

/// It has to be started again, or all is over.
void supervision::fail(child& which, const std::string& why, time_point now) {
  if (ending_)
    return;
  if (!begun_ && !which.has_run) {
    finish('"' + which.name + "\" didn't start: " + why, now);
    return;
  }
  if (!within_limit(now)) {
    finish("more than " + std::to_string(limit_.count) + (limit_.count == 1 ? " restart" : " restarts")
               + " in " + to_text(limit_.within) + "; the last failure: \"" + which.name + "\": " + why,
           now);
    return;
  }
  const auto wait = plus(which.backoff.wait_after(++which.short_runs), random_below_(which.backoff.jitter));
  const auto number = restarts_.size();
  tell(step::kind::restarting, which,
       (wait.count() > 0 ? "in " + to_text(wait) + ", " : std::string{}) + "restart " + std::to_string(number)
           + " of at most " + std::to_string(limit_.count) + " in " + to_text(limit_.within),
       wait);
  const auto me = index(which);
  restart_with(strategy_ == restart_strategy::one_for_all ? 0 : me, grouped() ? children_.size() : me + 1,
               after(now, wait), now);
}

bool supervision::within_limit(time_point now) {
  while (!restarts_.empty() && now - restarts_.front() > limit_.within)
    restarts_.pop_front();
  if (restarts_.size() >= limit_.count)
    return false;
  restarts_.push_back(now);
  return true;
}

/// The children from `first` up to `last`, which isn't among them, are taken down, and started at `when`.
void supervision::restart_with(std::size_t first, std::size_t last, time_point when, time_point now) {
  for (auto i = first; i < last; ++i) {
    auto& child = children_[i];
    const bool wanted = child.policy != restart_policy::temporary;
    if (alive(child)) {
      mark_to_stop(child, wanted, when);
    } else if (wanted) { // also one that has ended as it should: as in OTP
      const bool changes = child.state != service_state::waiting;
      if (changes)
        enter(child, service_state::waiting, now);
      child.resume = std::max(child.resume, when);
      due_at(child, child.resume);
      if (changes)
        tell(step::kind::changed, child);
    }
  }
}

void supervision::mark_to_stop(child& which, bool wanted, time_point resume) {
  if (!std::exchange(which.marked_to_stop, true))
    ++marked_;
  which.wanted = wanted;
  which.resume = std::max(which.resume, resume);
}

/// In order, the last first; those that are independent all at once.
void supervision::stop_marked(time_point now) {
  const bool one_at_a_time = ending_ || grouped();
  for (auto i = children_.size(); i-- > 0 && marked_ > 0;) {
    auto& child = children_[i];
    if (!child.marked_to_stop)
      continue;
    if (child.state != service_state::stopping)
      ask(child, now);
    if (one_at_a_time)
      return;
  }
}

void supervision::ask(child& which, time_point now) {
  enter(which, service_state::stopping, now);
  if (which.stop_within.count() == 0) {
    kill(which, now);
    return;
  }
  tell(step::kind::ask, which);
  due_at(which, after(now, which.stop_within));
}

void supervision::kill(child& which, time_point now) {
  which.killed = true;
  tell(step::kind::kill, which);
  due_at(which, after(now, kill_settle_time));
}

void supervision::tell_end(child& which, bool failed, time_point now) {
  const bool ran = which.running_since != time_point{};
  tell(failed ? step::kind::failed : step::kind::ended, which, which.reason,
       ran ? now - which.running_since : std::chrono::nanoseconds{0});
}

/// A child that was to stop is down.
void supervision::gone(child& which, time_point now) {
  which.marked_to_stop = false;
  --marked_;
  const bool again = which.wanted && !ending_;
  enter(which, again ? service_state::waiting : service_state::ended, now);
  if (again)
    due_at(which, which.resume);
  tell(step::kind::changed, which);
}

/// All are stopped, and none is started any more.
void supervision::finish(std::string why, time_point now) {
  if (std::exchange(ending_, true))
    return;
  why_ = std::move(why);
  if (!why_.empty())
    steps_.push_back({.what = step::kind::gave_up, .text = why_});
  for (auto& each : children_) {
    if (alive(each)) {
      mark_to_stop(each, false, now);
    } else if (each.state == service_state::waiting) {
      enter(each, service_state::ended, now);
      tell(step::kind::changed, each);
    }
  }
}

} // namespace taskactor::detail
