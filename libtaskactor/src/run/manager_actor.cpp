#include "manager_actor.hpp"

#include "runtime.hpp"
#include "task_actor.hpp"

#include <taskactor/task/sleep.hpp>

#include <caf/all.hpp>

#include <algorithm>
#include <utility>
#include <vector>

namespace taskactor::detail {

manager_actor::manager_actor(caf::actor_config& config, runtime& home, caf::actor limiter)
    : event_based_actor(config), home_(home), limiter_(std::move(limiter)) {
  running_.reserve(256);
  set_down_handler([this](caf::down_msg& down) { on_down(down.source.id()); });
}

caf::behavior manager_actor::make_behavior() {
  return {
      [this](const work_admitted&) { take_in(); },
      [this](const settle_ends&) { settle(); },
      [this](const end_task& asked) { on_cancel(*asked.task, asked.why); },
      [this](const exit_received& exit) { on_strangers_exit(*exit.task, exit.kill); },
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

// -- starting
// ----------------------------------------------------------------------------------------------------------

void manager_actor::take_in() {
  fifo<record> incoming;
  home_.table().take_incoming(incoming);
  while (auto task = incoming.pop())
    line_up(std::move(task));
  start_ready();
  arm();
}

void manager_actor::line_up(ref<record> task) {
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
    const auto told = std::min(end, task->inherited_deadline);
    task->deadline_at.store(told.time_since_epoch().count(), std::memory_order_relaxed);
    home_.report(event_kind::started, *task);
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
    return failure{state::cancelled, task.reason.load()};
  return {};
}

void manager_actor::spawn_body(record& task) {
  caf::actor_config config{context()};
  auto actor = caf::make_actor<task_actor, caf::strong_actor_ptr>(system().next_actor_id(), system().node(),
                                                                  &system(), config, ref<record>{&task});
  auto* body = static_cast<task_actor*>(actor->get());
  task.actor = body;
  running_.emplace(actor->id(), ref<record>{&task});
  body->retain(); // the manager's reference, until the down message
  monitor(caf::actor_cast<caf::actor_addr>(actor));
  context()->exec_later(body);
  actor.detach(); // the scheduler's reference is the creation reference
}

/// The task's own flag is cleared already, and its down message comes after this one: the token comes back
/// once.
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

} // namespace taskactor::detail
