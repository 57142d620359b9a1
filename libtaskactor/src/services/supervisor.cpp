#include <taskactor/actors/supervisor.hpp>
#include <taskactor/detail/admit.hpp>

#include "services/service_messages.hpp"
#include "services/supervisor_root.hpp"
#include "threads/waits.hpp"

#include <caf/all.hpp>

#include <utility>

namespace taskactor {

supervisor::supervisor(task_manager& tasks, supervisor_options options, std::vector<child_spec> children)
    : root_(detail::supervisor_root::start(detail::core_of(tasks), std::move(options), std::move(children))) {
}

supervisor::~supervisor() { root_->end(); }

void supervisor::wait_started() { root_->wait_started(); }

void supervisor::stop() {
  if (!root_->has_ended())
    detail::refuse_inside_coroutine(); // before it is asked
  caf::anon_send_exit(root_->actor(), caf::exit_reason::user_shutdown);
  root_->wait_end();
}

std::string supervisor::wait_end() { return root_->wait_end(); }

service supervisor::whereis(std::string_view path, when_down how) const {
  return {root_->registry(), detail::find_service(root_->registry()->root(), path), how};
}

bool supervisor::restart(std::string_view path) {
  return root_->registry()->renew(detail::find_service(root_->registry()->root(), path));
}

service_info supervisor::tree() const { return root_->registry()->info(root_->registry()->root()); }
supervisor_statistics supervisor::statistics() const { return root_->registry()->statistics(); }
caf::actor supervisor::actor() const { return root_->actor(); }

} // namespace taskactor
