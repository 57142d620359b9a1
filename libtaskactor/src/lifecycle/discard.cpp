#include "lifecycle/discard.hpp"

#include "lifecycle/manager_core.hpp"
#include "lifecycle/reports.hpp"
#include "lifecycle/task_extras.hpp"
#include "threads/disposal.hpp"

#include <taskactor/detail/record.hpp>

namespace taskactor::detail {

void discard(manager_core& home, record& task, std::uint8_t parts) {
  const auto users = task.user_parts(parts);
  if (const auto ours = parts & ~users; (ours & record::body_part) != 0)
    if (const auto thrown = task.discard_body())
      report_cleanup_fault(home, task, thrown);
  if (users != 0)
    home.disposals().take(task, users);
  else if (task.extras)
    task.drop_spare();
}

} // namespace taskactor::detail
