#include "queue/queue_service.hpp"

#include "lifecycle/attachment.hpp"
#include "lifecycle/manager_core.hpp"

#include <taskactor/error.hpp>

#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace taskactor::detail {

namespace {

class queue_service final : public attachment {
public:
  void add(const std::shared_ptr<queue_member>& one, const char* what) {
    const std::lock_guard lock{mutex_};
    if (stopped_)
      throw error{errc::stopping, std::string{"the manager is shutting down: it takes no "} + what};
    std::erase_if(members_, [](const auto& each) { return each.expired(); });
    members_.push_back(one);
  }
  void stop() noexcept override {
    std::vector<std::weak_ptr<queue_member>> all;
    {
      const std::lock_guard lock{mutex_};
      stopped_ = true;
      all.swap(members_);
    }
    for (const auto& each : all)
      if (const auto one = each.lock())
        one->stop();
  }
  void leave_behind() noexcept override { stop(); }
  void let_go() noexcept override {
    const std::lock_guard lock{mutex_};
    stopped_ = true; // what is attached goes on as long as the manager is there
  }

private:
  std::mutex mutex_; // what follows
  std::vector<std::weak_ptr<queue_member>> members_;
  bool stopped_ = false;
};

} // namespace

void attach_to(manager_core& home, const std::shared_ptr<queue_member>& member, const char* what) {
  auto& service = home.attached(attachment_kind::queue, [] { return std::make_unique<queue_service>(); });
  static_cast<queue_service&>(service).add(member, what);
}

} // namespace taskactor::detail
