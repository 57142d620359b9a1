/// An actor system whose actors run when they are told to, under a clock that moves when it is told to. The
/// only place that knows CAF's scheduler for tests.
///
/// Threads: one drives it (`run_one`, `move_to`). Others may wake actors, which goes through a locked inbox,
/// set timers, read the clock, and ring.
#pragma once

#include <taskactor/detail/context.hpp>

#include <caf/fwd.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

namespace taskactor::testing {

class virtual_scheduler {
public:
  /// Without a seed: first come, first served.
  explicit virtual_scheduler(std::optional<std::uint64_t> seed);
  virtual_scheduler(const virtual_scheduler&) = delete;
  virtual_scheduler& operator=(const virtual_scheduler&) = delete;
  /// Ends the actor system, which waits for its detached actors.
  ~virtual_scheduler();

  caf::actor_system& system() noexcept;
  /// Runs one actor once. False: none can run.
  bool run_one();
  /// One can, by another thread that has woken it.
  bool can_run() const;
  detail::time_point now() const noexcept;
  /// The earliest time that anything was asked for.
  std::optional<detail::time_point> next_due() const;
  /// Moves the clock, never back; whoever asked for a time up to then can run now.
  void move_to(detail::time_point when);
  /// Waits, in real time, for another thread to wake an actor or to ring. False: none did.
  bool wait(std::chrono::milliseconds bound);
  /// Ends a `wait`.
  void wake() noexcept;
  /// Runs `job` when its turn comes, as if an actor did it.
  void post(std::function<void()> job);

private:
  struct parts;
  std::unique_ptr<parts> parts_;
};

} // namespace taskactor::testing
