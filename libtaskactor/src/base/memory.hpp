/// `once_there_is_memory(f)`: for what has to be said when the point of no return is passed, so that nothing
/// is lost for want of memory: `f` is tried again, until there is some.
///
/// Calls of users allocate before that point, and throw; this is for what can't throw any more.
#pragma once

#include <chrono>
#include <new>
#include <thread>

namespace taskactor::detail {

template <class F>
decltype(auto) once_there_is_memory(F&& f) {
  constexpr std::chrono::milliseconds moment{1};
  for (;;) {
    try {
      return f();
    } catch (const std::bad_alloc&) {
      std::this_thread::sleep_for(moment);
    }
  }
}

} // namespace taskactor::detail
