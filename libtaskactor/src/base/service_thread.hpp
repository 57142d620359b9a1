/// `service_thread`: this thread does what everybody depends on (the manager's turns, timers, limiter
/// queues), and runs nothing of the user's: no destructor either. What would be destroyed here goes to
/// `disposal.hpp`.
#pragma once

#include <utility>

namespace taskactor::detail {

class service_thread {
public:
  service_thread() noexcept : before_(std::exchange(this_is_one, true)) {}
  ~service_thread() { this_is_one = before_; }
  service_thread(const service_thread&) = delete;
  service_thread& operator=(const service_thread&) = delete;
  static bool is_this() noexcept { return this_is_one; }

private:
  inline static thread_local bool this_is_one = false;
  bool before_;
};

} // namespace taskactor::detail
