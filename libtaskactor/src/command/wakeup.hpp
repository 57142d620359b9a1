/// What wakes the serving thread, which waits in its poller: an eventfd that callers write.
///
/// It is written once until the serving thread has acknowledged that, so it is never full. `wake` writes
/// without its owner's lock, which the serving thread takes first of all; `close` waits for those who write.
///
/// Threads: any, under its owner's lock.
#pragma once

#include "base/unique_fd.hpp"

#include <atomic>
#include <mutex>

namespace taskactor::detail {

class wakeup {
public:
  /// Errors: `std::system_error` when there is no descriptor left.
  wakeup();

  /// Readable when it was written; none when it is closed.
  const unique_fd& fd() const noexcept { return fd_; }
  /// Releases `lock`, its owner's, if it writes. Nothing, once it is closed.
  void wake(std::unique_lock<std::mutex>& lock) noexcept;
  /// It can be written again.
  void acknowledge() noexcept;
  void close() noexcept;

private:
  unique_fd fd_;
  bool woken_ = false;
  std::atomic<int> ringing_{0}; // in the midst of that, without the lock
};

} // namespace taskactor::detail
