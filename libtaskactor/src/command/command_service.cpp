#include "command/command_service.hpp"

#include "lifecycle/manager_core.hpp"
#include "threads/thread_pool.hpp"

#include <chrono>
#include <cstdint>
#include <limits>

namespace taskactor::detail {

command_service::command_service(manager_core& home)
    : server_(command_server::create(home.system())),
      handlers_(std::make_shared<thread_pool>(&home.system(), std::numeric_limits<std::int32_t>::max())) {}

void command_service::stop() noexcept {
  server_->stop();
  (void)handlers_->stop(std::chrono::nanoseconds{0}); // one that is in a handler belongs to a task that runs
}

command_service& commands_of(manager_core& home) {
  auto& service
      = home.attached(attachment_kind::commands, [&home] { return std::make_unique<command_service>(home); });
  return static_cast<command_service&>(service);
}

} // namespace taskactor::detail
