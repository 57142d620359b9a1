#include "lifecycle/manager_actor.hpp"

#include "caf_adapter/compat.hpp"
#include "lifecycle/admission_waiters.hpp"
#include "lifecycle/batch_registry.hpp"
#include "lifecycle/manager_core.hpp"
#include "lifecycle/notification_list.hpp"
#include "lifecycle/task_table.hpp"

#include <caf/all.hpp>

#include <utility>

namespace taskactor::detail {

manager_actor::manager_actor(caf::actor_config& config, manager_core& home, caf::actor limiter)
    : service_actor(config),
      home_(home),
      ends_(home, *this),
      tokens_(*this, std::move(limiter)),
      waiting_(home, *this, deadlines_, ends_),
      starter_(home, *this, waiting_, tokens_, running_, deadlines_),
      retries_(home, shutdown_),
      termination_(home, deadlines_, ends_, retries_),
      attempts_(home, waiting_, running_, tokens_, deadlines_, ends_, retries_, termination_) {
  when_actor_down(*this, [](caf::down_msg&) {}); // a stranger's: what we monitor tells us otherwise
}

/// CAF tries them in this order: what comes for each task is first.
caf::behavior manager_actor::make_behavior() {
  return {
      [this](const work_admitted&) { take_in(); },
      [this](const bodies_told&) { read_notifications(); },
      [this](const attempt_ended& end) {
        read_notifications(); // what it told before comes first: nothing of it may be left for the next one
        attempts_.on_down(end.task, home_.now());
        arm();
      },
      [this](const settle_ends&) { settle(); },
      [this](const end_task& asked) { on_cancel(*asked.task, asked.why); },
      [this](const end_tasks& asked) {
        for (const auto& task : asked.tasks)
          on_cancel(*task, asked.why);
      },
      [this](const exit_received& exit) { on_strangers_exit(*exit.task, exit.kill); },
      [this](const tokens_granted& got) {
        if (auto* const by = sending_limiter())
          waiting_.lines().granted(*by, got);
        else
          tokens_.granted(got.count);
        start_ready();
      },
      [this](const tokens_recalled& owed) {
        if (auto* const by = sending_limiter())
          waiting_.lines().recalled(*by, owed.count);
        else
          tokens_.recalled(owed.count);
        start_ready(); // who waits may want one again
      },
      [this](const limiter_resized& what) {
        if (what.which)
          waiting_.lines().serve(*what.which);
        start_ready();
      },
      [this](const claim_tokens& wish) {
        if (!waiting_.lines().begin_claim(wish.claim))
          return;
        starter_.settle_token(*wish.task); // who has to wait lends his own meanwhile (rule 6)
        start_ready();
      },
      [this](const claim_over& end) {
        waiting_.lines().end_claim(*end.claim, end.used);
        start_ready();
      },
      [this](const attempt_left& parts) {
        read_notifications(); // what it told before comes first, as at its end
        attempts_.on_attempt_left(*parts.task, *parts.rest);
        arm();
      },
      [this](const retry_answered& said) {
        attempts_.on_retry_answered(*said.task, said.attempt, said.answer);
        arm();
      },
      [this](const alarm_rang& alarm) { on_alarm(alarm.due); },
      [this](const detail::stop& order) { on_stop(order.bounds); },
  };
}

// -- waiting and starting ---------------------------------------------------

void manager_actor::take_in() {
  waiting_.take_in();
  start_ready();
}

void manager_actor::start_ready() {
  starter_.start_ready();
  arm();
}

/// Whose message this is; null for the global one's.
named_limiter* manager_actor::sending_limiter() {
  const auto& sender = *current_sender()->get();
  return tokens_.are_lent_by(sender) ? nullptr : waiting_.lines().lent_by(sender);
}

// -- ending -----------------------------------------------------------------

void manager_actor::on_cancel(record& task, end_reason why) {
  if (task.phase == phase::outside)
    take_in(); // the cancellation has overtaken the admission
  if (task.phase == phase::waiting || task.phase == phase::backing_off) {
    waiting_.end(task, failure{state::cancelled, why});
    start_ready();
    check_stopped();
  } else if (task.phase == phase::running) {
    termination_.signal(task, false);
  } else if ((task.phase == phase::in_grace || task.phase == phase::killed) && task.extras
             && task.extras->retry && task.decided()) {
    termination_.end_attempt(task, failure{state::cancelled, why});
    ends_.settle_soon();
  } else if (task.phase == phase::asking) {
    termination_.end_attempt(task, failure{state::cancelled, why});
    attempts_.give_up_answer(task);
  }
  arm();
}

void manager_actor::on_strangers_exit(record& task, bool kill) {
  if (home_.table().cancel(task, end_reason::cancel_requested) == cancel_reply::requested)
    on_cancel(task, end_reason::cancel_requested);
  if (kill && task.phase == phase::in_grace) // NOLINT: the message that named it holds a reference
    termination_.signal(task, true);
  arm();
}

/// What bodies have told: that they lend their token or want one again, that they have ended.
void manager_actor::read_notifications() {
  const auto now = home_.now();
  bool tokens_move = false;
  for (auto* each = home_.notifications().take(); each;) {
    record* next = nullptr;
    const auto what = notification_list::read(*each, next);
    if ((what & record::has_ended) != 0)
      attempts_.on_down(ref<record>{each}, now);
    else
      starter_.settle_token(*each);
    tokens_move = tokens_move || what != record::has_ended;
    each = next;
  }
  if (tokens_move)
    start_ready();
  arm(); // who has ended may have got another deadline
}

void manager_actor::settle() {
  ends_.begin_settling();
  start_ready();
  ends_.tell();
  if (waiting_.follow_ends())
    start_ready();
  home_.waiters().tell();
  check_stopped();
}

// -- time -------------------------------------------------------------------

void manager_actor::on_alarm(time_point rung) {
  deadlines_.rang(rung);
  const auto now = home_.now();
  while (auto* task = deadlines_.take_due(now))
    on_due(*task, now);
  if (shutdown_.due() <= now)
    next_stage();
  start_ready();
}

void manager_actor::on_due(record& task, time_point now) {
  switch (task.phase) {
  case phase::waiting:
    waiting_.end(task, waited_too_long(task));
    check_stopped();
    break;
  case phase::backing_off:
    waiting_.enqueue_again(task, now);
    break;
  case phase::running:
    termination_.on_run_due(task, now);
    break;
  case phase::in_grace:
  case phase::killed:
    termination_.on_grace_due(task, now);
    break;
  case phase::asking:
    attempts_.give_up_answer(task);
    break;
  default:
    break;
  }
}

void manager_actor::arm() {
  if (const auto at = deadlines_.arm(shutdown_.due(), [this] { return home_.now(); }))
    post_at(system().clock(), *at, ctrl(), alarm_rang{*at});
}

// -- shutdown ---------------------------------------------------------------

void manager_actor::on_stop(const shutdown_options& bounds) {
  if (shutdown_.is_over())
    return;
  take_in();
  if (shutdown_.stop(bounds, home_.now()))
    next_stage();
  check_stopped();
  arm();
}

void manager_actor::next_stage() {
  using stage = shutdown_sequence::stage;
  const auto now = home_.now();
  do {
    switch (shutdown_.advance(now)) {
    case stage::cancelling:
      home_.table().close(task_table::taken::nested);
      cancel_all(false);
      break;
    case stage::killing:
      home_.table().close(task_table::taken::none);
      cancel_all(true);
      for (const auto& task : running_)
        if (task->phase == phase::running || task->phase == phase::in_grace)
          termination_.signal(*task, true);
      break;
    case stage::over:
      check_stopped();
      return;
    default:
      break;
    }
  } while (shutdown_.due() <= now);
}

/// What is behind a shield its parent cancels, or the kill.
void manager_actor::cancel_all(bool also_shielded) {
  constexpr auto why = end_reason::shutdown;
  take_in();
  home_.batches().close_all(why, also_shielded);
  for (const auto& task : home_.table().live())
    if ((also_shielded || !task->shielded) && home_.table().cancel(*task, why) == cancel_reply::requested)
      on_cancel(*task, why);
}

void manager_actor::check_stopped() {
  if (shutdown_.is_open())
    return;
  take_in(); // a slot that went down may have left another one
  if (!shutdown_.is_over() && (home_.table().size() != 0 || !waiting_.ready().empty() || !running_.empty()))
    return;
  home_.batches().close_all(end_reason::shutdown, true); // a thread may wait for one whose items never come
  shutdown_report report = home_.table().ended_since_close();
  for (const auto& task : running_)
    report.not_ended.push_back(task->current_id());
  shutdown_.finish();
  ends_.tell();
  home_.shut_down(std::move(report));
}

} // namespace taskactor::detail
