#include "lifecycle/task_actor.hpp"

#include "caf_adapter/compat.hpp"
#include "caf_adapter/run_queue.hpp"
#include "lifecycle/manager_core.hpp"
#include "lifecycle/manager_messages.hpp"
#include "lifecycle/reports.hpp"
#include "lifecycle/requests.hpp"
#include "lifecycle/retry_question.hpp"
#include "lifecycle/timers.hpp"
#include "threads/stall_detector.hpp"

#include <taskactor/task.hpp>

#include <caf/all.hpp>

#include <algorithm>
#include <utility>

namespace taskactor::detail {

/// So many items of a gather, or awaits of what is there already, in a row; then whatever else waits for the
/// thread has its turn.
constexpr int steps_per_turn = 16;

/// What a body is parked on that has swallowed its cancellation too often.
struct task_actor::pause_wait final : waiter {
  bool ready() const noexcept override { return timer.fired.load(std::memory_order_acquire); }
  bool stop() noexcept override { return false; }
  wait_reason reason() const override { return {"a moment, after it ignored its cancellation", timer.due}; }
  timer_entry timer;
};

/// Stands in the actor itself: an allocation for each task would be a tenth of its cost.
struct task_actor::monitor final : end_watch {
  explicit monitor(const task_actor& which) noexcept : of(which) {}
  void on_end() noexcept override {
    auto& task = *of.task_;
    if (of.rest_)
      post(task.home->manager(), attempt_ended{of.rest_}); // behind what has made it known
    else if (task.extras) // what its last attempt has told the manager comes before its end, in order
      post(task.home->manager(), attempt_ended{ref<record>{&task}});
    else
      detail::tell(*task.home, task, record::has_ended);
  }
  static void operator delete(void*) noexcept {}
  const task_actor& of;
};

task_actor::task_actor(caf::actor_config& config, ref<record> task)
    : light_actor(config), task_(std::move(task)) {
  word_.store(word::queued,
              std::memory_order_release); // for the thread that takes it from a queue of any kind
}

task_actor::~task_actor() { delete request_.load(); }

void task_actor::pause() {
  constexpr std::chrono::milliseconds moment{1};
  if (!pause_)
    pause_ = std::make_unique<pause_wait>();
  pause_->timer.fired.store(false, std::memory_order_relaxed);
  pause_->timer.owner = this;
  pause_->timer.due = task_->now() + moment;
  waiting = pause_.get();
  arm(pause_->timer);
}

void task_actor::on_exit_message(const caf::exit_msg& exit) {
  const bool kills = exit.reason == caf::exit_reason::kill;
  if (exit.source != home().manager().address()) { // a stranger's: the manager decides, and keeps the time
    post(home().manager(), exit_received{task_, kills});
    return;
  }
  exit_signal(kills);
}

void task_actor::exit_signal(bool kill) noexcept {
  task_->control.fetch_or(kill ? record::cancel_bit | record::kill_bit : record::cancel_bit,
                          std::memory_order_acq_rel);
  task_->pass_on_stop();
  wake();
}

void task_actor::tell_of_end() {
  static_assert(sizeof(monitor) <= sizeof(monitor_) && alignof(monitor) <= alignof(void*));
  attach(caf::attachable_ptr{new (monitor_) monitor{*this}});
}

void task_actor::send_request(const caf::strong_actor_ptr& to, caf::message content, ref<reply_slot> into) {
  auto* open = request_.load();
  if (!open) {
    open = new open_request;
    request_.store(open, std::memory_order_release);
  }
  std::uint64_t id = 0;
  {
    const std::lock_guard lock{open->mutex};
    id = ++open->id;
    open->reply = std::move(into);
  }
  send_as_request(*to->get(), caf::strong_actor_ptr{ctrl()}, id, std::move(content));
}

/// Threads: any. A reply to a request that nobody waits for any more is dropped.
void task_actor::on_response(std::uint64_t request, caf::message reply) {
  auto* open = request_.load(std::memory_order_acquire);
  if (!open)
    return; // a stranger's
  ref<reply_slot> into;
  {
    const std::lock_guard lock{open->mutex};
    if (request != open->id)
      return;
    into = std::exchange(open->reply, {});
  }
  if (!into)
    return;
  into->content = std::move(reply);
  into->arrived.store(true, std::memory_order_release);
  wake();
}

void task_actor::wake() noexcept {
  auto now = word_.load(std::memory_order_acquire);
  auto next = now;
  do {
    if (now == word::down)
      return;
    next = now == word::parked ? word::queued : now == word::running ? word::noted : now;
    // Also where the word stays as it is: what is to be looked at was written before, and by a mere load of
    // the word this processor could read "it will look" before the other one, which is just looking, sees
    // that.
  } while (!word_.compare_exchange_weak(now, next, std::memory_order_acq_rel));
  if (now == word::parked) {
    retain(); // the queue's reference
    run_soon(home_system(), this);
  }
}

caf::resumable::resume_result task_actor::resume(executor* here, std::size_t) {
  static_cast<void>(word_.load(std::memory_order_acquire)); // after the constructor, or the wake
  const current_scope scope{task_.get(), this};
  const watched_turn turn{home().watch(), *task_};
  for (;;) {
    word_.exchange(word::running, std::memory_order_acq_rel); // the counterpart of the one in `wake`
    switch (run(turn)) {
    case turn::park: {
      auto expected = word::running;
      if (word_.compare_exchange_strong(expected, word::parked, std::memory_order_acq_rel))
        return awaiting_message;
      break; // noted: look again
    }
    case turn::requeue:
      retain();
      word_.exchange(word::queued, std::memory_order_acq_rel);
      run_later(*here, this);
      return awaiting_message;
    case turn::end:
      if (task_->extras && !rest_)
        ask_after_attempt(*task_);
      word_.store(word::down, std::memory_order_release);
      pending_operations_.clear(); // they may own a reference to this actor
      {
        const run_queue::tail_call_hint ending; // the manager is told, and may as well run here
        cleanup(exit_reason(), here);
      }
      return done;
    }
  }
}

/// The life of a body: begin, then drive it whenever it can go on, until it has ended or is killed.
task_actor::turn task_actor::run(const watched_turn& watched) {
  for (int steps = 0; steps < steps_per_turn; ++steps, watched.next()) {
    if (lingering_)
      return end();
    if (killed())
      return kill();
    if (!begun_) {
      begun_ = true;
      if (!task_->start(*this)) {
        if (end_body())
          continue;
        return end();
      }
    }
    if (!can_go_on())
      return turn::park;
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

/// False: it still waits, for what it awaits or for a token to go on with.
bool task_actor::can_go_on() noexcept {
  if ((waiting && !has_come()) || !may_run())
    return false;
  waiting = nullptr;
  return true;
}

/// A waiter is told of an end once, and may give up by that (rule 9).
bool task_actor::has_come() noexcept {
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
bool task_actor::may_run() noexcept {
  if (task_->token.may_run())
    return true;
  const bool ends = end_is_due(); // a later one wakes it
  if (task_->token.want()) {
    const run_queue::tail_call_hint ending{!ends}; // it parks until it has one
    detail::tell(home(), *task_, record::moves_token);
  }
  if (!task_->token.may_run() && !ends)
    return false;
  if (auto* const queue = home().queue())
    queue->look(); // what this thread has pushed as its last step isn't that
  return true;
}

/// That of a scope around the body or of the task, also in a shield: clean-up isn't kept waiting either.
bool task_actor::end_is_due() const noexcept {
  for (const auto* each = scopes; each; each = each->outer)
    if (each->expired())
      return true;
  return task_->cancel_requested();
}

void task_actor::drive() {
  told_ = false;
  for (auto left = awaits_per_turn; leaf && !waiting && !yielded; --left) {
    if (left == 0) {
      yielded = true;
      return;
    }
    leaf->handle.resume();
  }
}

/// The body has ended. True: there is another one (the next item of a gather).
bool task_actor::end_body() {
  if (const auto thrown = task_->discard_body())
    detail::report_cleanup_fault(home(), *task_, thrown);
  abandon_pending_operations();
  std::erase_if(pending_operations_, [](const auto& each) { return each.only_if_killed; });
  waiting = nullptr;
  scopes = nullptr;
  refusals_ = 0;
  begun_ = false;
  return task_->advance();
}

/// Its end is decided at once, and all that it has begun is to end. That may refer to what its frames hold:
/// they stay until it has.
task_actor::turn task_actor::kill() {
  destroyed_ = true;
  if (pause_)
    disarm(pause_->timer);
  if (waiting)
    join_before_exit(waiting->kill());
  for (auto* each = std::exchange(scopes, nullptr); each; each = each->outer)
    join_before_exit(each->kill());
  waiting = nullptr;
  frames_ = std::exchange(leaf, nullptr);
  abandon_pending_operations();
  if (task_->decide()) {
    task_->fail(failure{on_body_end(body_end::killed, true), task_->reason.load(std::memory_order_relaxed)});
    task_->deliver();
  }
  has_body_ = true;
  return end();
}

void task_actor::abandon_pending_operations() noexcept {
  for (const auto& each : pending_operations_)
    each.what->abandon();
}

void task_actor::add_pending_operation(ref<operation> what, bool only_if_killed) {
  std::erase_if(pending_operations_, [](const auto& each) { return each.what->ended(); });
  if (what && !what->ended())
    pending_operations_.push_back({std::move(what), only_if_killed});
}

/// The body runs no more, and there is no other.
task_actor::turn task_actor::end() {
  lingering_ = true;
  if (!outlived()) {
    if (!rest_ && (task_->control.load(std::memory_order_acquire) & leave_bit) != 0) {
      set_parked(false);
      part_from_task();
    }
    set_parked(true);
    return turn::park;
  }
  set_parked(false);
  if (!std::exchange(has_body_, false))
    return turn::end;
  auto thrown = destroy_chain(std::exchange(frames_, nullptr));
  if (const auto more = (rest_ ? *rest_ : *task_).discard_body())
    thrown = more;
  if (thrown)
    detail::report_cleanup_fault(home(), *task_, thrown);
  abandon_pending_operations(); // of what destructors have left behind
  return outlived() ? turn::end : end();
}

/// An attempt that has parted says nothing of its task any more.
void task_actor::set_parked(bool is) noexcept {
  if (rest_ || task_->kind != record_kind::task || std::exchange(parked_, is) == is)
    return; // a slot counts its items in that bit
  if (is)
    task_->control.fetch_or(parked_bit, std::memory_order_acq_rel);
  else
    task_->control.fetch_and(~parked_bit, std::memory_order_acq_rel);
}

/// True when nothing goes on that the body has left behind.
bool task_actor::outlived() const noexcept {
  return pending_operations_.empty()
         || std::all_of(pending_operations_.begin(), pending_operations_.end(), [this](const auto& each) {
              return (each.only_if_killed && !destroyed_) || each.what->ended();
            });
}

void task_actor::arm(timer_entry& entry) { home().sleepers().arm(entry); }
void task_actor::disarm(timer_entry& entry) noexcept { home().sleepers().disarm(entry); }

void task_actor::lend_token_back() {
  task_->token.lend();
  detail::tell(home(), *task_, record::moves_token);
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
