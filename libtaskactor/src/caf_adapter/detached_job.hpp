/// An actor with a thread of its own that does one job, for as long as that takes.
#pragma once

#include "base/new_thread.hpp"
#include "caf_adapter/compat.hpp"

#include <caf/actor_system.hpp>
#include <caf/blocking_actor.hpp>

#include <functional>
#include <system_error>
#include <utility>

namespace taskactor::detail {

class detached_job final : public detachable<caf::blocking_actor> {
public:
  detached_job(caf::actor_config& config, std::function<void()> job)
      : detachable<caf::blocking_actor>(config), job_(std::move(job)) {}
  void act() override {
    is_this_thread_one() = true;
    const auto job
        = std::move(job_); // what it has captured goes with it, not with the last handle of this actor
    job();
  }
  const char* name() const override { return "taskactor.job"; }

  /// This thread runs one, in whatever system.
  static bool& is_this_thread_one() noexcept {
    thread_local bool is = false;
    return is;
  }

  /// `counted`: the system's destructor lets it end before it stops the scheduler. Errors:
  /// `std::system_error` when no thread can be made.
  static void start(caf::actor_system& system, std::function<void()> job, bool counted = false) {
    const passing_through caller;
    try {
      if (counted)
        system.spawn<detached_job, caf::detached>(std::move(job));
      else
        system.spawn<detached_job, caf::detached + caf::hidden>(std::move(job));
    } catch (const std::system_error& error) {
      no_thread(error, "a part of the manager_core that has its own");
    }
  }

private:
  std::function<void()> job_;
};

} // namespace taskactor::detail
