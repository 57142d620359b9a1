#include "services/child_table.hpp"

#include <taskactor/time_span.hpp>

#include <algorithm>
#include <utility>

namespace taskactor::detail {

namespace {

/// Between the kill and the verdict that it can't be ended: an actor that is killed needs microseconds, a
/// thread as long as what it is blocked in.
constexpr std::chrono::seconds kill_settle_time{1};

} // namespace

void child_table::enter(supervised_child& which, service_state state, time_point now) {
  deadlines_.remove(which);
  if (which.state == service_state::starting)
    --starting_;
  if (state == service_state::starting)
    ++starting_;
  which.state = state;
  which.since = now;
}

void child_table::due_at(supervised_child& which, time_point when) {
  deadlines_.remove(which);
  which.due = when;
  if (when != time_point::max())
    deadlines_.push(which);
}

std::optional<time_point> child_table::due() {
  const auto* first = deadlines_.earliest();
  return first ? std::optional{first->due} : std::nullopt;
}

supervised_child* child_table::next_due(time_point now) {
  auto* const first = deadlines_.earliest();
  if (!first || first->due > now)
    return nullptr;
  deadlines_.remove(*first);
  return first;
}

void child_table::tell(step::kind what, const supervised_child& which, std::string text,
                       std::chrono::nanoseconds time) {
  steps_.push_back({what, index(which), time, std::move(text)});
}

// -- edges ------------------------------------------------------------------

void child_table::start(supervised_child& which, time_point now) {
  enter(which, service_state::starting, now);
  ++which.run;
  which.killed = which.late = false;
  which.running_since = {};
  if (which.ready_within)
    due_at(which, after(now, *which.ready_within));
  tell(step::kind::start, which);
}

void child_table::comes_to_run(supervised_child& which, time_point now) {
  enter(which, service_state::running, now);
  tell(step::kind::running, which);
  which.running_since = now;
  which.has_run = true;
}

void child_table::too_late(supervised_child& which, time_point now) {
  which.late = true;
  which.reason = "not ready within " + to_text(*which.ready_within);
  tell_end(which, true, now);
}

void child_table::end(supervised_child& which, bool failed, time_point now) {
  tell_end(which, failed, now);
  enter(which, service_state::ended, now);
}

void child_table::drop(supervised_child& which, time_point now) {
  enter(which, service_state::ended, now);
  tell(step::kind::changed, which);
}

void child_table::renew(supervised_child& which, time_point now) {
  enter(which, service_state::waiting, now);
  which.resume = now;
  tell(step::kind::changed, which);
}

void child_table::restart_at(supervised_child& which, time_point when, time_point now) {
  const bool changes = which.state != service_state::waiting;
  if (changes)
    enter(which, service_state::waiting, now);
  which.resume = std::max(which.resume, when);
  due_at(which, which.resume);
  if (changes)
    tell(step::kind::changed, which);
}

void child_table::mark_to_stop(supervised_child& which, bool wanted, time_point resume) {
  if (!std::exchange(which.marked_to_stop, true))
    ++marked_;
  which.wanted = wanted;
  which.resume = std::max(which.resume, resume);
}

void child_table::ask(supervised_child& which, time_point now) {
  enter(which, service_state::stopping, now);
  if (which.stop_within.count() == 0) {
    kill(which, now);
    return;
  }
  tell(step::kind::ask, which);
  due_at(which, after(now, which.stop_within));
}

void child_table::kill(supervised_child& which, time_point now) {
  which.killed = true;
  tell(step::kind::kill, which);
  due_at(which, after(now, kill_settle_time));
}

void child_table::tell_end(const supervised_child& which, bool failed, time_point now) {
  const bool ran = which.running_since != time_point{};
  tell(failed ? step::kind::failed : step::kind::ended, which, which.reason,
       ran ? now - which.running_since : std::chrono::nanoseconds{0});
}

void child_table::gone(supervised_child& which, bool again, time_point now) {
  which.marked_to_stop = false;
  --marked_;
  enter(which, again ? service_state::waiting : service_state::ended, now);
  if (again)
    due_at(which, which.resume);
  tell(step::kind::changed, which);
}

} // namespace taskactor::detail
