/// `testing::manager`: a task manager in virtual time. Nothing runs and no time passes but by the test's
/// hand.
///
///     ta::testing::manager m{{.seed = 7, .manager = {.capacity = 1}}};
///     auto h = m.tasks().add_task({.timeout = 5s}, body).value();
///     m.settle();          // runs all that can run now
///     m.advance(5s);       // moves the clock, from one due time to the next
///     h.get();             // a blocking call runs the system, and jumps on when all is idle
///
/// Blocking calls (`get`, `wait`, `gather`, `shutdown`, ...) throw `deadlock` when what they wait for can't
/// come any more. `wait_for(limit)` waits in virtual time.
///
/// **Order.** One actor runs at a time, on the test's thread. Without a seed: first come, first served. With
/// one it is drawn which of the actors that can run goes next; each still takes its messages in order. The
/// same seed gives the same order, as far as everything happens on this thread.
///
/// **Real work.** Threads and processes are real. A blocking call lets the clock stand still as long as they
/// are at work, for at most `patience`; after that it goes on without those. `settle` and `advance` don't
/// wait for them. Observers' handlers are real threads too: before time goes on, and at the end of `settle`,
/// they have handled what they were told; one that takes longer than 2 s, or `patience`, isn't waited for.
///
/// Threads: the manager is driven by the thread that made it, alone. `tasks()` may be used from any thread; a
/// blocking call from another one waits until this one drives. Stops: the destructor ends all tasks in
/// virtual time. What can't be ended (a thread that doesn't come back within `patience`) is left behind with
/// the actor system that it needs.
#pragma once

#include <taskactor/task_manager.hpp>
#include <taskactor/testing/faults.hpp>
#include <taskactor/testing/stuck.hpp>
#include <taskactor/time_span.hpp>

#include <caf/fwd.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace taskactor::testing {

/// How the calls of `run_in_thread` are made.
enum class thread_calls : std::uint8_t {
  /// On the pool's threads, as in production. The order in which they end is the machine's.
  on_threads,
  /// One after the other on the test's thread, in the order that the seed gives: it can be replayed. Not for
  /// calls
  /// that wait for each other or for the test.
  in_turn,
};

struct simulation_options {
  /// Of the order, of `draw`, and of random pauses (`gather_options::jitter`). Unset: first come, first
  /// served.
  std::optional<std::uint64_t> seed{};
  thread_calls calls = thread_calls::on_threads;
  /// How long, in real time, a blocking call lets the clock stand still for threads and processes at work.
  std::chrono::milliseconds patience = std::chrono::seconds{20};
  /// Runs of actors without the clock being moved, before it is called a livelock.
  std::size_t max_steps = 2'000'000;
  /// Jumps of the clock in one blocking call, before it is called a livelock.
  std::size_t max_jumps = 1'000'000;
  /// What is unset is the same on every machine and in every environment: 32 tasks, 16 threads and 4
  /// processes at once, and no default timeout, which would end a deadlock before it is seen.
  manager_options manager{};
};

class manager {
public:
  /// Errors: as `task_manager`'s.
  explicit manager(testing::simulation_options options = {});
  manager(const manager&) = delete;
  manager& operator=(const manager&) = delete;
  ~manager();

  task_manager& tasks() noexcept;
  /// For actors of your own, which run in the same order and time.
  caf::actor_system& system() noexcept;

  // -- running, and time ----------------------------------------------------
  /// Runs all that can run now. Errors: `livelock`.
  void settle();
  /// Moves the clock by `duration`, and settles at each due time on the way. Errors: `livelock`.
  void advance(time_span duration);
  /// Jumps to the next due time and settles. False: nothing is due.
  bool jump();
  /// Settles, waits for threads and processes, and jumps, until `done()`. Errors: `deadlock`, `livelock`.
  void run_until(const std::function<bool()>& done);
  /// The same until nothing is due any more: all has ended, or waits for ever (see `waiting`). Errors:
  /// `livelock`.
  void run_until_idle();
  /// Waits, in real time, until a thread or process has woken something; `settle` runs it. False: nothing
  /// came.
  bool wait_for_wake(std::chrono::milliseconds bound);
  std::chrono::steady_clock::time_point now() const;
  /// What the clock on the wall shows, by which schedules fire: the beginning of 2026, in UTC, at first, and
  /// from then on as much later as time passes.
  std::chrono::system_clock::time_point wall_now() const;
  /// Sets it, forth or back, as somebody would by hand; no time passes by that.
  void set_wall(std::chrono::system_clock::time_point to);
  /// Since this was made.
  std::chrono::nanoseconds elapsed() const;
  void set_patience(std::chrono::milliseconds patience) noexcept;

  /// A number below `limit`, from the seed: for what the test itself decides by chance, as whom to kill.
  std::uint64_t draw(std::uint64_t limit);

  // -- looking --------------------------------------------------------------
  /// Runs of actors so far: the same number for the same seed.
  std::uint64_t steps() const noexcept;
  /// All that has not ended, in order of admission, after a `settle`.
  std::vector<waiting_task> waiting();
  /// The same as text, a line each.
  std::string describe();

  // -- faults ---------------------------------------------------------------
  /// Sends the task's actor an exit message of reason `kill`, as anybody who has its address could: the body
  /// is destroyed at its present await, without a grace. One that still waits is cancelled. False: there is
  /// no such task.
  bool kill_task(std::string_view id);
  /// A call of `run_in_thread` loses its thread: the task is not woken by it, its deadline has to end it, and
  /// then counts as an overrun that keeps its tokens, until `bring_back_threads` or the end of the
  /// manager.
  void lose_thread(occurrence which = {}, when_lost when = when_lost::before_call);
  /// The lost threads come back late: a call that was made delivers its result, the others throw
  /// `thread_lost`. Returns how many.
  std::size_t bring_back_threads();
  /// The start of a command fails with this error.
  void fail_process_start(occurrence which = {}, errc code = errc::command_not_started);
  /// Threads to lose and starts to fail that were ordered and have not happened: a test of a fault wants
  /// zero.
  std::size_t faults_to_come() const;

  /// Ends the task manager, as the destructor does; only `system` and `now` may be used after it.
  void end() noexcept;

private:
  class world;
  std::unique_ptr<world> world_;
};

} // namespace taskactor::testing
