/// What a task has begun outside of its actor. Not for users.
#pragma once

#include <atomic>
#include <cstdint>

namespace taskactor::detail {

/// Work outside of the task's actor (a thread's call, a process, the slots of a gather), which outlives a
/// killed body. Its end wakes the actor.
class operation {
public:
  virtual ~operation() = default;
  /// True when nothing of it runs any more.
  virtual bool ended() const noexcept = 0;
  /// The body that has left it behind is over. Again, if that is killed since then: there is no time left.
  virtual void abandon() noexcept {}
  void retain() noexcept { references_.fetch_add(1, std::memory_order_relaxed); }
  void release() noexcept {
    if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1)
      destroy();
  }

protected:
  /// Nobody refers to it any more. What holds anything of the user's does it elsewhere, on a thread that
  /// everybody depends on.
  virtual void destroy() noexcept { delete this; }

private:
  std::atomic<std::uint32_t> references_{0};
};

} // namespace taskactor::detail
