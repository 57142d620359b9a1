#include "lifecycle/task_starter.hpp"

#include "caf_adapter/run_queue.hpp"
#include "events/hub.hpp"
#include "lifecycle/global_tokens.hpp"
#include "lifecycle/manager_core.hpp"
#include "lifecycle/reports.hpp"
#include "lifecycle/running_tasks.hpp"
#include "lifecycle/task_actor.hpp"
#include "lifecycle/task_deadlines.hpp"
#include "lifecycle/task_table.hpp"
#include "lifecycle/total_end.hpp"
#include "lifecycle/waiting_tasks.hpp"
#include "threads/thread_pool.hpp"

#include <taskactor/time_span.hpp>

#include <caf/all.hpp>

#include <algorithm>
#include <atomic>
#include <optional>
#include <utility>

namespace taskactor::detail {

namespace {

/// Why a task that has its token doesn't start: its time is up (zero has expired: rule 7), or it was
/// cancelled first (rule 9).
std::optional<failure> refused_start(const task_table& table, record& task, time_point now) {
  if (task.due != time_point{} && task.due <= now)
    return waited_too_long(task);
  if (task.kind == record_kind::task && task.timeout.count() == 0)
    return failure{state::timed_out, end_reason::run_timeout};
  auto expected = state::queued;
  if (on_token(task.state.load(std::memory_order_acquire)) == token_step::skip
      || !task.state.compare_exchange_strong(expected, state::running, std::memory_order_acq_rel))
    return failure{state::cancelled, table.reason(task)};
  return {};
}

} // namespace

/// Nothing else does: to wake another thread for it would take longer than this turn.
bool task_starter::runs_one() const noexcept { return running_.size() == 1; }

void task_starter::start_ready() {
  auto& ready = waiting_.ready();
  const auto now = home_.now();
  const auto capacity = home_.capacity.load();
  // A token that is idle here and beyond a smaller capacity is about to be recalled.
  while (!ready.empty() && tokens_.used() < capacity && tokens_.take()) {
    auto next = ready.pop();
    if (next->phase == phase::waiting) {
      start(std::move(next), now);
    } else { // gave its token back, and goes on
      if (next->token.give())
        home_.threads().blocked().look(*next);
      const run_queue::tail_call_hint ending{runs_one()};
      next->actor->wake();
    }
  }
  const auto wanting = ready.size();
  tokens_.ask(wanting);
  home_.waiting.store(wanting, std::memory_order_relaxed);
  home_.set_aside.store(waiting_.set_aside(), std::memory_order_relaxed);
  home_.running.store(running_.size(), std::memory_order_relaxed);
  home_.tokens_used.store(tokens_.used(), std::memory_order_relaxed);
}

void task_starter::start(ref<record> task, time_point now) {
  deadlines_.remove(*task);
  if (auto why = refused_start(home_.table(), *task, now)) {
    tokens_.put();
    waiting_.end(*task, std::move(*why));
    return;
  }
  task->token.begin();
  task->phase = phase::running;
  const auto run_end = after(now, task->timeout);
  const auto whole_end = total_end(*task);
  const auto end = std::min(run_end, whole_end);
  if (end != time_point::max())
    deadlines_.set(*task, end, run_end <= whole_end ? end_reason::run_timeout : end_reason::total_timeout);
  if (task->kind == record_kind::task) { // a slot's items have their own times
    task->started_at.store(now.time_since_epoch().count(), std::memory_order_relaxed);
    const auto told = std::min(end, task->inherited_deadline);
    task->deadline_at.store(told.time_since_epoch().count(), std::memory_order_relaxed);
    if (home_.events().wants(event_kind::started))
      report(home_, event_kind::started, *task);
  }
  spawn_body(*task);
}

void task_starter::spawn_body(record& task) {
  auto& system = manager_.system();
  caf::actor_config config{manager_.context()};
  auto actor = caf::make_actor<task_actor, caf::strong_actor_ptr>(system.next_actor_id(), system.node(),
                                                                  &system, config, ref<record>{&task});
  auto* body = static_cast<task_actor*>(actor->get());
  std::atomic_ref{task.actor}.store(body, std::memory_order_release); // `actor_of` may look
  running_.add(task);
  body->retain(); // the manager's reference, until it is down
  body->tell_of_end();
  const run_queue::tail_call_hint ending{runs_one()};
  run_later(*manager_.context(), body);
  actor.detach(); // the scheduler's reference is the creation reference
}

void task_starter::settle_token(record& task) {
  if (task.token.lacks()) {
    waiting_.ready().push_resuming(task);
  } else {
    waiting_.ready().remove_resuming(task);
    if (task.token.take_lent())
      tokens_.put();
  }
}

} // namespace taskactor::detail
