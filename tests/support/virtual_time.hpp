/// A task manager in virtual time: nothing runs and no time passes but by the test's hand (rule 14).
///
///     virtual_time world{{.capacity = 1}};
///     auto h = world.tasks.add_task({.timeout = 5s}, body).value();
///     world.settle();          // runs all that can run now
///     world.advance(5s);       // moves the clock, from one due time to the next
///     h.get();                 // a blocking call runs the world, and jumps to the next due time when all is
///     idle
///
/// Real threads (the pool, commands, observers) may wake actors at any time: what they enqueue goes through a
/// locked inbox. While such work is under way the clock stands still, unless the test moves it.
#pragma once

#include "manual_system.hpp"

#include <taskactor/taskactor.hpp>

#include <chrono>
#include <functional>
#include <memory>

namespace test {

namespace ta = taskactor;
using namespace std::chrono_literals;

class virtual_time {
public:
  explicit virtual_time(ta::manager_options options = {});
  ~virtual_time();

  /// Runs jobs until none is left. Fails the test when they never end.
  void settle();
  /// Moves the clock by `duration`, settling at each due time on the way.
  void advance(std::chrono::nanoseconds duration);
  /// Jumps to the next due time and settles. False: nothing is due.
  bool jump();
  /// Runs, waits for real threads and jumps, until `done()`. Fails the test when that can't come.
  void run_until(const std::function<bool()>& done);
  /// Waits, in real time, for a real thread to wake an actor.
  void wait_for_wake(std::chrono::milliseconds bound);
  std::chrono::steady_clock::time_point now() const;
  caf::actor_system& system() { return system_.get(); }

  /// How long, in real time, the clock stands still for real work that doesn't come to its end.
  std::chrono::milliseconds patience = 20s;

private:
  manual_system system_;

public:
  std::unique_ptr<ta::task_manager> owner;
  ta::task_manager& tasks;
};

} // namespace test
