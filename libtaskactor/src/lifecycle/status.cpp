#include "lifecycle/status.hpp"

#include "lifecycle/batch_registry.hpp"
#include "lifecycle/manager_core.hpp"
#include "lifecycle/task_table.hpp"

namespace taskactor::detail {

std::vector<task_info> task_status(manager_core& home) {
  const auto tasks = home.table().live();
  std::vector<task_info> result;
  result.reserve(tasks.size());
  for (const auto& task : tasks)
    if (task->kind == record_kind::task || task->started_at.load(std::memory_order_relaxed) != 0)
      result.push_back(task->info());
  return result;
}

/// A task, or what runs the item of that id now.
ref<record> find_record(manager_core& home, std::string_view id) {
  auto task = home.table().find_record(id, home.now());
  return task ? task : home.batches().find(id);
}

std::optional<task_info> find(manager_core& home, std::string_view id) {
  const auto task = find_record(home, id);
  if (!task)
    return {};
  auto result = task->info();
  if (result.id != id)
    return {}; // the item has ended meanwhile
  return result;
}

} // namespace taskactor::detail
