#include "lifecycle/attached_members.hpp"

#include "lifecycle/manager_core.hpp"

#include <taskactor/error.hpp>

#include <mutex>
#include <string>
#include <vector>

namespace taskactor::detail {

namespace {

class attached_members final : public attachment {
public:
  explicit attached_members(when_let_go then) : then_(then) {}

  void add(const std::shared_ptr<attached_member>& one, const char* what) {
    const std::lock_guard lock{mutex_};
    if (stopped_)
      throw error{errc::stopping, std::string{"the manager is shutting down: it takes no "} + what};
    std::erase_if(members_, [](const auto& each) { return each.expired(); });
    members_.push_back(one);
  }
  void stop() noexcept override {
    std::vector<std::weak_ptr<attached_member>> all;
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
    if (then_ == when_let_go::stop)
      return stop();
    const std::lock_guard lock{mutex_};
    stopped_ = true;
  }

private:
  const when_let_go then_;
  std::mutex mutex_; // what follows
  std::vector<std::weak_ptr<attached_member>> members_;
  bool stopped_ = false;
};

} // namespace

void attach_member(manager_core& home, attachment_kind kind, when_let_go then,
                   const std::shared_ptr<attached_member>& member, const char* what) {
  auto& all = home.attached(kind, [then] { return std::make_unique<attached_members>(then); });
  static_cast<attached_members&>(all).add(member, what);
}

} // namespace taskactor::detail
