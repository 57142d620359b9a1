/// What is at work for tasks beside the actors: threads of calls, and processes. They will wake somebody, so
/// the clock stands still meanwhile. Not at work is what itself waits in a call of ours, or was lost to a
/// fault that the test has ordered.
///
/// Threads: any for `blocked`; the driver's for all else.
#pragma once

#include "testing/blocked_threads.hpp"
#include "testing/fault_plan.hpp"

#include <atomic>
#include <cstddef>
#include <memory>
#include <optional>

namespace taskactor::detail {
class manager_core;
} // namespace taskactor::detail

namespace taskactor::testing {

class real_work {
public:
  /// Before the first call.
  real_work(detail::manager_core& home, const fault_plan& plan);

  std::size_t count(detail::time_point now);
  /// When the first of the threads that are blocked waits no longer.
  std::optional<detail::time_point> next_due(detail::time_point now) const {
    const auto due = blocked_.next_due(now);
    return due == detail::time_point::max() ? std::nullopt : std::optional{due};
  }
  blocked_threads& blocked() noexcept { return blocked_; }

  /// A call that blocks on the driver's own thread. `counts`: it is a task's.
  class blocked_in_turn {
  public:
    blocked_in_turn(real_work& all, bool counts) : count_(counts ? &all.blocked_in_turn_ : nullptr) {
      if (count_)
        ++*count_;
    }
    blocked_in_turn(const blocked_in_turn&) = delete;
    blocked_in_turn& operator=(const blocked_in_turn&) = delete;
    ~blocked_in_turn() {
      if (count_)
        --*count_;
    }

  private:
    std::size_t* count_;
  };

private:
  detail::manager_core& home_;
  const fault_plan& plan_;
  blocked_threads blocked_;
  std::size_t blocked_in_turn_ = 0;
  // Calls whose tokens are back while nobody is woken yet. The queues have it, too.
  std::shared_ptr<std::atomic<std::size_t>> ending_ = std::make_shared<std::atomic<std::size_t>>(0);
};

} // namespace taskactor::testing
