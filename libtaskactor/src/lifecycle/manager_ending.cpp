// How tasks come to their end: cancellation, actors that are down, end states.
#include "lifecycle/manager_actor.hpp"

#include "caf_adapter/compat.hpp"
#include "events/hub.hpp"
#include "lifecycle/manager_core.hpp"
#include "lifecycle/notification_list.hpp"
#include "lifecycle/reports.hpp"
#include "lifecycle/retry_question.hpp"
#include "lifecycle/room.hpp"
#include "lifecycle/task_actor.hpp"
#include "lifecycle/task_extras.hpp"
#include "lifecycle/task_table.hpp"
#include "threads/disposal.hpp"

#include <taskactor/time_span.hpp>

#include <caf/all.hpp>

#include <algorithm>
#include <utility>

namespace taskactor::detail {

namespace {

/// The time of its attempt was up, and what keeps the next one from coming is that it was cancelled
/// meanwhile.
bool lost_its_next_attempt(const record& task) {
  const auto* what = task.failed();
  if (!what || what->reason() != end_reason::run_timeout || task.state.load() != state::cancelling
      || !may_try_again(task, *what))
    return false;
  if ((task.control.load(std::memory_order_acquire) & asking_bit) != 0)
    return true; // its actor may be writing the answer
  const auto& facts = *task.extras;
  return facts.asked_about != facts.attempt || facts.answer.again;
}

} // namespace

void manager_actor::on_cancelled(const end_tasks& asked) {
  for (const auto& task : asked.tasks)
    on_cancel(*task, asked.why);
}

void manager_actor::on_cancel(record& task, end_reason why) {
  if (task.phase == phase::outside)
    take_in(); // the cancellation has overtaken the admission
  if (task.phase == phase::waiting || task.phase == phase::backing_off) {
    end_waiting(task, failure{state::cancelled, why});
    start_ready();
    check_stopped();
  } else if (task.phase == phase::running) {
    signal(task, false);
  } else if ((task.phase == phase::in_grace || task.phase == phase::killed) && task.extras
             && task.extras->retry && task.decided()) {
    end_attempt(task, failure{state::cancelled, why});
    settle_soon();
  } else if (task.phase == phase::asking) {
    end_attempt(task, failure{state::cancelled, why});
    give_up_answer(task);
  }
  arm();
}

void manager_actor::on_strangers_exit(record& task, bool kill) {
  if (home_.table().cancel(task, end_reason::cancel_requested) == cancel_reply::requested)
    on_cancel(task, end_reason::cancel_requested);
  if (kill && task.phase == phase::in_grace) // NOLINT: the message that named it holds a reference
    signal(task, true);
  arm();
}

/// A waiting task ends without ever having had an actor.
void manager_actor::end_waiting(record& task, failure how) {
  const ref<record> keep{&task};
  if (task.phase == phase::backing_off)
    --backing_off_;
  else
    dequeue_task(task);
  deadlines_.remove(task);
  task.reason.store(how.reason(), std::memory_order_relaxed);
  if (task.decide()) {
    task.fail(std::move(how));
    task.deliver();
  }
  return_limits(task, false);
  task.phase = phase::gone;
  discard(task, record::body_part | record::spare_part);
  give_end_state(task, home_.now());
  if (task.kind == record_kind::gather_slot)
    home_.table().gone(task);
  task.on_down();
  leave_child_observer(task);
  succeed(task);
}

/// Asks a running body to end, or kills it: by an exit signal, as any actor (rule 9), which needs no message
/// from here.
void manager_actor::signal(record& task, bool kill) {
  kill = kill || home_.with().cancel_grace.count() == 0;
  task.phase = kill ? phase::killed : phase::in_grace;
  const std::chrono::nanoseconds time = kill ? kill_settle_time : home_.with().cancel_grace;
  due_at(task, after(home_.now(), time), end_reason::none);
  static_cast<task_actor*>(task.actor)->exit_signal(kill);
}

/// What bodies have told: that they lend their token or want one again, that they have ended.
void manager_actor::read_notifications() {
  const auto now = home_.now();
  bool tokens_move = false;
  for (auto* each = home_.notifications().take(); each;) {
    record* next = nullptr;
    const auto what = notification_list::read(*each, next);
    if ((what & record::has_ended) != 0)
      on_down(ref<record>{each}, now);
    else
      settle_token(*each);
    tokens_move = tokens_move || what != record::has_ended;
    each = next;
  }
  if (tokens_move)
    start_ready();
}

/// What it told before comes first: nothing of this attempt may be left for the next one.
void manager_actor::on_attempt_ended(ref<record> task) { // NOLINT: it may be the last reference
  read_notifications();
  on_down(std::move(task), home_.now());
}

/// It runs no more.
void manager_actor::remove_running(record& task) {
  auto last = std::move(running_.back());
  running_.pop_back();
  if (last.get() == &task)
    return;
  last->running_index = task.running_index;
  running_[task.running_index] = std::move(last);
}

void manager_actor::on_down(ref<record> task, time_point now) { // NOLINT: it may be the last reference
  remove_running(*task);
  deadlines_.remove(*task);
  resuming_.remove(*task);
  return_limits(*task, true);
  if (!task->extras || !task->extras->retry)
    finish_down(*task, now);
  else if (!waits_for_answer(*task, now))
    back_off_or_finish(*task, now);
}

/// The caller has a reference.
void manager_actor::finish_down(record& task, time_point now) {
  if (task.overrunning.load(std::memory_order_relaxed))
    end_overrun(task, now);
  task.phase = phase::gone;
  // Not at its end state: a further attempt may be about to begin then, with a copy of it.
  if (task.extras && !task.extras->is_asked)
    discard(task, record::spare_part);
  if (task.decide()) { // the actor was dropped without having run: there is no other way to get here
    task.fail(failure{state::cancelled, task.reason.load()});
    task.deliver();
  }
  const bool lingered = is_final(task.state.load(std::memory_order_relaxed));
  give_end_state(task, now);
  if (lingered || task.kind == record_kind::gather_slot)
    home_.table().gone(task);
  if (auto* const actor = std::exchange(task.actor, nullptr)) // else its last attempt goes on with it
    actor->release();
  task.on_down();
  leave_child_observer(task);
  succeed(task);
  if (task.token.end())
    release(tokens_.put());
  settle_soon();
}

/// Of a task that runs no more: what is the user's is destroyed elsewhere.
void manager_actor::discard(record& task, std::uint8_t parts) {
  const auto users = task.user_parts(parts);
  if (const auto ours = parts & ~users; (ours & record::body_part) != 0)
    if (const auto thrown = task.discard_body())
      detail::report_cleanup_fault(home_, task, thrown);
  if (users != 0)
    home_.disposals().take(task, users);
  else if (task.extras)
    task.drop_spare();
}

/// Nothing of it runs any more.
void manager_actor::leave_child_observer(record& task) {
  if (const auto child_observer = std::exchange(task.belongs_to, {}))
    child_observer->child_gone(task);
}

/// Ends come in bursts. What follows from them is done once for all that have come: the next tasks
/// start in a batch, and who waits for ends is woken once.
void manager_actor::settle_soon() {
  if (!std::exchange(settling_, true))
    post_from(*this, *this, settle_ends{});
}

void manager_actor::settle() {
  settling_ = false;
  start_ready();
  tell_ended();
  home_.room().tell();
  check_stopped();
}

void manager_actor::publish(record& task, state how) {
  if (!task.publish(how))
    return;
  untold_.emplace_back(&task);
  settle_soon();
}

void manager_actor::tell_ended() {
  for (const auto& task : untold_)
    task->tell_listeners();
  untold_.clear();
}

/// Writes the end state, once: when the actor is down, or earlier when the caller is answered at a deadline
/// (rule 8).
void manager_actor::give_end_state(record& task, time_point now) {
  if (is_final(task.state.load(std::memory_order_relaxed)))
    return;
  if (task.kind == record_kind::gather_slot) {
    publish(task, state::completed);
    return;
  }
  if (lost_its_next_attempt(task))
    task.fail(failure{state::cancelled, home_.table().reason(task)});
  task.ended_at.store(now.time_since_epoch().count(), std::memory_order_relaxed);
  const auto* what = task.failed();
  const auto how = what ? what->state() : state::completed;
  task.reason.store(what ? what->reason() : end_reason::none, std::memory_order_relaxed);
  home_.table().end(task, how, now, task.phase != phase::gone);
  settle_soon(); // somebody may wait for room
  report_end(task);
  if (task.belongs_to)
    task.belongs_to->child_ended(task);
  if (task.let_go())
    task.forget_outcome();
  publish(task, how);
}

void manager_actor::report_end(const record& task) {
  const auto* what = task.failed();
  if (!what) {
    if (home_.events().wants(event_kind::completed))
      detail::report(home_, event_kind::completed, task);
    return;
  }
  const auto kind = what->state() == state::failed      ? event_kind::failed
                    : what->state() == state::timed_out ? event_kind::timed_out
                                                        : event_kind::cancelled;
  if (home_.events().wants(kind))
    detail::report(home_, kind, task, task.error_text());
}

} // namespace taskactor::detail
