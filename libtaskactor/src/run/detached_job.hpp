/// An actor with a thread of its own that does one job, for as long as that takes.
#pragma once

#include "../caf_compat.hpp"

#include <caf/actor_system.hpp>
#include <caf/blocking_actor.hpp>

#include <functional>
#include <system_error>
#include <utility>

namespace taskactor::detail {

class detached_job final : public caf::blocking_actor {
public:
  detached_job(caf::actor_config& config, std::function<void()> job)
      : blocking_actor(config), job_(std::move(job)) {}
  void act() override {
    const auto job
        = std::move(job_); // what it has captured goes with it, not with the last handle of this actor
    job();
  }
  const char* name() const override { return "taskactor.job"; }

  /// Errors: `std::system_error` when no thread can be made.
  static void start(caf::actor_system& system, std::function<void()> job) {
    const passing_through caller;
    try {
      system.spawn<detached_job, caf::detached + caf::hidden>(std::move(job));
    } catch (const std::system_error&) {
      forget_detached(system);
      throw;
    }
  }

private:
  std::function<void()> job_;
};

} // namespace taskactor::detail
