#include "lifecycle/end_states.hpp"

#include "caf_adapter/compat.hpp"
#include "events/hub.hpp"
#include "lifecycle/manager_core.hpp"
#include "lifecycle/manager_messages.hpp"
#include "lifecycle/reports.hpp"
#include "lifecycle/retry_question.hpp"
#include "lifecycle/task_extras.hpp"
#include "lifecycle/task_table.hpp"

#include <caf/all.hpp>

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

void report_end(manager_core& home, const record& task) {
  const auto* what = task.failed();
  if (!what) {
    if (home.events().wants(event_kind::completed))
      report(home, event_kind::completed, task);
    return;
  }
  const auto kind = what->state() == state::failed      ? event_kind::failed
                    : what->state() == state::timed_out ? event_kind::timed_out
                                                        : event_kind::cancelled;
  if (home.events().wants(kind))
    report(home, kind, task, task.error_text());
}

} // namespace

void end_states::give(record& task, time_point now) {
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
  report_end(home_, task);
  if (task.belongs_to)
    task.belongs_to->child_ended(task);
  if (task.let_go())
    task.forget_outcome();
  publish(task, how);
}

void end_states::publish(record& task, state how) {
  if (!task.publish(how))
    return;
  untold_.emplace_back(&task);
  settle_soon();
}

void end_states::settle_soon() {
  if (!std::exchange(settling_, true))
    post_from(manager_, manager_, settle_ends{});
}

void end_states::tell() {
  for (const auto& task : untold_)
    task->tell_listeners();
  untold_.clear();
}

} // namespace taskactor::detail
