// How tasks come to their end: cancellation, actors that are down, end states.
#include "manager_actor.hpp"

#include "runtime.hpp"
#include "special.hpp"
#include "task_actor.hpp"

#include <taskactor/task/time_span.hpp>

#include <caf/all.hpp>

#include <algorithm>
#include <utility>

namespace taskactor::detail {

namespace {

/// Between a kill and the verdict that the work can't be ended: a parked body dies in microseconds.
constexpr std::chrono::milliseconds kill_settle_time{50};

/// Of a run that has ended by itself, or because somebody has asked; not of one whose deadline has come.
conduct conduct_of(const record& task) {
  if (is_final(task.state.load(std::memory_order_relaxed)))
    return conduct::neither; // answered already: its outcome is the handles'
  const auto* what = task.failed();
  if (!task.decided() || (what && what->state() != state::failed))
    return conduct::neither;
  const auto& facts = *task.special;
  return facts.in_worker && facts.worker_kills != facts.kills_before ? conduct::bad : conduct::clean;
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
  } else if ((task.phase == phase::in_grace || task.phase == phase::killed) && task.special
             && task.special->retry && task.decided()) {
    end_attempt(task, failure{state::cancelled, why});
    settle_soon();
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
    leave_line(task);
  deadlines_.remove(task);
  task.reason.store(how.reason(), std::memory_order_relaxed);
  if (task.decide()) {
    task.fail(std::move(how));
    task.deliver();
  }
  if (const auto thrown = task.discard_body())
    home_.report_cleanup_fault(task, thrown);
  return_limits(task, false);
  if (task.special)
    task.drop_spare();
  task.phase = phase::gone;
  give_end_state(task, home_.now());
  if (task.kind == record_kind::lane)
    home_.table().gone(task);
  task.on_down();
  leave_nursery(task);
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
void manager_actor::read_news() {
  const auto now = home_.now();
  bool tokens_move = false;
  for (auto* each = home_.news().take(); each;) {
    record* next = nullptr;
    const auto what = body_news::read(*each, next);
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
  read_news();
  on_down(std::move(task), home_.now());
}

/// It runs no more.
void manager_actor::stand_up(record& task) {
  auto last = std::move(running_.back());
  running_.pop_back();
  if (last.get() == &task)
    return;
  last->seat = task.seat;
  running_[task.seat] = std::move(last);
}

void manager_actor::on_down(ref<record> task, time_point now) { // NOLINT: it may be the last reference
  stand_up(*task);
  deadlines_.remove(*task);
  resuming_.remove(*task);
  return_limits(*task, true);
  if (task->special && task->special->function)
    judge(*task, conduct_of(*task));
  if (task->special && task->special->retry && back_off(*task))
    return;
  if (task->special)
    task->drop_spare(); // not at its end state: a further attempt may be about to begin then, with a copy of
                        // it
  if (task->overrunning.load(std::memory_order_relaxed))
    end_overrun(*task, now);
  task->phase = phase::gone;
  if (task->decide()) { // the actor was dropped without having run: there is no other way to get here
    task->fail(failure{state::cancelled, task->reason.load()});
    task->deliver();
  }
  const bool lingered = is_final(task->state.load(std::memory_order_relaxed));
  give_end_state(*task, now);
  if (lingered || task->kind == record_kind::lane)
    home_.table().gone(*task);
  std::exchange(task->actor, nullptr)->release();
  task->on_down();
  leave_nursery(*task);
  succeed(*task);
  if (task->token.end())
    release(tokens_.put());
  settle_soon();
}

/// How long to wait for another attempt; empty: its failure is final.
std::optional<std::chrono::nanoseconds> manager_actor::wait_before_retry(const record& task) const {
  if (!task.special || !task.special->retry || stage_ >= stage::cancelling)
    return {};
  if (task.state.load(std::memory_order_acquire) != state::running)
    return {}; // asked to end; or answered at a deadline, so that a handle may be dropping the outcome just
               // now
  const auto& how = *task.special->retry;
  const auto* what = task.failed();
  const auto attempt = task.special->attempt.load();
  const bool timed_out = what && what->reason() == end_reason::run_timeout;
  if (!what || (what->state() != state::failed && !timed_out) || attempt >= how.max_attempts
      || task.special->forbidden)
    return {};
  if (std::exchange(task.special->asked_about, attempt) != attempt) // looked at twice, when its time was up
    task.special->next_wait = ask_retry(task, *what);
  const auto wait = task.special->next_wait;
  if (!wait
      || (task.total_timeout != no_timeout
          && after(home_.now(), *wait) >= after(task.submitted, task.total_timeout)))
    return {};
  return wait;
}

/// What its options say of this failure, asked once. `retry_on` is the user's: when it throws, there is no
/// answer, and no further attempt.
std::optional<std::chrono::nanoseconds> manager_actor::ask_retry(const record& task,
                                                                 const failure& what) const {
  const auto& how = *task.special->retry;
  try {
    if (what.cause())
      std::rethrow_exception(what.cause());
  } catch (const retry_requested& asked) {
    return std::max(asked.wait(), std::chrono::nanoseconds{0});
  } catch (...) { // NOLINT: any other failure
  }
  try {
    if (how.retry_on && !how.retry_on(what))
      return {};
  } catch (...) {
    home_.report_cleanup_fault(task, std::current_exception());
    return {};
  }
  return plus(how.wait_after(task.special->attempt.load()), home_.random_below(how.jitter));
}

/// True: the attempt has failed, and there will be another one. All of this one is gone.
bool manager_actor::back_off(record& task) {
  constexpr std::size_t kept = 16;
  if (!task.decided())
    return false;
  const auto wait = wait_before_retry(task);
  auto expected = state::running;
  if (!wait || !task.state.compare_exchange_strong(expected, state::queued))
    return false;
  auto& special = *task.special;
  const auto now = home_.now();
  const auto text = "attempt " + std::to_string(special.attempt) + " of "
                    + std::to_string(special.retry->max_attempts) + ' ' + task.failed()->message()
                    + "; the next in " + to_text(*wait);
  {
    const std::lock_guard lock{special.mutex};
    if (special.attempts.size() == kept)
      special.attempts.erase(special.attempts.begin());
    special.attempts.push_back(
        {time_point{clock::duration{task.started_at.load()}}, now, task.failed()->message()});
    special.next_attempt = after(now, *wait);
  }
  home_.report(event_kind::retrying, task, text);
  special.attempt.fetch_add(1);
  special.judged = false;
  task.drop_outcome();
  task.control.store(0, std::memory_order_release);
  task.deadline_at.store(clock::duration::max().count(), std::memory_order_relaxed);
  if (task.token.end())
    release(tokens_.put());
  forget_actor(task);
  task.phase = phase::backing_off;
  ++backing_off_;
  due_at(task, after(now, *wait), end_reason::none);
  settle_soon();
  arm();
  return true;
}

/// What its function learns from this run, once.
void manager_actor::judge(record& task, conduct how) {
  if (!task.special || !task.special->function || std::exchange(task.special->judged, true))
    return;
  auto& facts = *task.special;
  const auto now = home_.now();
  const auto ran = now - time_point{clock::duration{task.started_at.load(std::memory_order_relaxed)}};
  auto moved = facts.function->note(how, facts.in_worker, home_.with().isolation, ran);
  if (!moved || !home_.events().wants(moved->kind))
    return;
  moved->at = now;
  home_.events().emit(*moved);
}

/// Nothing of it runs any more.
void manager_actor::leave_nursery(record& task) {
  if (const auto nursery = std::exchange(task.belongs_to, {}))
    nursery->child_gone(task);
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
  home_.tell_room();
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
  if (task.kind == record_kind::lane) {
    publish(task, state::completed);
    return;
  }
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
    home_.report(event_kind::completed, task);
    return;
  }
  const auto kind = what->state() == state::failed      ? event_kind::failed
                    : what->state() == state::timed_out ? event_kind::timed_out
                                                        : event_kind::cancelled;
  if (home_.events().wants(kind))
    home_.report(kind, task, what->message());
}

} // namespace taskactor::detail
