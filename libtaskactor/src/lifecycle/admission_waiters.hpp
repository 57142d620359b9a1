/// `admission_waiters`: callers that wait until a manager has room for their task, or takes none any more.
/// Threads: any.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <mutex>

namespace taskactor::detail {

class admission_waiters {
public:
  /// Some have ended, or what waits has been cancelled: whoever waits looks again.
  void tell() {
    if (waiting_.load() == 0)
      return;
    const std::lock_guard lock{mutex_}; // who waits has looked, or will
    changed_.notify_all();
  }
  /// `wait(lock, changed)`: until there is room.
  template <class Wait>
  void enter(Wait wait) {
    waiting_.fetch_add(1);
    struct leave {
      std::atomic<std::size_t>& count;
      ~leave() { count.fetch_sub(1); }
    } const at_end{waiting_};
    std::unique_lock lock{mutex_};
    wait(lock, changed_);
  }

private:
  std::atomic<std::size_t> waiting_{0};
  std::mutex mutex_; // of the next
  std::condition_variable changed_;
};

} // namespace taskactor::detail
