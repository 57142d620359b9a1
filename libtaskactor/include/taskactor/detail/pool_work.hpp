/// `detail::pool_work`: what a thread of a pool runs (`src/threads/thread_pool.hpp`). Not for users.
#pragma once

#include <exception>

namespace taskactor::detail {

/// Counts its references; the pool has one while it is queued or runs.
class pool_work {
public:
  /// On the worker's thread. Throws nothing, but may unwind that thread, which ends then (`pthread_exit`).
  virtual void run() = 0;
  /// There is no thread to be had.
  virtual void refuse(std::exception_ptr why) noexcept = 0;
  virtual void retain() noexcept = 0;
  virtual void release() noexcept = 0;

protected:
  ~pool_work() = default;
};

} // namespace taskactor::detail
