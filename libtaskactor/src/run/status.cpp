#include "runtime.hpp"

namespace taskactor::detail {

cancel_reply runtime::cancel_task(std::string_view id) {
  if (const auto task = table_->find_live(id))
    return cancel(*task, end_reason::cancel_requested);
  return find(id) ? cancel_reply::finished : cancel_reply::unknown;
}

std::size_t runtime::cancel_all() {
  auto asked = table_->live();
  std::erase_if(asked, [this](const ref<record>& task) {
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
    if (task->kind == record_kind::task || task->state == state::running)
      result.push_back(task->info());
  return result;
}

std::optional<task_info> runtime::find(std::string_view id) {
  const auto task = table_->find_record(id, now());
  return task ? std::optional{task->info()} : std::nullopt;
}

} // namespace taskactor::detail
