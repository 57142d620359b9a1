#include "lifecycle/waiting_tasks.hpp"

#include "base/memory.hpp"
#include "lifecycle/discard.hpp"
#include "lifecycle/end_states.hpp"
#include "lifecycle/manager_core.hpp"
#include "lifecycle/task_deadlines.hpp"
#include "lifecycle/task_extras.hpp"
#include "lifecycle/task_table.hpp"
#include "lifecycle/total_end.hpp"

#include <taskactor/time_span.hpp>

#include <algorithm>
#include <mutex>
#include <utility>

namespace taskactor::detail {

failure waited_too_long(const record& task) {
  const auto limit = task.due_reason == end_reason::queue_timeout ? task.queue_timeout : task.total_timeout;
  return failure{state::timed_out, task.due_reason, limit};
}

waiting_tasks::waiting_tasks(manager_core& home, caf::local_actor& manager, task_deadlines& deadlines,
                             end_states& ends)
    : home_(home),
      deadlines_(deadlines),
      ends_(ends),
      ready_(home.with().priority_aging),
      lines_(home, manager, ready_) {}

void waiting_tasks::take_in() {
  auto incoming = home_.table().take_incoming();
  while (auto task = incoming.pop())
    enqueue(std::move(task));
}

void waiting_tasks::enqueue(ref<record> task) {
  task->phase = phase::waiting;
  task->due = {}; // an attempt before had one
  if (task->extras) {
    const std::lock_guard lock{task->extras->mutex};
    task->extras->waits.clear();
    task->extras->lined_up = task->waits_since;
    task->extras->next_attempt = {};
    task->extras->held = task->extras->waits_for != nullptr;
  }
  if (task->state.load(std::memory_order_acquire) == state::cancelling) {
    // Perhaps before it was admitted (a group's child): then the message has been here already.
    end(*task, failure{state::cancelled, home_.table().reason(*task)});
    return;
  }
  if (!task->extras || !task->extras->waits_for)
    wait_for_tokens(std::move(task));
  else if (!dependants_.hold(*task))
    follow(std::move(task));
}

bool waiting_tasks::follow_ends() {
  bool any = false;
  while (auto task = dependants_.take_decided()) {
    any = true;
    if (task->phase == phase::waiting && task->extras->waits_for)
      follow(std::move(task));
  }
  return any;
}

/// It is decided what its predecessors' ends come to.
void waiting_tasks::follow(ref<record> task) {
  if (auto how = once_there_is_memory([&] { return dependants::refusal(*task); })) {
    end(*task, std::move(*how));
    return;
  }
  dependants_.let_go(*task);
  task->waits_since = task->extras->clocks_begin = home_.now();
  {
    const std::lock_guard lock{task->extras->mutex};
    task->extras->lined_up = task->waits_since;
    task->extras->held = false;
  }
  wait_for_tokens(std::move(task));
}

void waiting_tasks::wait_for_tokens(ref<record> task) {
  const auto queue_end = after(task->waits_since, task->queue_timeout);
  const auto whole_end = total_end(*task);
  if (std::min(queue_end, whole_end) != time_point::max())
    deadlines_.set(*task, std::min(queue_end, whole_end),
                   queue_end < whole_end ? end_reason::queue_timeout : end_reason::total_timeout);
  if (task->extras && task->extras->after) {
    task = replacements_.wait_for_predecessor(std::move(task));
    if (!task)
      return;
  }
  lines_.enter(std::move(task));
}

void waiting_tasks::back_off(record& task, time_point until) {
  task.phase = phase::backing_off;
  ++backing_off_;
  deadlines_.set(task, until, end_reason::none);
}

void waiting_tasks::enqueue_again(record& task, time_point now) {
  --backing_off_;
  task.waits_since = now;
  enqueue(ref<record>{&task});
}

void waiting_tasks::end(record& task, failure how) {
  const ref<record> keep{&task};
  if (task.phase == phase::backing_off)
    --backing_off_;
  else if (!lines_.leave(task))
    ready_.remove(task);
  deadlines_.remove(task);
  if (task.extras && task.extras->waits_for)
    dependants_.let_go(task);
  task.reason.store(how.reason(), std::memory_order_relaxed);
  if (task.decide()) {
    const bool has_cause = how.cause() != nullptr;
    task.fail(std::move(how));
    if (has_cause)
      task.keep_error();
    task.deliver();
  }
  lines_.give_back_all(task, false);
  task.phase = phase::gone;
  discard(home_, task, record::body_part | record::spare_part);
  ends_.give(task, home_.now());
  if (task.kind == record_kind::gather_slot)
    home_.table().gone(task);
  gone(task);
}

void waiting_tasks::gone(record& task) {
  task.on_down();
  drop_locals(task);
  if (const auto child_observer = std::exchange(task.belongs_to, {}))
    child_observer->child_gone(task);
  if (auto next = replacements_.successor_of(task))
    lines_.enter(std::move(next));
}

} // namespace taskactor::detail
