#include "scheduler/scheduler_service.hpp"

#include "lifecycle/attachment.hpp"
#include "lifecycle/manager_core.hpp"

#include <taskactor/error.hpp>

#include <mutex>
#include <utility>
#include <vector>

namespace taskactor::detail {

namespace {

class scheduler_service final : public attachment {
public:
  void add(const std::shared_ptr<scheduler_member>& one) {
    const std::lock_guard lock{mutex_};
    if (stopped_)
      throw error{errc::stopping, "the manager is shutting down: it takes no scheduler"};
    std::erase_if(members_, [](const auto& each) { return each.expired(); });
    members_.push_back(one);
  }
  void stop() noexcept override {
    std::vector<std::weak_ptr<scheduler_member>> all;
    {
      const std::lock_guard lock{mutex_};
      stopped_ = true;
      all.swap(members_);
    }
    for (const auto& each : all)
      if (const auto one = each.lock())
        one->stop();
  }
  void let_go() noexcept override { stop(); }
  void leave_behind() noexcept override { stop(); }

private:
  std::mutex mutex_; // what follows
  std::vector<std::weak_ptr<scheduler_member>> members_;
  bool stopped_ = false;
};

} // namespace

void attach_scheduler(manager_core& home, const std::shared_ptr<scheduler_member>& member) {
  auto& service
      = home.attached(attachment_kind::schedules, [] { return std::make_unique<scheduler_service>(); });
  static_cast<scheduler_service&>(service).add(member);
}

} // namespace taskactor::detail
