#include "lifecycle/task_termination.hpp"

#include "lifecycle/end_states.hpp"
#include "lifecycle/manager_core.hpp"
#include "lifecycle/reports.hpp"
#include "lifecycle/retry_decisions.hpp"
#include "lifecycle/task_actor.hpp"
#include "lifecycle/task_deadlines.hpp"
#include "lifecycle/task_extras.hpp"
#include "lifecycle/total_end.hpp"

#include <taskactor/time_span.hpp>

#include <caf/all.hpp>

#include <utility>

namespace taskactor::detail {

namespace {

/// `record::decide` in place of the body, whose actor may just be looking how it has ended.
bool answer(record& task) noexcept {
  auto control = task.control.load(std::memory_order_acquire);
  while ((control & record::decided_bit) == 0)
    if (task.control.compare_exchange_weak(control, control | record::decided_bit | answered_bit,
                                           std::memory_order_acq_rel))
      return true;
  return false;
}

/// Takes an outcome that is there, while its actor says by `when` that it doesn't look at it.
bool take_written(record& task, std::uint64_t when) noexcept {
  auto control = task.control.load(std::memory_order_acquire);
  while ((control & when) != 0)
    if (task.control.compare_exchange_weak(control, control | answered_bit, std::memory_order_acq_rel))
      return true;
  return false;
}

} // namespace

void begin_overrun(manager_core& home, record& task, time_point now) noexcept {
  if (task.overrunning.exchange(true))
    return;
  if (task.kind == record_kind::gather_slot)
    task.ended_at.store(now.time_since_epoch().count(), std::memory_order_relaxed);
  home.overruns.begin();
}

/// By an exit signal, as any actor (rule 9), which needs no message from here.
void task_termination::signal(record& task, bool kill) {
  kill = kill || home_.with().cancel_grace.count() == 0;
  task.phase = kill ? phase::killed : phase::in_grace;
  const std::chrono::nanoseconds time = kill ? kill_settle_time : home_.with().cancel_grace;
  deadlines_.set(task, after(home_.now(), time), end_reason::none);
  static_cast<task_actor*>(task.actor)->exit_signal(kill);
}

/// Rule 8: the caller is answered at the deadline; then the body is asked to end, and keeps its token until
/// it has.
void task_termination::on_run_due(record& task, time_point now) {
  if (task.kind == record_kind::gather_slot) {
    const auto verdict = task.review(now);
    if (verdict.expired) {
      begin_overrun(home_, task, now);
      signal(task, false);
    } else if (verdict.next != time_point::max())
      deadlines_.set(task, verdict.next, end_reason::run_timeout);
    return;
  }
  if (on_deadline(task.state.load(), true, !answer(task)) == deadline_step::ignore) {
    on_ended_due(task, now);
    return;
  }
  const auto limit = task.due_reason == end_reason::run_timeout ? task.timeout : task.total_timeout;
  task.fail(failure{state::timed_out, task.due_reason, limit});
  const bool asks = retries_.has_to_ask(task);
  if (asks)
    retries_.ask_once(task);
  const bool last
      = !asks && !retries_.wait_before_retry(task); // otherwise the caller is answered by a later attempt
  if (last)
    answer_and_overrun(task, now);
  signal(task, false);
  const auto whole_end = total_end(task);
  if (last || task.phase != phase::in_grace || whole_end >= task.due)
    return;
  task.extras->grace_end = task.due; // no later attempt can answer by then
  deadlines_.set(task, whole_end, end_reason::total_timeout);
}

/// The body has ended first: its monitor tells, in a moment; unless a `retry_on` takes its time over that.
void task_termination::on_ended_due(record& task, time_point now) {
  if (!task.extras || !task.extras->retry || !task.decided())
    return;
  if (!std::exchange(task.extras->overdue, true) || !take_written(task, asking_bit)) {
    deadlines_.set(task, after(now, kill_settle_time), task.due_reason);
    return;
  }
  answer_and_overrun(task, now);
  signal(task, false);
}

void task_termination::on_grace_due(record& task, time_point now) {
  if (task.due_reason == end_reason::total_timeout) {
    end_attempt(task, failure{state::timed_out, end_reason::total_timeout, task.total_timeout});
    deadlines_.set(task, task.extras->grace_end, end_reason::none);
    return;
  }
  switch (on_grace_over(task.phase == phase::killed, task.phase == phase::overrun)) {
  case grace_step::kill:
    signal(task, true);
    break;
  case grace_step::leave_behind:
    if (!asks_to_leave(task, now))
      leave_behind(task);
    break;
  case grace_step::ignore:
    break;
  }
}

void task_termination::end_attempt(record& task, failure how) {
  if (is_final(task.state.load()))
    return;
  task.fail(std::move(how));
  answer_and_overrun(task, home_.now());
}

/// What is left of an attempt (a thread in a call) keeps its actor and its tokens; the next one has its own.
bool task_termination::asks_to_leave(record& task, time_point now) {
  if (!task.extras || !task.extras->retry || std::exchange(task.extras->leaves, true)
      || !retries_.wait_before_retry(task))
    return false;
  deadlines_.set(task, after(now, kill_settle_time), end_reason::none);
  static_cast<task_actor*>(task.actor)->leave_attempt();
  return true;
}

/// What can't be killed (a thread in a call, a coroutine that never awaits) is answered for, and keeps its
/// token.
void task_termination::leave_behind(record& task) {
  task.control.fetch_and(~leave_bit, std::memory_order_acq_rel);
  if (task.kind == record_kind::gather_slot) {
    task.leave_item(failure{state::cancelled, task.reason.load()});
  } else if (answer(task)) {
    task.fail(failure{state::cancelled, task.reason.load()});
    task.deliver();
  } else if (!is_final(task.state.load()) && !take_written(task, parked_bit)) {
    deadlines_.set(task, after(home_.now(), kill_settle_time),
                   end_reason::none); // its outcome is just being written
    return;
  }
  task.phase = phase::overrun;
  answer_and_overrun(task, home_.now());
  home_.overruns.left_behind();
  report(home_, event_kind::overrun, task);
  if (task.belongs_to)
    task.belongs_to->child_left_behind(task);
}

void task_termination::answer_and_overrun(record& task, time_point now) {
  ends_.give(task, now);
  begin_overrun(home_, task, now);
}

} // namespace taskactor::detail
