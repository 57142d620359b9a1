/// The time of a pool of workers: its actor, made when it is first needed, that hears of it from the actor
/// system's clock.
///
/// Threads: any; what it calls comes on the actor's.
#pragma once

#include <taskactor/time_span.hpp>

#include <caf/actor.hpp>

#include <functional>
#include <mutex>

namespace taskactor::detail {

class manager_core;

class worker_timer {
public:
  struct handlers {
    std::function<void()> retire_idle, start_again;
  };
  explicit worker_timer(manager_core& home) noexcept : home_(home) {}
  /// Once, before the others. The handlers may be called until the manager has ended its actors.
  void begin(handlers calls) { calls_ = std::move(calls); }
  void retire_idle_at(time_point when);
  void start_again_at(time_point when);

private:
  caf::strong_actor_ptr actor();

  manager_core& home_;
  handlers calls_;
  std::once_flag made_;
  caf::actor actor_;
};

} // namespace taskactor::detail
