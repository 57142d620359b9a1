/// What a manager has for external programs, made with the first process: the server that starts, reads and
/// reaps them all, and the threads of users' handlers.
#pragma once

#include "command/command_server.hpp"
#include "lifecycle/attachment.hpp"

#include <memory>

namespace taskactor::detail {

class manager_core;
class thread_pool;

class command_service final : public attachment {
public:
  explicit command_service(manager_core& home);
  void stop() noexcept override;
  command_server& server() noexcept { return *server_; }
  /// Where users' handlers of commands' output run: at most a thread for each command.
  const std::shared_ptr<thread_pool>& handlers() const noexcept { return handlers_; }

private:
  std::shared_ptr<command_server> server_;
  std::shared_ptr<thread_pool> handlers_;
};

command_service& commands_of(manager_core& home);

} // namespace taskactor::detail
