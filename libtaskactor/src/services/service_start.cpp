#include "services/child_run.hpp"
#include "services/service_messages.hpp"

#include <taskactor/actors/service.hpp>

namespace taskactor {

caf::actor_system& service_start::system() const noexcept { return run_->registry->system(); }
const std::string& service_start::path() const noexcept { return run_->node->path; }
std::stop_token service_start::stop_token() const noexcept { return run_->stop.get_token(); }

void service_start::ready() const {
  detail::post(run_->supervisor, detail::child_ready{run_->child, run_->run});
}

service service_start::whereis(std::string_view path, when_down how) const {
  return {run_->registry, detail::find_service(*run_->node->parent, path), how};
}

} // namespace taskactor
