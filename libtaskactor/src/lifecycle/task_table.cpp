#include "lifecycle/task_table.hpp"
#include "lifecycle/task_extras.hpp"

#include <algorithm>
#include <utility>

namespace taskactor::detail {

void task_table::counters::add(state how) noexcept {
  switch (how) {
  case state::completed:
    ++completed;
    break;
  case state::failed:
    ++failed;
    break;
  case state::cancelled:
    ++cancelled;
    break;
  case state::timed_out:
    ++timed_out;
    break;
  default:
    break;
  }
}

std::optional<bool> task_table::admit_slot(ref<record> slot) {
  const std::lock_guard lock{mutex_};
  if (taken_ == taken::none || (taken_ == taken::nested && slot->depth == 0))
    return {};
  slot->sequence = ++sequence_;
  others_.insert(slot.get());
  incoming_.push(std::move(slot));
  return !std::exchange(told_, true);
}

chain<record> task_table::take_incoming() {
  const std::lock_guard lock{mutex_};
  told_ = false;
  return std::move(incoming_);
}

void task_table::close(taken what_is_left) {
  const std::lock_guard lock{mutex_};
  if (taken_ == taken::all)
    ended_at_close_ = ended_;
  taken_ = std::max(taken_, what_is_left);
}

bool task_table::refuses(std::uint8_t depth) const {
  const std::lock_guard lock{mutex_};
  return refuses_locked(depth);
}

void task_table::end(record& task, state how, time_point now, bool lingers) {
  past dropped; // records are destroyed outside the lock
  std::vector<past> more;
  ref<record> held;
  const std::lock_guard lock{mutex_};
  ended_.add(how);
  held = tasks_.remove(task, task.id_hash);
  if (std::exchange(task.shed, false)) // however it has ended: its time may have been up first
    --shedding_;
  if (lingers)
    others_.insert(&task);
  else if (!held)
    others_.erase(&task); // replaced while it was there
  if (history_ != 0) {
    history_ring_.push_back({ref<record>{&task}, now});
    prune(now, dropped, more);
  }
}

/// Mostly one goes when another one comes: that needs no memory.
void task_table::prune(time_point now, past& dropped, std::vector<past>& more) {
  while (!history_ring_.empty()
         && (history_ring_.size() > history_ || now - history_ring_.front().at > history_ttl_)) {
    if (auto& oldest = history_ring_.front(); dropped.task)
      more.push_back(std::move(oldest));
    else
      dropped = std::move(oldest);
    history_ring_.pop_front();
  }
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
  const auto past_one = std::find_if(history_ring_.rbegin(), history_ring_.rend(), [&](const past& entry) {
    return entry.task->id == id && now - entry.at <= history_ttl_;
  });
  return past_one == history_ring_.rend() ? ref<record>{} : past_one->task;
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
  result.submitted = submitted_;
  result.rejected = rejected_;
  result.completed = ended_.completed;
  result.failed = ended_.failed;
  result.cancelled = ended_.cancelled;
  result.timed_out = ended_.timed_out;
}

shutdown_report task_table::ended_since_close() const {
  const std::lock_guard lock{mutex_};
  shutdown_report result;
  result.completed = ended_.completed - ended_at_close_.completed;
  result.failed = ended_.failed - ended_at_close_.failed;
  result.cancelled = ended_.cancelled - ended_at_close_.cancelled;
  result.timed_out = ended_.timed_out - ended_at_close_.timed_out;
  return result;
}

} // namespace taskactor::detail
