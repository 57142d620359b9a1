#include "lifecycle/task_table.hpp"
#include "lifecycle/task_extras.hpp"

#include <algorithm>
#include <utility>

namespace taskactor::detail {

std::optional<bool> task_table::admit_slot(ref<record> slot) {
  const std::lock_guard lock{mutex_};
  if (incoming_.refuses_slot(slot->depth))
    return {};
  others_.insert(slot.get());
  return incoming_.push(std::move(slot));
}

chain<record> task_table::take_incoming() {
  const std::lock_guard lock{mutex_};
  return incoming_.take();
}

void task_table::close(taken what_is_left) {
  const std::lock_guard lock{mutex_};
  if (incoming_.is_open())
    counts_.mark();
  incoming_.close(what_is_left);
}

bool task_table::refuses(std::uint8_t depth) const {
  const std::lock_guard lock{mutex_};
  return incoming_.refuses(depth);
}

void task_table::end(record& task, state how, time_point now, bool lingers) {
  task_history::dropped dropped; // records are destroyed outside the lock
  ref<record> held;
  const std::lock_guard lock{mutex_};
  counts_.ended(how);
  held = tasks_.remove(task, task.id_hash);
  sheddable_.forget(task); // however it has ended: its time may have been up first
  counts_.left(task);
  if (lingers)
    others_.insert(&task);
  else if (!held)
    others_.erase(&task); // replaced while it was there
  history_.add(task, now, dropped);
}

void task_table::linger(record& rest) {
  const std::lock_guard lock{mutex_};
  others_.insert(&rest);
}

void task_table::gone(record& task) {
  const std::lock_guard lock{mutex_};
  others_.erase(&task);
}

std::size_t task_table::size() const {
  const std::lock_guard lock{mutex_};
  return tasks_.size() + others_.size();
}

bool task_table::has_room() const {
  const std::lock_guard lock{mutex_};
  return counted() < max_queue_;
}

cancel_reply task_table::cancel(record& task, end_reason why) {
  const std::lock_guard lock{mutex_}; // against another caller; the manager moves the state without it
  return cancel_locked(task, why);
}

end_reason task_table::reason(const record& task) const {
  const std::lock_guard lock{mutex_};
  return task.reason.load(std::memory_order_relaxed);
}

cancel_reply task_table::cancel_locked(record& task, end_reason why) {
  auto now = task.state.load(std::memory_order_acquire);
  do {
    switch (on_cancel_request(now)) {
    case cancel_step::already_asked:
      return cancel_reply::already_requested;
    case cancel_step::too_late:
      return cancel_reply::finished;
    case cancel_step::drop_waiting:
    case cancel_step::signal_body:
      break;
    }
    if (task.kind == record_kind::task && task.decided() && !(task.extras && task.extras->retry))
      return cancel_reply::finished; // a body that finishes first wins (rule 9)
  } while (!task.state.compare_exchange_weak(now, state::cancelling, std::memory_order_acq_rel));
  task.reason.store(why, std::memory_order_relaxed);
  return cancel_reply::requested;
}

ref<record> task_table::find_live(std::string_view id) const {
  const auto hash = id_index::hash(id);
  const std::lock_guard lock{mutex_};
  return ref<record>{tasks_.find(id, hash)};
}

ref<record> task_table::find_record(std::string_view id, time_point now) const {
  const std::lock_guard lock{mutex_};
  if (auto* live = tasks_.find(id, id_index::hash(id)))
    return ref<record>{live};
  return history_.find(id, now);
}

std::vector<ref<record>> task_table::live() const {
  std::vector<ref<record>> result;
  {
    const std::lock_guard lock{mutex_};
    result.reserve(tasks_.size() + others_.size());
    tasks_.each([&](const ref<record>& task) { result.push_back(task); });
    for (auto* task : others_)
      result.emplace_back(task);
  }
  std::sort(result.begin(), result.end(),
            [](const auto& a, const auto& b) { return a->sequence < b->sequence; });
  return result;
}

void task_table::add_to(manager_statistics& result) const {
  const std::lock_guard lock{mutex_};
  counts_.add_to(result);
}

shutdown_report task_table::ended_since_close() const {
  const std::lock_guard lock{mutex_};
  return counts_.ended_since_mark();
}

} // namespace taskactor::detail
