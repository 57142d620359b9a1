#include "queue/schedule_rows.hpp"

#include "queue/store_engine.hpp"
#include "queue/store_request.hpp"

namespace taskactor::detail {

void schedule_rows::write(std::vector<schedule_write> writes,
                          told<std::vector<schedule_written>> tell) const {
  engine_->post(std::make_shared<schedule_request>(std::move(writes), std::move(tell)));
}

void schedule_rows::find(schedule_query which, told<schedule_page> tell) const {
  engine_->post(std::make_shared<single_request<schedule_page>>(
      store_verb::other, [query = std::move(which)](store_backend& at) { return at.schedules(query); },
      std::move(tell)));
}

std::shared_ptr<void> schedule_rows::watch(std::function<void()> changed) const {
  return engine_->schedule_watchers().add(std::move(changed));
}

} // namespace taskactor::detail
