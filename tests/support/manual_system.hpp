/// An actor system that does nothing by itself: what its actors have to do is run by hand, and its clock
/// stands still until it is moved. The same for both versions of CAF, of which only the source knows.
///
/// Threads: the test's own; but jobs may be enqueued by any.
#pragma once

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>

#include <chrono>
#include <memory>
#include <optional>

namespace test {

class manual_scheduler;

class manual_system {
public:
  using time_point = std::chrono::steady_clock::time_point;

  manual_system();
  ~manual_system();

  caf::actor_system& get() { return *system_; }
  /// Runs until nothing is left. False: it goes on and on.
  bool drain();
  /// Waits, in real time, for a real thread to enqueue something. False: nothing came.
  bool wait_for_job(std::chrono::milliseconds bound);
  time_point now() const;
  /// When the clock has something to deliver next.
  std::optional<time_point> next_due() const;
  /// Moves the clock, never back, and delivers what is due by then; it is not yet handled.
  void advance_to(time_point when);

private:
  caf::actor_system_config config_;
  manual_scheduler* scheduler_ = nullptr;
  std::unique_ptr<caf::actor_system> system_;
};

} // namespace test
