#include "worker/worker_service.hpp"

#include "command/command_service.hpp"
#include "lifecycle/manager_core.hpp"
#include "transport/link.hpp"
#include "worker/worker_pool.hpp"

#include <taskactor/manager_options.hpp>

#include <memory>
#include <mutex>

namespace taskactor::detail {

namespace {

class worker_service final : public attachment {
public:
  worker_service(manager_core& home, command_server& server)
      : server_(server),
        pool_(std::make_shared<worker_pool>(
            home, process_host{server, [this]() -> link_host& { return links(); }})) {
    pool_->begin();
  }
  /// The workers die with the server, which tells the pool of each end.
  void stop() noexcept override {
    pool_->stop();
    server_.stop();
    links_.reset();
  }
  void add_to(manager_statistics& into) const override { into.workers = pool_->statistics(); }
  worker_pool& pool() noexcept { return *pool_; }

private:
  link_host& links() {
    std::call_once(links_made_, [this] { links_ = std::make_unique<link_host>(); });
    return *links_;
  }

  command_server& server_;
  std::once_flag links_made_;
  std::unique_ptr<link_host> links_;
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
