#include "lifecycle/requests.hpp"

#include "caf_adapter/compat.hpp"
#include "lifecycle/admission_waiters.hpp"
#include "lifecycle/batch_registry.hpp"
#include "lifecycle/manager_core.hpp"
#include "lifecycle/manager_messages.hpp"
#include "lifecycle/notification_list.hpp"
#include "lifecycle/task_table.hpp"

#include <caf/all.hpp>

#include <utility>
#include <vector>

namespace taskactor::detail {

bool admit_slot(manager_core& home, ref<record> slot) {
  const auto tell = home.table().admit_slot(std::move(slot));
  if (tell.value_or(false))
    post(home.manager(), work_admitted{});
  return tell.has_value();
}

void tell(manager_core& home, record& task, std::uint8_t what) noexcept {
  if (home.notifications().push(task, what))
    post(home.manager(), bodies_told{});
}

cancel_reply cancel(manager_core& home, record& task, end_reason why) {
  auto mail = make_mail(nullptr, end_task{ref<record>{&task}, why}); // before anything is changed
  const auto reply = home.table().cancel(task, why);
  if (reply == cancel_reply::requested) {
    send_mail(home.manager(), std::move(mail));
    home.waiters().tell(); // it may be a child that waits to be admitted
  }
  return reply;
}

void kill(manager_core& home, record& task) { post(home.manager(), exit_received{ref<record>{&task}, true}); }

cancel_reply cancel_task(manager_core& home, std::string_view id) {
  if (const auto task = home.table().find_live(id))
    return cancel(home, *task, end_reason::cancel_requested);
  if (home.table().find_record(id, home.now()))
    return cancel_reply::finished;
  return home.batches().cancel(id);
}

std::size_t cancel_all(manager_core& home) {
  home.batches().close_all(end_reason::cancel_requested, true);
  auto asked = home.table().live();
  std::erase_if(asked,
                [&home](const ref<record>& task) { // needs no memory, as what tells of it waits for some
                  return home.table().cancel(*task, end_reason::cancel_requested) != cancel_reply::requested;
                });
  const auto count = asked.size();
  if (count != 0)
    post(home.manager(), end_tasks{std::move(asked), end_reason::cancel_requested});
  return count;
}

} // namespace taskactor::detail
