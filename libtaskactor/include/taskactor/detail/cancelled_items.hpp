/// The items of a gather that somebody has cancelled before their turn. Not for users: see
/// `gather_state.hpp`.
#pragma once

#include <atomic>
#include <cstddef>
#include <mutex>
#include <set>

namespace taskactor::detail {

/// Threads: any.
class cancelled_items {
public:
  /// False: it is there already. Errors: `std::bad_alloc`.
  bool add(std::size_t index) {
    const std::lock_guard lock{mutex_};
    const bool added = indexes_.insert(index).second;
    any_.store(true);
    return added;
  }
  /// True, once: it was there.
  bool take(std::size_t index) noexcept {
    if (!any_.load())
      return false;
    const std::lock_guard lock{mutex_};
    return indexes_.erase(index) != 0;
  }

private:
  std::atomic<bool> any_{false};
  std::mutex mutex_;
  std::set<std::size_t> indexes_;
};

} // namespace taskactor::detail
