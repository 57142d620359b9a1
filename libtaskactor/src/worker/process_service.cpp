#include "worker/process_service.hpp"

#include <chrono>
#include <cstdint>
#include <limits>

namespace taskactor::detail {

process_service::process_service(runtime& home)
    : commands_(command_server::create(home.system())),
      workers_(std::make_shared<worker_pool>(home, *commands_)),
      handlers_(std::make_shared<thread_pool>(&home.system(), std::numeric_limits<std::int32_t>::max())) {
  workers_->begin();
}

/// The workers die with the server, which tells the pool of each end.
void process_service::stop() noexcept {
  workers_->stop();
  commands_->stop();
  workers_->finish();
  (void)handlers_->stop(std::chrono::nanoseconds{0}); // one that is in a handler belongs to a task that runs
}

process_service& processes(runtime& home) {
  auto& service
      = home.attached([&home](caf::actor_system&) { return std::make_unique<process_service>(home); });
  return static_cast<process_service&>(service);
}

} // namespace taskactor::detail
