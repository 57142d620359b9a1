#include "process_service.hpp"

namespace taskactor::detail {

process_service::process_service(runtime& home)
    : commands_(command_server::create(home.system())),
      workers_(std::make_shared<worker_pool>(home, *commands_)) {
  workers_->begin();
}

/// The workers die with the server, which tells the pool of each end.
void process_service::stop() noexcept {
  workers_->stop();
  commands_->stop();
  workers_->finish();
}

process_service& processes(runtime& home) {
  auto& service
      = home.attached([&home](caf::actor_system&) { return std::make_unique<process_service>(home); });
  return static_cast<process_service&>(service);
}

} // namespace taskactor::detail
