// Admission under the table's lock (rule 1): ids, room, and what gives way.
#include "lifecycle/task_extras.hpp"
#include "lifecycle/task_table.hpp"

#include <array>
#include <charconv>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace taskactor::detail {

std::string task_table::fresh_id() {
  std::array<char, 32> text{'t', 'a', 's', 'k', '-'};
  for (;;) {
    const auto end = std::to_chars(text.data() + 5, text.data() + text.size(), ++next_id_).ptr;
    const std::string_view id{text.data(), static_cast<std::size_t>(end - text.data())};
    if (!tasks_.find(id, id_index::hash(id)))
      return std::string{id};
  }
}

/// What an admission needs memory for, before anything is changed; given back, unless it is kept.
class task_table::reservation {
public:
  reservation(task_table& in, const record& task) noexcept
      : in_(in), priority_(task.priority), sheddable_(!task.of_gather) {}
  reservation(const reservation&) = delete;
  reservation& operator=(const reservation&) = delete;
  ~reservation() {
    if (replaced_)
      in_.others_.erase(replaced_);
    if (has_entry_)
      in_.sheddable_.give_back(priority_);
  }

  void make(record& task, record* replaced) {
    if (task.id.empty())
      task.id = in_.fresh_id();
    in_.tasks_.make_room();
    has_entry_ = sheddable_ && in_.sheddable_.reserve(priority_);
    if (replaced && in_.others_.insert(replaced).second)
      replaced_ = replaced;
  }
  void keep(const ref<record>& task) noexcept {
    if (std::exchange(has_entry_, false))
      in_.sheddable_.fill(task);
    replaced_ = nullptr;
  }

private:
  task_table& in_;
  const int priority_;
  const bool sheddable_; // an item's task makes no room when it goes
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
      counts_.refused();
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
  if (task->of_gather ? incoming_.refuses_slot(task->depth) : incoming_.refuses(task->depth))
    return refuse({errc::stopping, "the task manager is stopping"});
  // One that was shed has given its place away, an item's has none.
  const bool has_place = task->of_gather || (same && !same->shed && !same->of_gather);
  const bool lacks_room = !has_place && counted() >= max_queue_;
  const auto overflow = [this] {
    return rejection{errc::queue_full, "queue overflow: " + std::to_string(max_queue_)};
  };
  if (lacks_room && full != on_full::shed)
    return refuse(overflow());
  if (lacks_room)
    sheddable_.collect(tasks_, max_queue_);
  reservation memory{*this, *task};
  memory.make(*task, same);
  if (lacks_room) {
    do
      answer.cancelled = sheddable_.next(task->priority);
    while (answer.cancelled && cancel_locked(*answer.cancelled, end_reason::shed) != cancel_reply::requested);
    if (!answer.cancelled)
      return refuse(overflow());
    sheddable_.shed(*answer.cancelled);
  }
  memory.keep(task); // nothing from here on needs any
  if (same) {        // replaced: takes its place, and waits for it
    cancel_locked(*same, end_reason::replaced);
    task->extras->after = tasks_.remove(*same, hash);
    counts_.left(*same);
    if (!sheddable_.forget(*same)) // else it was neither there nor counted
      answer.cancelled = task->extras->after;
  }
  if (unnamed)
    hash = id_index::hash(task->id);
  task->id_hash = hash;
  tasks_.insert(task, hash);
  counts_.admitted(*task);
  answer.tell = incoming_.push(std::move(task));
  return answer;
}

} // namespace taskactor::detail
