#include "worker/worker_service.hpp"

#include "command/command_service.hpp"
#include "lifecycle/manager_core.hpp"
#include "worker/worker_pool.hpp"

#include <taskactor/manager_options.hpp>

#include <memory>

namespace taskactor::detail {

namespace {

class worker_service final : public attachment {
public:
  worker_service(manager_core& home, command_server& server)
      : server_(server), pool_(std::make_shared<worker_pool>(home, server)) {
    pool_->begin();
  }
  /// The workers die with the server, which tells the pool of each end.
  void stop() noexcept override {
    pool_->stop();
    server_.stop();
    pool_->finish();
  }
  void add_to(manager_statistics& into) const override { into.workers = pool_->statistics(); }
  worker_pool& pool() noexcept { return *pool_; }

private:
  command_server& server_;
  std::shared_ptr<worker_pool> pool_;
};

} // namespace

worker_pool& workers_of(manager_core& home) {
  auto& server = commands_of(home).server(); // first: it is an attachment of its own
  auto& service = home.attached(attachment_kind::workers,
                                [&] { return std::make_unique<worker_service>(home, server); });
  return static_cast<worker_service&>(service).pool();
}

} // namespace taskactor::detail
