/// `body_runner`: the life of a body: begun, driven whenever it can go on, until it has ended or is killed;
/// and then what it has left behind is waited for. What bodies await through (`context`), without the actor:
/// `task_actor` says when it runs, and how it is woken.
///
///     fresh --start--> begun --ends--> lingering, or fresh: the next item of a gather
///                         \--killed--> lingering: its frames stay until what it has begun has ended
///
/// Threads: the one on which its actor runs.
#pragma once

#include "lifecycle/killed_body.hpp"
#include "lifecycle/pending_operations.hpp"

#include <taskactor/detail/record.hpp>

#include <cstdint>
#include <memory>
#include <utility>

namespace taskactor::detail {

class watched_turn;
struct held_locks_check;

/// A context whose timers are its manager's.
class timed_context : public context {
public:
  void arm(timer_entry& entry) final;
  void disarm(timer_entry& entry) noexcept final;
  bool move(timer_entry& entry, time_point due) final;

protected:
  ~timed_context() = default;
};

class body_runner : public timed_context {
public:
  // -- context --------------------------------------------------------------
  task_core& core() const noexcept final { return *task_; }
  manager_core& home() noexcept final { return *task_->home; }
  void join_before_exit(ref<operation> what) final { operations_.add(std::move(what), false); }
  void join_before_exit_if_killed(ref<operation> what) final { operations_.add(std::move(what), true); }
  void lend_token_back() final;
  void do_without_token() noexcept final { task_->token.excuse(); }

protected:
  enum class turn : std::uint8_t { park, requeue, end };

  explicit body_runner(ref<record> task) noexcept;
  ~body_runner();

  /// So far as it goes: until the body waits, others have their turn, or all of it is over.
  turn run(const watched_turn& watched);
  /// After the last turn.
  void forget_operations() noexcept { operations_.clear(); }
  const ref<record>& task() const noexcept { return task_; }
  /// What stands in its task's place for the manager, if that has gone on to another attempt; else null.
  const ref<record>& rest() const noexcept { return rest_; }
  bool was_killed() const noexcept { return killed_.was_killed(); }
  void pause() final;
  /// Destructors of a killed body see none: its task may have gone on, or be gone, with what it had.
  local_binding* inherited_locals() const noexcept final {
    return was_killed() ? nullptr : task_->inherited_locals();
  }

private:
  struct pause_wait;
  enum class body_stage : std::uint8_t { fresh, begun, lingering };

  bool has_come() noexcept;
  bool may_run() noexcept;
  void drive();
  void tell_of_locks(const held_locks_check& check, long held) noexcept;
  bool end_body();
  turn kill();
  turn end();
  void set_parked(bool is) noexcept;

  ref<record> task_;
  ref<record> rest_;
  pending_operations operations_;
  killed_body killed_;
  std::unique_ptr<pause_wait> pause_; // made for the body that swallows cancellations, which are few
  bool told_ = false;                 // the present waiter knows of the cancellation
  body_stage stage_ = body_stage::fresh;
};

} // namespace taskactor::detail
