#include "runtime.hpp"

namespace taskactor::detail {

cancel_reply runtime::cancel_task(std::string_view id) {
  if (const auto task = table_->find_live(id))
    return cancel(*task, end_reason::cancel_requested);
  if (table_->find_record(id, now()))
    return cancel_reply::finished;
  return batches_.cancel(id);
}

std::size_t runtime::cancel_all() {
  batches_.close_all(end_reason::cancel_requested, true);
  auto asked = table_->live();
  std::erase_if(asked,
                [this](const ref<record>& task) { // needs no memory, as what tells of it waits for some
                  return table_->cancel(*task, end_reason::cancel_requested) != cancel_reply::requested;
                });
  const auto count = asked.size();
  if (count != 0)
    post(manager_, end_tasks{std::move(asked), end_reason::cancel_requested});
  return count;
}

std::vector<task_info> runtime::task_status() {
  const auto tasks = table_->live();
  std::vector<task_info> result;
  result.reserve(tasks.size());
  for (const auto& task : tasks)
    if (task->kind == record_kind::task || task->started_at.load(std::memory_order_relaxed) != 0)
      result.push_back(task->info());
  return result;
}

/// A task, or what runs the item of that id now.
ref<record> runtime::find_record(std::string_view id) {
  auto task = table_->find_record(id, now());
  return task ? task : batches_.find(id);
}

std::optional<task_info> runtime::find(std::string_view id) {
  const auto task = find_record(id);
  if (!task)
    return {};
  auto result = task->info();
  if (result.id != id)
    return {}; // the item has ended meanwhile
  return result;
}

} // namespace taskactor::detail
