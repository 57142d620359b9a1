#include "manager_actor.hpp"

#include "runtime.hpp"
#include "task_actor.hpp"

#include <taskactor/task/sleep.hpp>

#include <caf/all.hpp>

#include <algorithm>
#include <utility>
#include <vector>

namespace taskactor::detail {

namespace {

/// Between a kill and the verdict that the work can't be ended: a parked body dies in microseconds.
constexpr std::chrono::milliseconds kill_settle_time{50};

failure waited_too_long(const record& task) {
  const auto limit = task.due_reason == end_reason::queue_timeout ? task.queue_timeout : task.total_timeout;
  return failure{state::timed_out, task.due_reason, limit};
}

} // namespace

manager_actor::manager_actor(caf::actor_config& config, runtime& home, caf::actor limiter)
  : event_based_actor(config), home_(home), limiter_(std::move(limiter)) {
  running_.reserve(256);
  set_down_handler([this](caf::down_msg& down) { on_down(down.source.id()); });
}

caf::behavior manager_actor::make_behavior() {
  return {
    [this](const work_admitted&) { take_in(); },
    [this](const end_task& asked) { on_cancel(*asked.task, asked.why); },
    [this](const exit_received& exit) { on_exit(*exit.task, exit.kill); },
    [this](const token_returned&) { lend_back(); },
    [this](const reclaim& wish) { want_back(wish.task); },
    [this](const tokens_granted& got) {
      release(tokens_.granted(got.count));
      start_ready();
    },
    [this](const tokens_recalled& owed) { release(tokens_.recalled(owed.count)); },
    [this](const alarm_rang& alarm) { on_alarm(alarm.due); },
    [this](const detail::stop& order) { on_stop(order.bounds); },
  };
}

// -- starting ----------------------------------------------------------------------------------------------------------

void manager_actor::take_in() {
  fifo<record> incoming;
  home_.table().take_incoming(incoming);
  while (auto task = incoming.pop())
    enqueue(std::move(task));
  start_ready();
  arm();
}

void manager_actor::enqueue(ref<record> task) {
  task->phase = phase::waiting;
  const auto queue_end = after(task->submitted, task->queue_timeout);
  const auto total_end = after(task->submitted, task->total_timeout);
  if (std::min(queue_end, total_end) != time_point::max())
    due_at(*task, std::min(queue_end, total_end),
           queue_end < total_end ? end_reason::queue_timeout : end_reason::total_timeout);
  (task->nested ? nested_ : waiting_).push(std::move(task));
}

fifo<record>* manager_actor::next_list() noexcept {
  for (auto* list : {&resuming_, &nested_, &waiting_})
    if (!list->empty())
      return list;
  return nullptr;
}

void manager_actor::start_ready() {
  while (auto* list = next_list()) {
    if (!tokens_.take())
      break;
    auto next = list->pop();
    if (list == &resuming_) {
      next->token.store(true, std::memory_order_release);
      next->actor->wake();
    } else {
      start(std::move(next));
    }
  }
  const auto wanting = resuming_.size() + nested_.size() + waiting_.size();
  if (const auto count = tokens_.ask(wanting))
    send(limiter_, acquire_tokens{count});
  home_.waiting.store(wanting, std::memory_order_relaxed);
  home_.running.store(running_.size(), std::memory_order_relaxed);
  home_.tokens_used.store(tokens_.used(), std::memory_order_relaxed);
  arm();
}

void manager_actor::start(ref<record> task) {
  deadlines_.remove(*task);
  const auto now = home_.now();
  if (auto why = refused_start(*task, now)) {
    release(tokens_.put());
    end_waiting(*task, std::move(*why));
    return;
  }
  task->token.store(true, std::memory_order_relaxed);
  task->phase = phase::running;
  task->started_at.store(now.time_since_epoch().count(), std::memory_order_relaxed);
  const auto run_end = after(now, task->timeout);
  const auto total_end = after(task->submitted, task->total_timeout);
  const auto end = std::min(run_end, total_end);
  if (end != time_point::max())
    due_at(*task, end, run_end <= total_end ? end_reason::run_timeout : end_reason::total_timeout);
  if (task->kind == record_kind::task) {
    task->deadline_at.store(end.time_since_epoch().count(), std::memory_order_relaxed);
    home_.report(event_kind::started, *task);
  }
  spawn_body(*task);
}

/// Why a task that has its token doesn't start: its time is up (zero has expired: rule 7), or it was cancelled first
/// (rule 9).
std::optional<failure> manager_actor::refused_start(record& task, time_point now) {
  if (task.due != time_point{} && task.due <= now)
    return waited_too_long(task);
  if (task.kind == record_kind::task && task.timeout.count() == 0)
    return failure{state::timed_out, end_reason::run_timeout};
  auto expected = state::queued;
  if (on_token(task.state.load(std::memory_order_acquire)) == token_step::skip
      || !task.state.compare_exchange_strong(expected, state::running, std::memory_order_acq_rel))
    return failure{state::cancelled, task.reason.load()};
  return {};
}

void manager_actor::spawn_body(record& task) {
  caf::actor_config config{context()};
  auto actor = caf::make_actor<task_actor, caf::strong_actor_ptr>(system().next_actor_id(), system().node(), &system(),
                                                                  config, ref<record>{&task});
  auto* body = static_cast<task_actor*>(actor->get());
  task.actor = body;
  running_.emplace(actor->id(), ref<record>{&task});
  body->retain(); // the manager's reference, until the down message
  monitor(caf::actor_cast<caf::actor_addr>(actor));
  context()->exec_later(body);
  actor.detach(); // the scheduler's reference is the creation reference
}

/// The task's own flag is cleared already, and its down message comes after this one: the token comes back once.
void manager_actor::lend_back() {
  release(tokens_.put());
  start_ready();
}

void manager_actor::want_back(ref<record> task) {
  if (task->phase == phase::gone)
    return;
  resuming_.push(std::move(task));
  start_ready();
}

void manager_actor::release(std::size_t count) {
  if (count != 0)
    send(limiter_, release_tokens{count});
}

// -- ending ------------------------------------------------------------------------------------------------------------

void manager_actor::on_cancel(record& task, end_reason why) {
  if (task.phase == phase::outside)
    take_in(); // the cancellation has overtaken the admission
  if (task.phase == phase::waiting) {
    end_waiting(task, failure{state::cancelled, why});
    start_ready();
    check_stopped();
  } else if (task.phase == phase::running) {
    signal(task, false);
  }
  arm();
}

void manager_actor::on_exit(record& task, bool kill) {
  if (home_.table().cancel(task, end_reason::cancel_requested) == cancel_reply::requested)
    on_cancel(task, end_reason::cancel_requested);
  if (kill && task.phase == phase::in_grace)
    signal(task, true);
  arm();
}

/// A waiting task ends without ever having had an actor.
void manager_actor::end_waiting(record& task, failure how) {
  const ref<record> keep{&task};
  for (auto* list : {&nested_, &waiting_})
    list->remove(task);
  deadlines_.remove(task);
  task.reason.store(how.reason(), std::memory_order_relaxed);
  if (task.decide()) {
    task.fail(std::move(how));
    task.deliver();
  }
  if (const auto thrown = task.discard_body())
    home_.report_cleanup_fault(task, thrown);
  task.phase = phase::gone;
  give_end_state(task);
  if (task.kind == record_kind::lane)
    home_.table().gone(task);
  task.on_down();
}

/// Asks a running body to end, or kills it: by an exit message, as any actor (rule 9).
void manager_actor::signal(record& task, bool kill) {
  kill = kill || home_.with().cancel_grace.count() == 0;
  task.phase = kill ? phase::killed : phase::in_grace;
  const std::chrono::nanoseconds time = kill ? kill_settle_time : home_.with().cancel_grace;
  due_at(task, after(home_.now(), time), end_reason::none);
  auto* body = static_cast<task_actor*>(task.actor);
  body->eq_impl(caf::make_message_id(), ctrl(), context(),
                caf::exit_msg{address(), kill ? caf::exit_reason::kill : caf::exit_reason::user_shutdown});
}

void manager_actor::on_down(caf::actor_id who) {
  const auto found = running_.find(who);
  if (found == running_.end())
    return; // a stranger's message: only our own actors are in the table
  const auto task = std::move(found->second);
  running_.erase(found);
  deadlines_.remove(*task);
  resuming_.remove(*task);
  task->phase = phase::gone;
  if (task->decide()) { // the actor was dropped without having run: there is no other way to get here
    task->fail(failure{state::cancelled, task->reason.load()});
    task->deliver();
  }
  give_end_state(*task);
  if (task->overrunning.exchange(false))
    home_.overrunning.fetch_sub(1, std::memory_order_relaxed);
  home_.table().gone(*task);
  std::exchange(task->actor, nullptr)->release();
  task->on_down();
  if (task->token.exchange(false))
    release(tokens_.put());
  start_ready();
  check_stopped();
}

/// Writes the end state, once: when the actor is down, or earlier when the caller is answered at a deadline (rule 8).
void manager_actor::give_end_state(record& task) {
  if (is_final(task.state.load(std::memory_order_relaxed)))
    return;
  if (task.kind == record_kind::lane) {
    task.publish(state::completed);
    return;
  }
  const auto now = home_.now();
  task.ended_at.store(now.time_since_epoch().count(), std::memory_order_relaxed);
  const auto* what = task.failed();
  const auto how = what ? what->state() : state::completed;
  task.reason.store(what ? what->reason() : end_reason::none, std::memory_order_relaxed);
  home_.table().end(task, how, now, task.phase != phase::gone);
  report_end(task);
  const bool unseen = !task.has_handles();
  if (unseen && how == state::failed)
    home_.report_unobserved(task);
  task.publish(how);
  if (unseen && !task.has_handles())
    task.drop_outcome();
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

// -- time --------------------------------------------------------------------------------------------------------------

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
    case phase::running: on_run_due(task, now); break;
    case phase::in_grace:
    case phase::killed: on_grace_due(task, now); break;
    default: break;
  }
}

/// Rule 8: the caller is answered at the deadline; then the body is asked to end, and keeps its token until it has.
void manager_actor::on_run_due(record& task, time_point now) {
  if (task.kind == record_kind::lane) {
    const auto verdict = task.review(now);
    if (verdict.expired)
      signal(task, false);
    else if (verdict.next != time_point::max())
      due_at(task, verdict.next, end_reason::run_timeout);
    return;
  }
  if (on_deadline(task.state.load(), true, !task.decide()) == deadline_step::ignore)
    return; // the body has ended first: its down message is on its way
  const auto limit = task.due_reason == end_reason::run_timeout ? task.timeout : task.total_timeout;
  task.fail(failure{state::timed_out, task.due_reason, limit});
  give_end_state(task);
  signal(task, false);
}

void manager_actor::on_grace_due(record& task, time_point) {
  switch (on_grace_over(task.phase == phase::killed, task.phase == phase::overrun)) {
    case grace_step::kill: signal(task, true); break;
    case grace_step::leave_behind: leave_behind(task); break;
    case grace_step::ignore: break;
  }
}

/// What can't be killed (a thread in a call, a coroutine that never awaits) is answered for, and keeps its token.
void manager_actor::leave_behind(record& task) {
  task.phase = phase::overrun;
  if (task.decide()) {
    task.fail(failure{state::cancelled, task.reason.load()});
    task.deliver();
  }
  task.overrunning = true;
  give_end_state(task);
  home_.overruns.fetch_add(1, std::memory_order_relaxed);
  home_.overrunning.fetch_add(1, std::memory_order_relaxed);
  home_.report(event_kind::overrun, task);
}

void manager_actor::due_at(record& task, time_point when, end_reason why) {
  deadlines_.remove(task);
  task.due = when;
  task.due_reason = why;
  deadlines_.push(task);
}

void manager_actor::arm() {
  const auto* first = deadlines_.earliest();
  const auto due = std::min(first ? first->due : time_point::max(), stage_due_);
  if (due == time_point::max())
    return;
  if (const auto at = alarm_.arm(due, [this] { return home_.now(); }))
    system().clock().schedule_message(
      *at, ctrl(), caf::make_mailbox_element(nullptr, caf::make_message_id(), {}, alarm_rang{*at}));
}

// -- shutdown ----------------------------------------------------------------------------------------------------------

void manager_actor::on_stop(const shutdown_options& bounds) {
  if (stage_ == stage::over)
    return;
  take_in();
  if (stage_ == stage::open) {
    bounds_ = bounds;
    next_stage();
  } else { // a later call hurries it up
    bounds_.drain = std::min(bounds_.drain, bounds.drain);
    bounds_.cancel = std::min(bounds_.cancel, bounds.cancel);
    bounds_.kill = std::min(bounds_.kill, bounds.kill);
    const auto own = stage_ == stage::draining     ? bounds.drain
                     : stage_ == stage::cancelling ? bounds.cancel
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
      case stage::open:
        stage_ = stage::draining;
        stage_due_ = after(now, bounds_.drain);
        break;
      case stage::draining:
        stage_ = stage::cancelling;
        stage_due_ = after(now, bounds_.cancel);
        home_.table().close(true);
        cancel_all(end_reason::shutdown);
        break;
      case stage::cancelling:
        stage_ = stage::killing;
        stage_due_ = after(now, bounds_.kill);
        for (auto& [id, task] : running_)
          if (task->phase == phase::running || task->phase == phase::in_grace)
            signal(*task, true);
        break;
      default:
        stage_ = stage::over;
        stage_due_ = time_point::max();
        check_stopped();
        return;
    }
  } while (stage_due_ <= now);
}

void manager_actor::cancel_all(end_reason why) {
  take_in();
  for (const auto& task : home_.table().live())
    if (home_.table().cancel(*task, why) == cancel_reply::requested)
      on_cancel(*task, why);
}

void manager_actor::check_stopped() {
  if (stage_ == stage::open)
    return;
  if (next_list())
    return;
  take_in(); // a lane that went down may have left another one
  if (stage_ != stage::over && (next_list() || !running_.empty()))
    return;
  shutdown_report report = home_.table().ended_since_close();
  for (const auto& [id, task] : running_)
    report.not_ended.push_back(task->current_id());
  stage_ = stage::over;
  stage_due_ = time_point::max();
  home_.shut_down(std::move(report));
}

} // namespace taskactor::detail
