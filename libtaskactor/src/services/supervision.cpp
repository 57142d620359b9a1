#include "services/supervision.hpp"

#include <taskactor/time_span.hpp>

#include <algorithm>
#include <utility>

namespace taskactor::detail {

supervision::supervision(restart_strategy how, restart_limit limit, chance random_below,
                         std::vector<supervised_child> children)
    : strategy_(how),
      intensity_(limit),
      random_below_(std::move(random_below)),
      children_(std::move(children)) {}

// -- what has happened ------------------------------------------------------

std::vector<step> supervision::begin(time_point now) {
  for (auto& each : children_.all())
    each.since = now;
  note_begun();
  return settle(now);
}

std::vector<step> supervision::spawned(std::size_t which, std::uint64_t run, time_point now) {
  auto& child = children_.all()[which];
  if (child.run == run && child.state == service_state::starting && !child.ready_within) {
    children_.comes_to_run(child, now);
    note_begun();
  }
  return settle(now);
}

std::vector<step> supervision::ready(std::size_t which, std::uint64_t run, time_point now) {
  auto& child = children_.all()[which];
  if (child.run == run && child.state == service_state::starting) {
    children_.comes_to_run(child, now);
    note_begun();
  }
  return settle(now);
}

std::vector<step> supervision::down(std::size_t which, std::uint64_t run, exit_kind how, std::string why,
                                    time_point now) {
  auto& child = children_.all()[which];
  if (child.run != run || !is_alive(child))
    return {};
  if (!child.late)
    child.reason = std::move(why);
  if (child.marked_to_stop) {
    children_.tell_end(child, how == exit_kind::failed && !child.killed, now);
    children_.gone(child, child.wanted && !ending_, now);
    return settle(now);
  }
  const bool started = child.state == service_state::running;
  const bool failed = !started || how == exit_kind::failed;
  if (started && now - child.running_since >= child.backoff_reset_after)
    child.short_runs = 0;
  children_.end(child, failed, now);
  const bool first_start = !begun_ && !child.has_run;
  if (first_start || child.policy == restart_policy::permanent
      || (child.policy == restart_policy::transient && failed))
    fail(child, child.reason, now);
  return settle(now);
}

std::vector<step> supervision::time_passed(time_point now) {
  while (auto* const late = children_.next_due(now)) {
    if (late->state == service_state::starting)
      too_late(*late, now);
    else if (late->state == service_state::stopping && !late->killed)
      children_.kill(*late, now);
    else if (late->state == service_state::stopping) {
      children_.tell(step::kind::left_behind, *late);
      children_.gone(*late, late->wanted && !ending_, now);
    }
  }
  return settle(now);
}

std::vector<step> supervision::renew(std::size_t which, time_point now) {
  auto& child = children_.all()[which];
  if (ending_)
    return {};
  child.short_runs = 0;
  if (is_alive(child)) {
    children_.mark_to_stop(child, true, now);
    return settle(now);
  }
  for (auto& each : children_.all()) // those that were taken along wait for the same point in time
    if (grouped() && each.state == service_state::waiting)
      each.resume = std::min(each.resume, now);
  children_.renew(child, now);
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
  else if (children_.marked() == 0 && !std::exchange(over_, true))
    children_.tell({.what = step::kind::over, .text = why_});
  return children_.take_steps();
}

void supervision::start_ready_ones(time_point now) {
  const bool one_at_a_time = !begun_ || grouped();
  if (one_at_a_time && children_.marked() > 0)
    return;
  for (auto& each : children_.all()) {
    if (one_at_a_time && children_.starting() > 0)
      return;
    if (each.state != service_state::waiting)
      continue;
    if (each.resume <= now)
      children_.start(each, now);
    else if (grouped())
      return; // those behind it wait for it
  }
}

void supervision::note_begun() {
  if (begun_)
    return;
  const auto all = children_.all();
  begun_ = std::all_of(all.begin(), all.end(), [](const auto& each) { return each.has_run; });
  if (begun_)
    children_.tell({.what = step::kind::all_started});
}

/// It is stopped, as one that is to be restarted or as one that isn't.
void supervision::too_late(supervised_child& which, time_point now) {
  if (which.marked_to_stop)
    return;
  children_.too_late(which, now);
  if (begun_ && which.policy == restart_policy::temporary)
    children_.mark_to_stop(which, false, now);
  else
    fail(which, which.reason, now);
}

/// It has to be started again, or all is over.
void supervision::fail(supervised_child& which, const std::string& why, time_point now) {
  if (ending_)
    return;
  if (!begun_ && !which.has_run) {
    finish('"' + which.name + "\" didn't start: " + why, now);
    return;
  }
  if (!intensity_.add(now)) {
    finish(intensity_.exceeded() + "; the last failure: \"" + which.name + "\": " + why, now);
    return;
  }
  const auto wait = plus(which.backoff.wait_after(++which.short_runs), random_below_(which.backoff.jitter));
  children_.tell(step::kind::restarting, which,
                 (wait.count() > 0 ? "in " + to_text(wait) + ", " : std::string{}) + "restart "
                     + intensity_.last(),
                 wait);
  const auto me = children_.index(which);
  restart_with(strategy_ == restart_strategy::one_for_all ? 0 : me,
               grouped() ? children_.all().size() : me + 1, after(now, wait), now);
}

/// The children from `first` up to `last`, which isn't among them, are taken down, and started at `when`.
void supervision::restart_with(std::size_t first, std::size_t last, time_point when, time_point now) {
  for (auto i = first; i < last; ++i) {
    auto& child = children_.all()[i];
    const bool wanted = child.policy != restart_policy::temporary;
    if (is_alive(child)) {
      children_.mark_to_stop(child, wanted, when);
    } else if (wanted) { // also one that has ended as it should: as in OTP
      children_.restart_at(child, when, now);
    }
  }
}

/// In order, the last first; those that are independent all at once.
void supervision::stop_marked(time_point now) {
  const bool one_at_a_time = ending_ || grouped();
  for (auto i = children_.all().size(); i-- > 0 && children_.marked() > 0;) {
    auto& child = children_.all()[i];
    if (!child.marked_to_stop)
      continue;
    if (child.state != service_state::stopping)
      children_.ask(child, now);
    if (one_at_a_time)
      return;
  }
}

/// All are stopped, and none is started any more.
void supervision::finish(std::string why, time_point now) {
  if (std::exchange(ending_, true))
    return;
  why_ = std::move(why);
  if (!why_.empty())
    children_.tell({.what = step::kind::gave_up, .text = why_});
  for (auto& each : children_.all()) {
    if (is_alive(each)) {
      children_.mark_to_stop(each, false, now);
    } else if (each.state == service_state::waiting) {
      children_.drop(each, now);
    }
  }
}

} // namespace taskactor::detail
