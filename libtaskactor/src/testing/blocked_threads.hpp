/// The threads of tasks' calls that block in a call of ours: they are at work again as soon as what they wait
/// for is there, before they know it. Threads: any.
#pragma once

#include <taskactor/detail/context.hpp>

#include <algorithm>
#include <cstddef>
#include <functional>
#include <mutex>
#include <vector>

namespace taskactor::testing {

class blocked_threads {
public:
  struct entry {
    std::mutex& mutex;
    const std::function<bool()>& done;
    detail::time_point until;
  };
  /// Not under the lock of the entry.
  void add(const entry& which) {
    const std::lock_guard lock{mutex_};
    entries_.push_back(&which);
  }
  void remove(const entry& which) {
    const std::lock_guard lock{mutex_};
    std::erase(entries_, &which);
  }
  /// How many go on waiting.
  std::size_t count(detail::time_point now) const {
    const std::lock_guard lock{mutex_};
    return static_cast<std::size_t>(std::count_if(entries_.begin(), entries_.end(), [now](const auto* each) {
      const std::lock_guard inner{each->mutex};
      return now < each->until && !each->done();
    }));
  }
  /// When the first of them waits no longer.
  detail::time_point next_due(detail::time_point now) const {
    const std::lock_guard lock{mutex_};
    auto result = detail::time_point::max();
    for (const auto* each : entries_)
      if (each->until > now)
        result = std::min(result, each->until);
    return result;
  }

private:
  mutable std::mutex mutex_; // what follows
  std::vector<const entry*> entries_;
};

} // namespace taskactor::testing
