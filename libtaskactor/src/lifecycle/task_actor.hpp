/// The light task actor: a CAF actor with an address, monitors, links and exit messages, and nothing else.
///
/// It has no mailbox and no behavior. What it has to hear beyond exit messages (a timer, a thread's result, a
/// child's end) sets something that its body's waiter looks at, and wakes it through one small word
/// (`schedule_word`). What it runs is in `body_runner`.
///
/// Rules: 1. Only the thread that made it `running` touches the body. 2. After the step to `parked` or
/// `queued` that thread touches nothing of it. 3. Each entry in the scheduler's queue owns a reference. 4.
/// Its end is its clean-up, in which the manager's monitor tells it (rule 3 of DESIGN.md).
#pragma once

#include "caf_adapter/compat_actor.hpp"
#include "lifecycle/body_runner.hpp"
#include "lifecycle/open_request.hpp"
#include "lifecycle/schedule_word.hpp"

#include <taskactor/detail/record.hpp>

#include <caf/infer_handle.hpp>

#include <cstddef>
#include <cstdint>

namespace taskactor::detail {

/// The manager's: the attempt is over, or goes on by itself, and the next one is an actor of its own.
context* part_actor(record& which) noexcept;

class task_actor final : public light_actor, public caf::resumable, public body_runner {
  TASKACTOR_LIGHT_ACTOR

public:
  task_actor(caf::actor_config& config, ref<record> task);

  // -- the actor ------------------------------------------------------------
  const char* name() const override { return "taskactor.task"; }
  resume_result resume(executor* here, std::size_t) override;
  bool runs_anywhere() const noexcept { return task()->runs_anywhere; }
  bool is_of(const manager_core& home) const noexcept { return task()->home == &home; }
  void on_exit_message(const caf::exit_msg& exit);
  /// The manager's, in place of such a message.
  void exit_signal(bool kill) noexcept;
  /// The manager's, after a kill: the task goes on to another attempt, and this actor ends for itself.
  void leave_attempt() noexcept {
    task()->control.fetch_or(leave_bit, std::memory_order_acq_rel);
    wake();
  }
  /// The manager's: its monitor on this actor, before it is scheduled. No ending can be lost (rule 3).
  void tell_of_end();
  void on_response(std::uint64_t request, caf::message reply);
  /// The body asks another actor; its reply goes to `into`, unless another request has been made since.
  void send_request(const caf::strong_actor_ptr& to, caf::message content, ref<reply_slot> into);

  // -- context --------------------------------------------------------------
  void wake() noexcept override;
  void retain() noexcept override { caf::intrusive_ptr_add_ref(ctrl()); }
  void release() noexcept override { caf::intrusive_ptr_release(ctrl()); }

private:
  struct monitor;
  static constexpr std::size_t monitor_size = 3 * sizeof(void*);
  caf::error exit_reason() const;

  schedule_word word_;                             // first: behind the small members of `body_runner`
  alignas(void*) std::byte monitor_[monitor_size]; // NOLINT: not initialised: CAF's as long as it is attached
  open_request request_;
};

} // namespace taskactor::detail

namespace caf {
template <>
struct infer_handle_from_class<taskactor::detail::task_actor> {
  using type = strong_actor_ptr;
  static constexpr spawn_mode mode = spawn_mode::clazz;
};
} // namespace caf
