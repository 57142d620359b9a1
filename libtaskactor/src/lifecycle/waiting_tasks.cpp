#include "lifecycle/waiting_tasks.hpp"

#include "lifecycle/discard.hpp"
#include "lifecycle/end_states.hpp"
#include "lifecycle/manager_core.hpp"
#include "lifecycle/task_deadlines.hpp"
#include "lifecycle/task_extras.hpp"
#include "lifecycle/task_table.hpp"

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
  }
  if (task->state.load(std::memory_order_acquire) == state::cancelling) {
    // Perhaps before it was admitted (a group's child): then the message has been here already.
    end(*task, failure{state::cancelled, home_.table().reason(*task)});
    return;
  }
  const auto queue_end = after(task->waits_since, task->queue_timeout);
  const auto total_end = after(task->submitted, task->total_timeout);
  if (std::min(queue_end, total_end) != time_point::max())
    deadlines_.set(*task, std::min(queue_end, total_end),
                   queue_end < total_end ? end_reason::queue_timeout : end_reason::total_timeout);
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
  task.reason.store(how.reason(), std::memory_order_relaxed);
  if (task.decide()) {
    task.fail(std::move(how));
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
  if (const auto child_observer = std::exchange(task.belongs_to, {}))
    child_observer->child_gone(task);
  if (auto next = replacements_.successor_of(task))
    lines_.enter(std::move(next));
}

} // namespace taskactor::detail
