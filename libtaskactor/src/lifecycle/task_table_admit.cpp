// Admission under the table's lock (rule 1): ids, room, and what gives way.
#include "lifecycle/task_extras.hpp"
#include "lifecycle/task_table.hpp"

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

/// What an admission needs memory for, before anything is changed; given back, unless it is kept.
class task_table::reservation {
public:
  reservation(task_table& in, const record& task) noexcept
      : in_(in), listed_(in.sheddable_ ? &(*in.sheddable_)[task.priority] : nullptr) {}
  reservation(const reservation&) = delete;
  reservation& operator=(const reservation&) = delete;
  ~reservation() {
    if (replaced_)
      in_.others_.erase(replaced_);
    if (has_entry_)
      listed_->pop_back();
  }

  void make(record& task, record* replaced) {
    if (task.id.empty())
      task.id = in_.fresh_id();
    in_.tasks_.make_room();
    if (listed_) {
      listed_->emplace_back();
      has_entry_ = true;
    }
    if (replaced && in_.others_.insert(replaced).second)
      replaced_ = replaced;
  }
  void keep(const ref<record>& task) noexcept {
    if (std::exchange(has_entry_, false))
      listed_->back() = task;
    replaced_ = nullptr;
  }

private:
  task_table& in_;
  std::deque<ref<record>>* listed_;
  bool has_entry_ = false;
  record* replaced_ = nullptr;
};

admission_answer task_table::admit(ref<record> task, on_full full, on_duplicate duplicate,
                                   std::optional<rejection> wrong) {
  const bool unnamed = task->id.empty();
  auto hash = unnamed ? 0 : id_index::hash(task->id);
  admission_answer answer;
  const std::lock_guard lock{mutex_};
  auto refuse = [&](rejection why) {
    if (full != on_full::wait || why.code != errc::queue_full) // otherwise it waits, and may get in
      ++rejected_;
    answer.refused = std::move(why);
    return std::move(answer);
  };
  auto* same = unnamed ? nullptr : tasks_.find(task->id, hash);
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
  const bool lacks_room = !has_place && counted() >= max_queue_;
  const auto overflow = [this] {
    return rejection{errc::queue_full, "queue overflow: " + std::to_string(max_queue_)};
  };
  if (lacks_room && full != on_full::shed)
    return refuse(overflow());
  if (lacks_room)
    collect_sheddable();
  reservation memory{*this, *task};
  memory.make(*task, same);
  if (lacks_room) {
    answer.cancelled = shed(task->priority);
    if (!answer.cancelled)
      return refuse(overflow());
  }
  memory.keep(task); // nothing from here on needs any
  if (same) {        // replaced: takes its place, and waits for it
    cancel_locked(*same, end_reason::replaced);
    task->extras->after = tasks_.remove(*same, hash);
    if (std::exchange(same->shed, false))
      --shedding_; // neither there nor counted
    else
      answer.cancelled = task->extras->after;
  }
  if (unnamed)
    hash = id_index::hash(task->id);
  task->id_hash = hash;
  task->sequence = ++sequence_;
  tasks_.insert(task, hash);
  incoming_.push(std::move(task));
  ++submitted_;
  answer.tell = !std::exchange(told_, true);
  return answer;
}

/// The oldest waiting task of the lowest priority, not above `priority`, is to end. Empty: there is none.
ref<record> task_table::shed(int priority) {
  for (int level = lowest_priority; level >= priority; --level) {
    auto& candidates = (*sheddable_)[static_cast<std::size_t>(level)];
    while (!candidates.empty()) {
      if (!candidates.front())
        break; // the place of the one that it would be shed for
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
