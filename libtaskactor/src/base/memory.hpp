/// `once_there_is_memory(f)`: for what has to be said when the point of no return is passed, so that nothing
/// is lost for want of memory: `f` is tried again, until there is some.
///
/// Calls of users allocate before that point, and throw; this is for what can't throw any more.
#pragma once

#include <chrono>
#include <new>
#include <thread>

namespace taskactor::detail {

/// Between two tries.
inline constexpr std::chrono::milliseconds moment_without_memory{1};

template <class F>
decltype(auto) once_there_is_memory(F&& f) {
  for (;;) {
    try {
      return f();
    } catch (const std::bad_alloc&) {
      std::this_thread::sleep_for(moment_without_memory);
    }
  }
}

/// Under a lock, which others have meanwhile: what they do may be what gives memory back.
template <class Lock, class F>
decltype(auto) once_there_is_memory(Lock& lock, F&& f) {
  for (;;) {
    try {
      return f();
    } catch (const std::bad_alloc&) {
      lock.unlock();
      std::this_thread::sleep_for(moment_without_memory);
      lock.lock();
    }
  }
}

} // namespace taskactor::detail
