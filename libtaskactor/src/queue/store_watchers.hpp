/// `store_watchers`: who wants to hear that something in a store may have changed. Threads: any.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <vector>

namespace taskactor::detail {

class store_watchers {
public:
  /// See `store_core::watch`.
  std::shared_ptr<void> add(std::function<void()> changed);
  void tell() noexcept;

private:
  class watcher;
  using list = std::vector<std::shared_ptr<watcher>>;

  std::shared_ptr<const list> all() noexcept;

  std::mutex mutex_; // of the next
  std::shared_ptr<const list> all_ = std::make_shared<const list>();
};

} // namespace taskactor::detail
