#include "lifecycle/manager_actor.hpp"

#include "caf_adapter/run_queue.hpp"
#include "events/hub.hpp"
#include "lifecycle/manager_core.hpp"
#include "lifecycle/reports.hpp"
#include "lifecycle/task_actor.hpp"
#include "lifecycle/task_table.hpp"

#include <taskactor/time_span.hpp>

#include <caf/all.hpp>

#include <algorithm>
#include <utility>
#include <vector>

namespace taskactor::detail {

manager_actor::manager_actor(caf::actor_config& config, manager_core& home, caf::actor limiter)
    : service_actor(config), home_(home), limiter_(std::move(limiter)), waiting_(home.with().priority_aging) {
  running_.reserve(256);
  when_actor_down(*this, [](caf::down_msg&) {}); // a stranger's: what we monitor tells us otherwise
}

caf::behavior manager_actor::make_behavior() {
  return {
      [this](const work_admitted&) { take_in(); },
      [this](const bodies_told&) { read_notifications(); },
      [this](const attempt_ended& end) { on_attempt_ended(end.task); },
      [this](const settle_ends&) { settle(); },
      [this](const end_task& asked) { on_cancel(*asked.task, asked.why); },
      [this](const end_tasks& asked) { on_cancelled(asked); },
      [this](const exit_received& exit) { on_strangers_exit(*exit.task, exit.kill); },
      [this](const tokens_granted& got) { on_granted(got); },
      [this](const tokens_recalled& owed) { on_recalled(owed.count); },
      [this](const limiter_resized& what) { on_resized(what.which); },
      [this](const claim_tokens& wish) { on_claim(wish.claim, *wish.task); },
      [this](const claim_over& end) { on_claim_over(*end.claim, end.used); },
      [this](const attempt_left& parts) { on_attempt_left(parts.task, parts.rest); },
      [this](const retry_answered& said) { on_retry_answered(*said.task, said.attempt, said.answer); },
      [this](const alarm_rang& alarm) { on_alarm(alarm.due); },
      [this](const detail::stop& order) { on_stop(order.bounds); },
  };
}

void manager_actor::start(ref<record> task, time_point now) {
  deadlines_.remove(*task);
  if (auto why = refused_start(*task, now)) {
    release(tokens_.put());
    end_waiting(*task, std::move(*why));
    return;
  }
  task->token.begin();
  task->phase = phase::running;
  const auto run_end = after(now, task->timeout);
  const auto total_end = after(task->submitted, task->total_timeout);
  const auto end = std::min(run_end, total_end);
  if (end != time_point::max())
    due_at(*task, end, run_end <= total_end ? end_reason::run_timeout : end_reason::total_timeout);
  if (task->kind == record_kind::task) { // a slot's items have their own times
    task->started_at.store(now.time_since_epoch().count(), std::memory_order_relaxed);
    const auto told = std::min(end, task->inherited_deadline);
    task->deadline_at.store(told.time_since_epoch().count(), std::memory_order_relaxed);
    if (home_.events().wants(event_kind::started))
      detail::report(home_, event_kind::started, *task);
  }
  spawn_body(*task);
}

/// Why a task that has its token doesn't start: its time is up (zero has expired: rule 7), or it was
/// cancelled first (rule 9).
std::optional<failure> manager_actor::refused_start(record& task, time_point now) {
  if (task.due != time_point{} && task.due <= now)
    return waited_too_long(task);
  if (task.kind == record_kind::task && task.timeout.count() == 0)
    return failure{state::timed_out, end_reason::run_timeout};
  auto expected = state::queued;
  if (on_token(task.state.load(std::memory_order_acquire)) == token_step::skip
      || !task.state.compare_exchange_strong(expected, state::running, std::memory_order_acq_rel))
    return failure{state::cancelled, home_.table().reason(task)};
  return {};
}

void manager_actor::spawn_body(record& task) {
  caf::actor_config config{context()};
  auto actor = caf::make_actor<task_actor, caf::strong_actor_ptr>(system().next_actor_id(), system().node(),
                                                                  &system(), config, ref<record>{&task});
  auto* body = static_cast<task_actor*>(actor->get());
  std::atomic_ref{task.actor}.store(body, std::memory_order_release); // `actor_of` may look
  task.running_index = static_cast<std::uint32_t>(running_.size());
  running_.emplace_back(&task);
  body->retain(); // the manager's reference, until it is down
  body->tell_of_end();
  const run_queue::tail_call_hint ending{runs_one()};
  run_later(*context(), body);
  actor.detach(); // the scheduler's reference is the creation reference
}

} // namespace taskactor::detail
