#include "lifecycle/body_runner.hpp"

#include "caf_adapter/compat.hpp"
#include "caf_adapter/run_queue.hpp"
#include "events/hub.hpp"
#include "lifecycle/held_locks.hpp"
#include "lifecycle/manager_core.hpp"
#include "lifecycle/manager_messages.hpp"
#include "lifecycle/reports.hpp"
#include "lifecycle/requests.hpp"
#include "lifecycle/timers.hpp"
#include "threads/stall_detector.hpp"

#include <taskactor/task.hpp>

#include <caf/all.hpp>

#include <utility>

namespace taskactor::detail {

namespace {

/// So many items of a gather, or awaits of what is there already, in a row; then whatever else waits for the
/// thread has its turn.
constexpr int steps_per_turn = 16;

/// That of a scope around the body or of the task, also in a shield: clean-up isn't kept waiting either.
bool end_is_due(const scope* innermost, const record& task) noexcept {
  for (const auto* each = innermost; each; each = each->outer)
    if (each->expired())
      return true;
  return task.cancel_requested();
}

} // namespace

/// What a body is parked on that has swallowed its cancellation too often.
struct body_runner::pause_wait final : waiter {
  bool ready() const noexcept override { return timer.fired.load(std::memory_order_acquire); }
  bool stop() noexcept override { return false; }
  wait_reason reason() const override { return {"a moment, after it ignored its cancellation", timer.due}; }
  timer_entry timer;
};

body_runner::body_runner(ref<record> task) noexcept : task_(std::move(task)) {}

body_runner::~body_runner() = default;

body_runner::turn body_runner::run(const watched_turn& watched) {
  for (int steps = 0; steps < steps_per_turn; ++steps, watched.next()) {
    const bool killed = (task_->control.load(std::memory_order_acquire) & record::kill_bit) != 0;
    if (stage_ == body_stage::lingering) {
      if (killed) // the body left them when there was time
        operations_.abandon_at_kill();
      return end();
    }
    if (killed)
      return kill();
    if (stage_ == body_stage::fresh) {
      stage_ = body_stage::begun;
      if (!task_->start(*this)) {
        if (end_body())
          continue;
        return end();
      }
    }
    if ((waiting && !has_come()) || !may_run())
      return turn::park;
    waiting = nullptr;
    drive();
    if (leaf) {
      if (std::exchange(yielded, false))
        return turn::requeue;
    } else {
      task_->collect();
      if (!end_body())
        return end();
    }
  }
  return turn::requeue;
}

/// What it awaits. A waiter is told of an end once, and may give up by that (rule 9).
bool body_runner::has_come() noexcept {
  if (waiting->ready())
    return true;
  if (scopes)
    tell_scopes();
  if (told_ || !must_stop())
    return false;
  told_ = true;
  mark_told();
  return waiting->stop() || waiting->ready();
}

/// What was lent is wanted again, and waited for unless an end is due, which isn't kept waiting (rule 6).
bool body_runner::may_run() noexcept {
  if (task_->token.may_run())
    return true;
  const bool ends = end_is_due(scopes, *task_); // a later one wakes it
  if (task_->token.want()) {
    const run_queue::tail_call_hint ending{!ends}; // it parks until it has one
    tell(home(), *task_, record::moves_token);
  }
  if (!task_->token.may_run() && !ends)
    return false;
  if (auto* const queue = home().queue())
    queue->look(); // what this thread has pushed as its last step isn't that
  return true;
}

void body_runner::drive() {
  told_ = false;
  const held_locks_turn locks;
  for (auto left = awaits_per_turn; leaf && !waiting && !yielded; --left) {
    if (left == 0)
      yielded = true;
    else
      leaf->handle.resume();
  }
  if (leaf)
    locks.end([this](const held_locks_check& check, long held) { tell_of_locks(check, held); });
}

void check_held_locks(const held_locks_check* by) noexcept {
  held_locks_turn::check.store(by, std::memory_order_release);
}

void body_runner::tell_of_locks(const held_locks_check& check, long held) noexcept {
  try {
    const auto what
        = "task \"" + task_->current_id() + "\" awaits "
          + (waiting ? waiting->reason().what : std::string{"its next turn"}) + " with "
          + (held == 1 ? "a mutex" : std::to_string(held) + " mutexes")
          + " of its thread's locked: others on that thread would wait for it for ever. Unlock it "
            "before the await, or use taskactor::mutex";
    home().events().warn(what);
    check.found(what);
  } catch (...) { // NOLINT: no memory to say it
  }
}

/// The body has ended. True: there is another one (the next item of a gather).
bool body_runner::end_body() {
  if (const auto thrown = task_->discard_body())
    detail::report_cleanup_fault(home(), *task_, thrown);
  operations_.abandon();
  operations_.forget_those_of_kill();
  waiting = nullptr;
  scopes = nullptr;
  refusals_ = 0;
  stage_ = body_stage::fresh;
  return task_->advance();
}

/// Its end is decided at once, and all that it has begun is to end. That may refer to what its frames hold:
/// they stay until it has.
body_runner::turn body_runner::kill() {
  if (pause_)
    disarm(pause_->timer);
  if (waiting)
    join_before_exit(waiting->kill());
  for (auto* each = std::exchange(scopes, nullptr); each; each = each->outer)
    join_before_exit(each->kill());
  waiting = nullptr;
  killed_.keep(std::exchange(leaf, nullptr));
  operations_.abandon_at_kill();
  if (task_->decide()) {
    task_->fail(failure{on_body_end(body_end::killed, true), task_->reason.load(std::memory_order_relaxed)});
    task_->deliver();
  }
  return end();
}

/// The body runs no more, and there is no other.
body_runner::turn body_runner::end() {
  stage_ = body_stage::lingering;
  if (!operations_.have_ended(was_killed())) {
    if (!rest_ && (task_->control.load(std::memory_order_acquire) & leave_bit) != 0) {
      set_parked(false);
      if (auto rest
          = task_->leave_attempt()) { // another attempt is to begin, while something of this goes on
        rest_ = std::move(rest);
        post(home().manager(), attempt_left{task_, rest_});
      }
    }
    set_parked(true);
    return turn::park;
  }
  set_parked(false);
  if (!killed_.is_there())
    return turn::end;
  if (const auto thrown = killed_.destroy(rest_ ? *rest_ : *task_))
    detail::report_cleanup_fault(home(), *task_, thrown);
  operations_.abandon(); // of what destructors have left behind
  return operations_.have_ended(was_killed()) ? turn::end : end();
}

/// Says in the record whether it parks with its outcome there. An attempt that has parted says nothing of its
/// task any more; a slot counts its items in that bit.
void body_runner::set_parked(bool is) noexcept {
  if (rest_ || task_->kind != record_kind::task
      || ((task_->control.load(std::memory_order_relaxed) & parked_bit) != 0) == is)
    return;
  if (is)
    task_->control.fetch_or(parked_bit, std::memory_order_acq_rel);
  else
    task_->control.fetch_and(~parked_bit, std::memory_order_acq_rel);
}

void body_runner::pause() {
  constexpr std::chrono::milliseconds moment{1};
  if (!pause_)
    pause_ = std::make_unique<pause_wait>();
  pause_->timer.fired.store(false, std::memory_order_relaxed);
  pause_->timer.owner = this;
  pause_->timer.due = task_->now() + moment;
  waiting = pause_.get();
  arm(pause_->timer);
}

void timed_context::arm(timer_entry& entry) { home().sleepers().arm(entry); }
void timed_context::disarm(timer_entry& entry) noexcept { home().sleepers().disarm(entry); }
bool timed_context::move(timer_entry& entry, time_point due) { return home().sleepers().move(entry, due); }

void body_runner::lend_token_back() {
  task_->token.lend();
  tell(home(), *task_, record::moves_token);
}

} // namespace taskactor::detail
