/// What the runtime has for child processes, made with the first of them: the server that starts, reads and
/// reaps them all, and the pool of those that are workers.
#pragma once

#include "command/command_server.hpp"
#include "runtime.hpp"
#include "threads/thread_pool.hpp"
#include "worker/worker_pool.hpp"

#include <memory>

namespace taskactor::detail {

class process_service final : public attachment {
public:
  explicit process_service(runtime& home);
  void stop() noexcept override;
  void add_to(manager_statistics& into) const override { into.workers = workers_->statistics(); }
  command_server& commands() noexcept { return *commands_; }
  worker_pool& workers() noexcept { return *workers_; }
  /// Where users' handlers of commands' output run: at most a thread for each command.
  const std::shared_ptr<thread_pool>& handlers() const noexcept { return handlers_; }

private:
  std::shared_ptr<command_server> commands_;
  std::shared_ptr<worker_pool> workers_;
  std::shared_ptr<thread_pool> handlers_;
};

process_service& processes(runtime& home);

} // namespace taskactor::detail
