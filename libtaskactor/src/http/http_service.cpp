#include "http/http_service.hpp"

#include "http/http_client.hpp"
#include "lifecycle/attachment.hpp"
#include "lifecycle/manager_core.hpp"

#include <taskactor/error.hpp>

#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace taskactor::detail {

namespace {

class http_service final : public attachment {
public:
  /// Errors: `errc::stopping`; `std::bad_alloc`.
  void add(const std::shared_ptr<http_client>& one) {
    const std::lock_guard lock{mutex_};
    if (stopped_)
      throw error{errc::stopping, "the manager is shutting down: it takes no http client"};
    std::erase_if(clients_, [](const auto& each) { return each.expired(); });
    clients_.push_back(one);
  }
  void stop() noexcept override {
    std::vector<std::weak_ptr<http_client>> all;
    {
      const std::lock_guard lock{mutex_};
      stopped_ = true;
      all.swap(clients_);
    }
    for (const auto& each : all)
      if (const auto one = each.lock())
        one->loop().stop();
  }

private:
  std::mutex mutex_; // what follows
  std::vector<std::weak_ptr<http_client>> clients_;
  bool stopped_ = false;
};

} // namespace

std::shared_ptr<http_client> make_http_client(manager_core& home, http::client_options options) {
  auto made = std::make_shared<http_client>(std::move(options));
  auto& service = home.attached(attachment_kind::http, [] { return std::make_unique<http_service>(); });
  static_cast<http_service&>(service).add(made);
  return made;
}

} // namespace taskactor::detail
