#include "queue/store_watchers.hpp"

#include <utility>

namespace taskactor::detail {

/// Its lock is held during the call: so it is over when the watcher goes, unless it goes by that call.
class store_watchers::watcher {
public:
  explicit watcher(std::function<void()> changed) : changed_(std::move(changed)) {}

  void call() {
    const std::lock_guard lock{mutex_};
    if (ended_)
      return;
    calls_ = true;
    changed_();
    calls_ = false;
    if (ended_)
      changed_ = nullptr;
  }
  void end() noexcept {
    const std::lock_guard lock{mutex_};
    ended_ = true;
    if (!calls_)
      changed_ = nullptr;
  }
  bool is_over() noexcept {
    const std::lock_guard lock{mutex_};
    return ended_;
  }

private:
  std::recursive_mutex mutex_; // what follows
  std::function<void()> changed_;
  bool calls_ = false, ended_ = false;
};

std::shared_ptr<const store_watchers::list> store_watchers::all() noexcept {
  const std::lock_guard lock{mutex_};
  return all_;
}

/// The list is a new one each time, so that it can be gone through without a lock. One that is over goes with
/// the next that is added.
std::shared_ptr<void> store_watchers::add(std::function<void()> changed) {
  auto made = std::make_shared<watcher>(std::move(changed));
  const std::lock_guard lock{mutex_};
  auto more = std::make_shared<list>();
  more->reserve(all_->size() + 1);
  for (const auto& each : *all_)
    if (!each->is_over())
      more->push_back(each);
  more->push_back(made);
  all_ = std::move(more);
  auto* const which = made.get();
  return std::shared_ptr<void>{which, [made = std::move(made)](void*) { made->end(); }};
}

void store_watchers::tell() noexcept {
  for (const auto& each : *all())
    each->call();
}

} // namespace taskactor::detail
