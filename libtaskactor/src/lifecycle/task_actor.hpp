/// The light task actor: a CAF actor with an address, monitors, links and exit messages, and nothing else.
///
/// It has no mailbox and no behavior. What it has to hear beyond exit messages (a timer, a thread's result, a
/// child's end) sets something that its body's waiter looks at, and wakes it through one small word:
///
///     running --parks--> parked --wake--> queued --scheduler--> running        running --wake--> noted
///        \--body ends--> down                                   noted: looks again instead of parking
///
/// Rules: 1. Only the thread that made it `running` touches the body. 2. After the step to `parked` or
/// `queued` that thread touches nothing of it. 3. Each entry in the scheduler's queue owns a reference. 4.
/// Its end is its clean-up, in which the manager's monitor tells it (rule 3 of DESIGN.md).
#pragma once

#include "caf_adapter/compat_actor.hpp"

#include <taskactor/detail/record.hpp>

#include <caf/infer_handle.hpp>

#include <taskactor/actors/request.hpp>

#include "base/adaptive_mutex.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace taskactor::detail {

class watched_turn;

/// The manager's: the attempt is over, or goes on by itself, and the next one is an actor of its own.
context* part_actor(record& which) noexcept;

class task_actor final : public light_actor, public caf::resumable, public context {
  TASKACTOR_LIGHT_ACTOR

public:
  task_actor(caf::actor_config& config, ref<record> task);
  ~task_actor() override;

  // -- the actor ------------------------------------------------------------
  const char* name() const override { return "taskactor.task"; }
  resume_result resume(executor* here, std::size_t) override;
  bool runs_anywhere() const noexcept { return task_->runs_anywhere; }
  bool is_of(const manager_core& home) const noexcept { return task_->home == &home; }
  void on_exit_message(const caf::exit_msg& exit);
  /// The manager's, in place of such a message.
  void exit_signal(bool kill) noexcept;
  /// The manager's, after a kill: the task goes on to another attempt, and this actor ends for itself.
  void leave_attempt() noexcept {
    task_->control.fetch_or(leave_bit, std::memory_order_acq_rel);
    wake();
  }
  /// The manager's: its monitor on this actor, before it is scheduled. No ending can be lost (rule 3).
  void tell_of_end();
  void on_response(std::uint64_t request, caf::message reply);
  /// The body asks another actor; its reply goes to `into`, unless another request has been made since.
  void send_request(const caf::strong_actor_ptr& to, caf::message content, ref<reply_slot> into);

  // -- context --------------------------------------------------------------
  task_core& core() const noexcept override { return *task_; }
  manager_core& home() noexcept override { return *task_->home; }
  void arm(timer_entry& entry) override;
  void disarm(timer_entry& entry) noexcept override;
  void wake() noexcept override;
  void retain() noexcept override { caf::intrusive_ptr_add_ref(ctrl()); }
  void release() noexcept override { caf::intrusive_ptr_release(ctrl()); }
  void join_before_exit(ref<operation> what) override { add_pending_operation(std::move(what), false); }
  void join_before_exit_if_killed(ref<operation> what) override {
    add_pending_operation(std::move(what), true);
  }
  void lend_token_back() override;
  void do_without_token() noexcept override { task_->token.excuse(); }

protected:
  void pause() override;

private:
  struct pause_wait;
  struct monitor;
  static constexpr std::size_t monitor_size = 3 * sizeof(void*);
  enum class word : std::uint8_t { queued, running, noted, parked, down };
  enum class turn : std::uint8_t { park, requeue, end };

  turn run(const watched_turn& watched);
  turn kill();
  bool can_go_on() noexcept;
  bool has_come() noexcept;
  bool may_run() noexcept;
  bool end_is_due() const noexcept;
  void drive();
  bool end_body();
  turn end();
  void add_pending_operation(ref<operation> what, bool only_if_killed);
  void abandon_pending_operations() noexcept;
  void part_from_task();
  void set_parked(bool is) noexcept;
  bool outlived() const noexcept;
  caf::error exit_reason() const;
  bool killed() const noexcept {
    return (task_->control.load(std::memory_order_acquire) & record::kill_bit) != 0;
  }

  ref<record> task_;
  ref<record> rest_; // in its place for the manager, if the task has gone on to another attempt
  alignas(void*) std::byte monitor_[monitor_size]; // NOLINT: not initialised: CAF's as long as it is attached
  struct remainder {
    ref<operation> what;
    bool only_if_killed;
  };
  std::vector<remainder> pending_operations_; // what goes on after the body has ended or was killed
  std::atomic<word> word_{word::queued};
  struct open_request {
    adaptive_mutex mutex;
    std::uint64_t id = 0;
    ref<reply_slot> reply;
  };
  std::atomic<open_request*> request_{nullptr}; // made for the body that asks, owned
  std::unique_ptr<pause_wait> pause_; // made for the body that swallows cancellations, which are few
  bool begun_ = false;
  bool told_ = false;      // the present waiter knows of the cancellation
  bool destroyed_ = false; // by a kill
  bool lingering_ = false; // the body runs no more, what it has left behind does
  bool parked_ = false;    // and says so in the record
  bool has_body_ = false;  // it was killed, and its frames are there as long as that
  promise_base* frames_ = nullptr;
};

} // namespace taskactor::detail

namespace caf {
template <>
struct infer_handle_from_class<taskactor::detail::task_actor> {
  using type = strong_actor_ptr;
  static constexpr spawn_mode mode = spawn_mode::clazz;
};
} // namespace caf
