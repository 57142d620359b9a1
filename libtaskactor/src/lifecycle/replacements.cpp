#include "lifecycle/replacements.hpp"

#include "lifecycle/task_extras.hpp"

#include <mutex>
#include <utility>

namespace taskactor::detail {

namespace {

void skip_gone(record& task) {
  auto& after = task.extras->after;
  while (after && after->phase == phase::gone)
    after = ref<record>{after->extras ? after->extras->after.get() : nullptr};
}

void set_waits_for_replaced(record& task, bool waits) {
  const std::lock_guard lock{task.extras->mutex};
  task.extras->waits_for_replaced = waits;
}

} // namespace

ref<record> replacements::wait_for_predecessor(ref<record> task) {
  skip_gone(*task);
  auto* before = task->extras->after.get();
  set_waits_for_replaced(*task, before != nullptr);
  if (!before)
    return task;
  successors_[before] = std::move(task);
  return {};
}

/// What waits for it may begin; unless it waited itself, and has ended so. It keeps whom it waited for: who
/// replaces it may have been admitted already, and come in later.
ref<record> replacements::successor_of(record& gone) {
  if (gone.extras)
    skip_gone(gone); // or many that are replaced in a row would keep each other
  if (successors_.empty())
    return {};
  if (gone.extras && gone.extras->after)
    if (const auto own = successors_.find(gone.extras->after.get());
        own != successors_.end() && own->second.get() == &gone)
      successors_.erase(own);
  const auto found = successors_.find(&gone);
  if (found == successors_.end())
    return {};
  auto next = std::move(found->second);
  successors_.erase(found);
  return wait_for_predecessor(std::move(next));
}

} // namespace taskactor::detail
