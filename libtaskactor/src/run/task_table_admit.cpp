// Admission under the table's lock (rule 1): ids, room, and what gives way.
#include "special.hpp"
#include "task_table.hpp"

#include <algorithm>
#include <utility>

namespace taskactor::detail {

std::string task_table::fresh_id() {
  for (;;) {
    auto id = "task-" + std::to_string(++next_id_);
    if (!tasks_.find(id, id_index::hash(id)))
      return id;
  }
}

admission task_table::admit(ref<record> task, on_full full, on_duplicate duplicate,
                            std::optional<rejection> wrong) {
  auto hash = id_index::hash(task->id);
  admission answer;
  const std::lock_guard lock{mutex_};
  auto refuse = [&](rejection why) {
    if (full != on_full::wait || why.code != errc::queue_full) // otherwise it waits, and may get in
      ++rejected_;
    answer.refused = std::move(why);
    return std::move(answer);
  };
  auto* same = task->id.empty() ? nullptr : tasks_.find(task->id, hash);
  for (; same && task->numbered; same = tasks_.find(task->id, hash)) {
    task->id = task->belongs_to->next_id();
    hash = id_index::hash(task->id);
  }
  if (same && duplicate == on_duplicate::join) {
    same->owners.add(); // under the lock: it hasn't ended, and now keeps its outcome
    answer.joined = ref<record>{same};
    return answer;
  }
  if (same && duplicate == on_duplicate::reject)
    return refuse({errc::duplicate_id, "duplicate id: " + task->id});
  if (wrong)
    return refuse(std::move(*wrong));
  if (refuses_locked(task->depth))
    return refuse({errc::stopping, "the task manager is stopping"});
  const bool has_place = same && !same->shed; // one that was shed has given its place away
  if (!has_place && counted() >= max_queue_) {
    if (full == on_full::shed)
      answer.cancelled = shed(task->priority);
    if (!answer.cancelled)
      return refuse({errc::queue_full, "queue overflow: " + std::to_string(max_queue_)});
  }
  if (same) { // replaced: takes its place, and waits for it
    cancel_locked(*same, end_reason::replaced);
    task->special->after = tasks_.remove(*same, hash);
    if (std::exchange(same->shed, false))
      --shedding_; // neither there nor counted
    else
      answer.cancelled = task->special->after;
    others_.insert(same);
  }
  if (task->id.empty()) {
    task->id = fresh_id();
    hash = id_index::hash(task->id);
  }
  task->id_hash = hash;
  task->sequence = ++sequence_;
  tasks_.insert(task, hash);
  if (sheddable_)
    (*sheddable_)[task->priority].push_back(task);
  incoming_.push(std::move(task));
  ++submitted_;
  answer.tell = !std::exchange(told_, true);
  return answer;
}

/// The oldest waiting task of the lowest priority, not above `priority`, is to end. Empty: there is none.
ref<record> task_table::shed(int priority) {
  collect_sheddable();
  for (int level = lowest_priority; level >= priority; --level) {
    auto& candidates = (*sheddable_)[static_cast<std::size_t>(level)];
    while (!candidates.empty()) {
      auto oldest = std::move(candidates.front());
      candidates.pop_front();
      if (oldest->state.load(std::memory_order_acquire) == state::queued
          && cancel_locked(*oldest, end_reason::shed) == cancel_reply::requested) {
        oldest->shed = true;
        ++shedding_;
        return oldest;
      }
    }
  }
  return {};
}

/// Lists what waits, by priority and age, at the first call; afterwards drops what waits no longer, now and
/// then: the work is bounded by that of the admissions.
void task_table::collect_sheddable() {
  const auto by_age = [](const auto& a, const auto& b) { return a->sequence < b->sequence; };
  if (!sheddable_) {
    sheddable_ = std::make_unique<std::array<std::deque<ref<record>>, lowest_priority + 1>>();
    tasks_.each([&](const ref<record>& task) { (*sheddable_)[task->priority].push_back(task); });
    for (auto& level : *sheddable_)
      std::sort(level.begin(), level.end(), by_age);
    return;
  }
  std::size_t listed = 0;
  for (const auto& level : *sheddable_)
    listed += level.size();
  if (listed > 2 * max_queue_)
    for (auto& level : *sheddable_)
      std::erase_if(level, [](const auto& task) { return task->state.load() != state::queued; });
}

} // namespace taskactor::detail
