#include "lifecycle/task_actor.hpp"

#include "caf_adapter/compat.hpp"
#include "caf_adapter/run_queue.hpp"
#include "lifecycle/manager_core.hpp"
#include "lifecycle/manager_messages.hpp"
#include "lifecycle/requests.hpp"
#include "lifecycle/retry_question.hpp"
#include "threads/stall_detector.hpp"

#include <taskactor/actors/exit_code.hpp>

#include <caf/all.hpp>

#include <utility>

namespace taskactor::detail {

/// Stands in the actor itself: an allocation for each task would be a tenth of its cost.
struct task_actor::monitor final : end_watch {
  explicit monitor(const task_actor& which) noexcept : of(which) {}
  void on_end() noexcept override {
    auto& task = *of.task();
    if (of.rest())
      post(task.home->manager(), attempt_ended{of.rest()}); // behind what has made it known
    else if (task.extras) // what its last attempt has told the manager comes before its end, in order
      post(task.home->manager(), attempt_ended{ref<record>{&task}});
    else
      detail::tell(*task.home, task, record::has_ended);
  }
  static void operator delete(void*) noexcept {}
  const task_actor& of;
};

task_actor::task_actor(caf::actor_config& config, ref<record> task)
    : light_actor(config), body_runner(std::move(task)) {
  word_.queue_first();
}

void task_actor::on_exit_message(const caf::exit_msg& exit) {
  const bool kills = exit.reason == caf::exit_reason::kill;
  if (exit.source != home().manager().address()) { // a stranger's: the manager decides, and keeps the time
    post(home().manager(), exit_received{task(), kills});
    return;
  }
  exit_signal(kills);
}

void task_actor::exit_signal(bool kill) noexcept {
  task()->control.fetch_or(kill ? record::cancel_bit | record::kill_bit : record::cancel_bit,
                           std::memory_order_acq_rel);
  task()->pass_on_stop();
  wake();
}

void task_actor::tell_of_end() {
  static_assert(sizeof(monitor) <= sizeof(monitor_) && alignof(monitor) <= alignof(void*));
  attach(caf::attachable_ptr{new (monitor_) monitor{*this}});
}

void task_actor::send_request(const caf::strong_actor_ptr& to, caf::message content, ref<reply_slot> into) {
  const std::uint64_t id = request_.open(std::move(into));
  send_mail(*to->get(),
            make_mail(caf::strong_actor_ptr{ctrl()}, std::move(content), caf::make_message_id(id)));
}

/// Threads: any.
void task_actor::on_response(std::uint64_t request, caf::message reply) {
  const auto into = request_.close(request);
  if (!into)
    return;
  into->content = std::move(reply);
  into->arrived.store(true, std::memory_order_release);
  wake();
}

void task_actor::wake() noexcept {
  if (word_.wake() && !home().is_left_behind.load()) {
    retain(); // the queue's reference
    run_soon(home_system(), this);
  }
}

caf::resumable::resume_result task_actor::resume(executor* here, std::size_t) {
  word_.take(); // after the constructor, or the wake
  const current_scope scope{task().get(), this};
  const watched_turn watched{home().watch(), *task()};
  for (;;) {
    word_.run();
    switch (run(watched)) {
    case turn::park:
      if (word_.park())
        return awaiting_message;
      break;
    case turn::requeue:
      retain();
      word_.queue();
      run_later(*here, this);
      return awaiting_message;
    case turn::end:
      if (task()->extras && !rest())
        ask_after_attempt(*task());
      word_.end();
      forget_operations(); // they may own a reference to this actor
      {
        const run_queue::tail_call_hint ending; // the manager is told, and may as well run here
        cleanup(exit_reason(), here);
      }
      return done;
    }
  }
}

/// For who monitors or links to it. An outcome that the manager has written may be under way, or forgotten.
caf::error task_actor::exit_reason() const {
  if (rest())
    return make_error(exit_code::timed_out);
  if (task()->kind != record_kind::task)
    return {};
  auto how = state::timed_out;
  const failure* what = nullptr;
  if (const auto control = task()->control.load(std::memory_order_acquire); (control & answered_bit) != 0) {
    if (const auto told = task()->state.load(std::memory_order_acquire); is_final(told))
      how = told;
  } else {
    what = (control & record::decided_bit) != 0 ? task()->failed() : nullptr;
    how = what ? what->state() : state::completed;
  }
  switch (how) {
  case state::completed:
    return {};
  case state::timed_out:
    return make_error(exit_code::timed_out);
  case state::cancelled:
    return make_error(was_killed() ? exit_code::killed : exit_code::cancelled);
  default:
    return make_error(exit_code::failed, what ? what->message() : std::string{});
  }
}

/// Until the end state is published, under the lock, the manager keeps its reference to the actor.
caf::actor actor_of(record& which) {
  const std::lock_guard lock{stripe_of(which)};
  if (is_final(which.state.load(std::memory_order_acquire)))
    return {};
  auto* const there = std::atomic_ref{which.actor}.load(std::memory_order_acquire);
  if (!there)
    return {};
  return caf::actor_cast<caf::actor>(caf::strong_actor_ptr{static_cast<task_actor*>(there)->ctrl()});
}

context* part_actor(record& which) noexcept {
  const std::lock_guard lock{stripe_of(which)};
  return std::exchange(which.actor, nullptr);
}

} // namespace taskactor::detail
