/// `scheduler_host`: the schedules of one scheduler, under one lock, and what is done to them, by callers and
/// by its actor's turns.
///
///     callers: add, pause, run_now ... --+--> entries --admit--> tasks of the manager
///     scheduler_actor: turn -------------+       ^
///     tasks, when nothing of a body runs --> ended runs, under a lock of their own
///
/// Tasks are admitted under the lock, which calls nothing of the user's: a body is called, and destroyed,
/// elsewhere. Closed, by its owner or with its manager, it asks that one for nothing any more. What is done
/// to a schedule that is there takes no memory that it hasn't: what asks for some comes before anything is
/// changed.
/// Threads: any.
#pragma once

#include "lifecycle/attached_members.hpp"
#include "scheduler/ended_runs.hpp"
#include "scheduler/fire_starter.hpp"
#include "scheduler/schedule_entry.hpp"
#include "scheduler/schedule_table.hpp"
#include "scheduler/turn_host.hpp"

#include <taskactor/schedule/scheduler.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace taskactor::detail {

class manager_core;

class scheduler_host final : public attached_member,
                             public turn_host,
                             public std::enable_shared_from_this<scheduler_host> {
public:
  using entry_ptr = std::shared_ptr<schedule_entry>;

  /// Errors: as `scheduler`'s.
  static std::shared_ptr<scheduler_host> start(task_manager& tasks);
  explicit scheduler_host(manager_core& home) : home_(home) {}

  // -- callers --------------------------------------------------------------
  expected<schedule_handle> add(schedule_options options, const trigger& when,
                                std::shared_ptr<schedule_body> body);
  std::optional<schedule_handle> find(std::string_view name);
  std::vector<schedule_info> list();
  schedule_info info(const schedule_entry& which);
  bool pause(const entry_ptr& which);
  bool resume(const entry_ptr& which, on_resume how);
  expected<std::string> run_now(const entry_ptr& which);
  expected<fire> change(const entry_ptr& which, const trigger& to);
  bool cancel(const entry_ptr& which);
  std::size_t cancel_running(const entry_ptr& which);

  // -- its actor, its manager, its owner ------------------------------------
  next_turn turn() override;
  void end_turns(const char* why) noexcept override { close_elsewhere(why); }
  /// All schedules end. May be called again. Their bodies are destroyed by who calls.
  void close(const char* why) noexcept;
  /// The same, but by the manager, which is there.
  void close_elsewhere(const char* why) noexcept;
  void stop() noexcept override { close_elsewhere("the manager has ended"); }

private:
  using runs = std::vector<ended_runs::run>;

  void end_all(const char* why, gone_bodies& gone) noexcept;
  /// Those whose end hasn't been seen yet: so that who asks hears of what was over before. `ended` is
  /// destroyed without the lock.
  void settle(runs& ended, gone_bodies& gone) noexcept;
  void make_turn(next_turn& next);
  /// By the manager's disposal. Errors: `std::bad_alloc`; then they are where they were.
  void destroy_elsewhere(gone_bodies& gone);
  /// What it took, about, in searches; none: the manager is full.
  std::optional<std::size_t> fire_due(const entry_ptr& which, fire_time now);
  bool begin_waiting(const entry_ptr& which) noexcept; // false: the manager is full

  manager_core& home_; // not once it is closed
  fire_starter starter_{home_};
  std::mutex mutex_; // what follows
  bool over_ = false;
  schedule_table schedules_{starter_};
  gone_bodies gone_; // by turns, of which the manager destroys them
  struct {
    time_point again{};
    std::chrono::milliseconds pause{};
  } full_; // the manager's queue
};

} // namespace taskactor::detail
