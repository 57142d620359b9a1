// The manager's clock: deadlines, graces, and the stages of a shutdown.
#include "lifecycle/manager_actor.hpp"

#include "caf_adapter/compat.hpp"
#include "lifecycle/batch_book.hpp"
#include "lifecycle/manager_core.hpp"
#include "lifecycle/reports.hpp"
#include "lifecycle/task_actor.hpp"
#include "lifecycle/task_extras.hpp"
#include "lifecycle/task_table.hpp"

#include <taskactor/time_span.hpp>

#include <caf/all.hpp>

#include <algorithm>
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

failure waited_too_long(const record& task) {
  const auto limit = task.due_reason == end_reason::queue_timeout ? task.queue_timeout : task.total_timeout;
  return failure{state::timed_out, task.due_reason, limit};
}

void manager_actor::on_alarm(time_point rung) {
  alarm_.rang(rung);
  const auto now = home_.now();
  while (auto* task = deadlines_.earliest()) {
    if (task->due > now)
      break;
    deadlines_.remove(*task);
    on_due(*task, now);
  }
  if (stage_due_ <= now)
    next_stage();
  start_ready();
  arm();
}

void manager_actor::on_due(record& task, time_point now) {
  switch (task.phase) {
  case phase::waiting:
    end_waiting(task, waited_too_long(task));
    check_stopped();
    break;
  case phase::backing_off:
    --backing_off_;
    task.waits_since = now;
    enqueue_task(ref<record>{&task});
    break;
  case phase::running:
    on_run_due(task, now);
    break;
  case phase::in_grace:
  case phase::killed:
    on_grace_due(task, now);
    break;
  case phase::asking:
    give_up_answer(task);
    break;
  default:
    break;
  }
}

/// Rule 8: the caller is answered at the deadline; then the body is asked to end, and keeps its token until
/// it has.
void manager_actor::on_run_due(record& task, time_point now) {
  if (task.kind == record_kind::gather_slot) {
    const auto verdict = task.review(now);
    if (verdict.expired) {
      begin_overrun(task, now);
      signal(task, false);
    } else if (verdict.next != time_point::max())
      due_at(task, verdict.next, end_reason::run_timeout);
    return;
  }
  if (on_deadline(task.state.load(), true, !answer(task)) == deadline_step::ignore) {
    on_ended_due(task, now);
    return;
  }
  const auto limit = task.due_reason == end_reason::run_timeout ? task.timeout : task.total_timeout;
  task.fail(failure{state::timed_out, task.due_reason, limit});
  const bool asks = has_to_ask(task);
  if (asks)
    ask_about(task);
  const bool last = !asks && !wait_before_retry(task); // otherwise the caller is answered by a later attempt
  if (last) {
    give_end_state(task, now);
    begin_overrun(task, now);
  }
  signal(task, false);
  const auto total_end = after(task.submitted, task.total_timeout);
  if (last || task.phase != phase::in_grace || total_end >= task.due)
    return;
  task.extras->grace_end = task.due; // no later attempt can answer by then
  due_at(task, total_end, end_reason::total_timeout);
}

/// The body has ended first: its monitor tells, in a moment; unless a `retry_on` takes its time over that.
void manager_actor::on_ended_due(record& task, time_point now) {
  if (!task.extras || !task.extras->retry || !task.decided())
    return;
  if (!std::exchange(task.extras->overdue, true) || !take_written(task, asking_bit)) {
    due_at(task, after(now, kill_settle_time), task.due_reason);
    return;
  }
  give_end_state(task, now);
  begin_overrun(task, now);
  signal(task, false);
}

void manager_actor::on_grace_due(record& task, time_point now) {
  if (task.due_reason == end_reason::total_timeout) {
    end_attempt(task, failure{state::timed_out, end_reason::total_timeout, task.total_timeout});
    due_at(task, task.extras->grace_end, end_reason::none);
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

/// An attempt whose time was up still runs: its task ends now, and has no other.
void manager_actor::end_attempt(record& task, failure how) {
  if (is_final(task.state.load()))
    return;
  task.fail(std::move(how));
  const auto now = home_.now();
  give_end_state(task, now);
  begin_overrun(task, now);
}

/// What can't be killed (a thread in a call, a coroutine that never awaits) is answered for, and keeps its
/// token.
void manager_actor::leave_behind(record& task) {
  task.control.fetch_and(~leave_bit, std::memory_order_acq_rel);
  if (task.kind == record_kind::gather_slot) {
    task.leave_item(failure{state::cancelled, task.reason.load()});
  } else if (answer(task)) {
    task.fail(failure{state::cancelled, task.reason.load()});
    task.deliver();
  } else if (!is_final(task.state.load()) && !take_written(task, parked_bit)) {
    due_at(task, after(home_.now(), kill_settle_time), end_reason::none); // its outcome is just being written
    return;
  }
  task.phase = phase::overrun;
  const auto now = home_.now();
  give_end_state(task, now);
  begin_overrun(task, now);
  home_.overruns.fetch_add(1, std::memory_order_relaxed);
  home_.young_overruns.fetch_sub(1, std::memory_order_relaxed);
  detail::report(home_, event_kind::overrun, task);
  if (task.belongs_to)
    task.belongs_to->child_left_behind(task);
}

/// Its outcome is given, and it still runs (rule 8).
void manager_actor::begin_overrun(record& task, time_point now) {
  if (task.overrunning.exchange(true))
    return;
  if (task.kind == record_kind::gather_slot)
    task.ended_at.store(now.time_since_epoch().count(), std::memory_order_relaxed);
  home_.young_overruns.fetch_add(1, std::memory_order_relaxed);
  home_.overrunning.fetch_add(1, std::memory_order_relaxed);
}

/// It runs no more. What was gone at once, as a parked body is, is forgotten.
void manager_actor::end_overrun(record& task, time_point now) {
  constexpr std::chrono::milliseconds at_once{50};
  task.overrunning = false;
  home_.overrunning.fetch_sub(1, std::memory_order_relaxed);
  if (task.phase == phase::overrun)
    return; // counted when it was left behind
  const time_point answered{clock::duration{task.ended_at.load(std::memory_order_relaxed)}};
  if (now - answered > at_once)
    home_.overruns.fetch_add(1, std::memory_order_relaxed);
  home_.young_overruns.fetch_sub(1, std::memory_order_relaxed);
}

void manager_actor::due_at(record& task, time_point when, end_reason why) {
  deadlines_.remove(task);
  task.due = when;
  task.due_reason = why;
  deadlines_.push(task);
}

void manager_actor::arm() {
  if (alarm_.serves(std::min(deadlines_.not_before(), stage_due_)))
    return;
  const auto* first = deadlines_.earliest();
  const auto due = std::min(first ? first->due : time_point::max(), stage_due_);
  if (due == time_point::max())
    return;
  if (const auto at = alarm_.arm(due, [this] { return home_.now(); }))
    post_at(system().clock(), *at, ctrl(), alarm_rang{*at});
}

void manager_actor::on_stop(const shutdown_options& bounds) {
  if (stage_ == shutdown_stage::over)
    return;
  take_in();
  if (stage_ == shutdown_stage::open) {
    bounds_ = bounds;
    next_stage();
  } else { // a later call hurries it up
    bounds_.drain = std::min(bounds_.drain, bounds.drain);
    bounds_.cancel = std::min(bounds_.cancel, bounds.cancel);
    bounds_.kill = std::min(bounds_.kill, bounds.kill);
    const auto own = stage_ == shutdown_stage::draining     ? bounds.drain
                     : stage_ == shutdown_stage::cancelling ? bounds.cancel
                                                            : bounds.kill;
    stage_due_ = std::min(stage_due_, after(home_.now(), own));
    if (stage_due_ <= home_.now())
      next_stage();
  }
  check_stopped();
  arm();
}

void manager_actor::next_stage() {
  const auto now = home_.now();
  do {
    switch (stage_) {
    case shutdown_stage::open:
      stage_ = shutdown_stage::draining;
      stage_due_ = after(now, bounds_.drain);
      break;
    case shutdown_stage::draining:
      stage_ = shutdown_stage::cancelling;
      stage_due_ = after(now, bounds_.cancel);
      home_.table().close(task_table::taken::nested);
      cancel_all(end_reason::shutdown, false);
      break;
    case shutdown_stage::cancelling:
      stage_ = shutdown_stage::killing;
      stage_due_ = after(now, bounds_.kill);
      home_.table().close(task_table::taken::none);
      cancel_all(end_reason::shutdown, true);
      for (const auto& task : running_)
        if (task->phase == phase::running || task->phase == phase::in_grace)
          signal(*task, true);
      break;
    default:
      stage_ = shutdown_stage::over;
      stage_due_ = time_point::max();
      check_stopped();
      return;
    }
  } while (stage_due_ <= now);
}

/// What is behind a shield its parent cancels, or the kill.
void manager_actor::cancel_all(end_reason why, bool also_shielded) {
  take_in();
  home_.batches().close_all(why, also_shielded);
  for (const auto& task : home_.table().live())
    if ((also_shielded || !task->shielded) && home_.table().cancel(*task, why) == cancel_reply::requested)
      on_cancel(*task, why);
}

void manager_actor::check_stopped() {
  if (stage_ == shutdown_stage::open)
    return;
  take_in(); // a slot that went down may have left another one
  if (stage_ != shutdown_stage::over && (home_.table().size() != 0 || somebody_waits() || !running_.empty()))
    return;
  shutdown_report report = home_.table().ended_since_close();
  for (const auto& task : running_)
    report.not_ended.push_back(task->current_id());
  stage_ = shutdown_stage::over;
  stage_due_ = time_point::max();
  tell_ended();
  home_.shut_down(std::move(report));
}

} // namespace taskactor::detail
