/// What a coroutine body sees of the actor that runs it. Not for users: the awaitables are built on it.
///
///     actor --- resumes ---> leaf coroutine --- parks on ---> waiter
///       ^                                                       |
///       +---------------- wake: look again whether ready -------+
///
/// The actor holds one chain of nested coroutines and always resumes its leaf: starting a nested task and
/// returning from one only change the leaf, so that the stack doesn't grow with depth or length. A wake says
/// no more than "look again": a spurious one is harmless.
#pragma once

#include <taskactor/detail/operation.hpp>
#include <taskactor/detail/ref.hpp>
#include <taskactor/time_span.hpp>

#include <atomic>
#include <chrono>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <optional>
#include <string>

namespace taskactor::detail {

/// What a parked body waits for ("the end of task "b""), and until when at most.
struct wait_reason {
  std::string what;
  time_point until = time_point::max();
};

/// What a parked body waits for; lives in the body's frame.
class waiter {
public:
  /// True when the body can go on.
  virtual bool ready() const noexcept = 0;
  /// Cancellation is requested: told once. True: give up waiting now; false: the wait goes on until
  /// `ready()`.
  virtual bool stop() noexcept { return true; }
  /// The body is about to be destroyed. Returns what goes on without it, if anything does.
  virtual ref<operation> kill() noexcept { return {}; }
  /// For who asks why nothing goes on. Only while nothing can wake the body.
  virtual wait_reason reason() const { return {"something outside"}; }

protected:
  ~waiter() = default;
};

class context;
class local_binding;
class promise_base;
class manager_core;
struct stop_token_box;

/// A point in time at which a parked body is woken; lives in the body's frame.
struct timer_entry {
  time_point due{};
  std::size_t position = 0; // in the heap, counted from one; zero when not armed
  context* owner = nullptr;
  std::atomic<bool> fired{false};
};

/// What any code of a task may ask.
class task_core {
public:
  virtual std::string current_id() const = 0;
  virtual time_point deadline() const noexcept = 0;
  virtual bool cancel_requested() const noexcept = 0;
  virtual void report_progress(std::uint64_t done, std::uint64_t total, std::string text) = 0;
  /// An error that nobody else will see: what clean-up threw.
  virtual void report_cleanup_fault(const std::exception_ptr& what) noexcept = 0;
  virtual time_point now() const noexcept = 0;
  /// See `retry`, and `this_task::fencing_token`.
  virtual std::size_t attempt() const noexcept = 0;
  virtual std::uint64_t fencing_token() const noexcept = 0;
  virtual void forbid_retry() noexcept = 0;
  /// See `this_task::stop_token`, whose header all bodies would have to include.
  virtual void give(stop_token_box& into) = 0;
  /// Of a call on a thread: what was set where it was made. See `context::locals` for what a body sees.
  virtual local_binding* locals() const noexcept { return nullptr; }

protected:
  ~task_core() = default;
};

/// A part of a body with its own deadline, cancellation or shield; lives in the body's frame. See scope.hpp.
class scope {
public:
  scope* outer = nullptr;
  timer_entry timer;
  bool shielded = false;
  bool told = false; // something in it has been told to stop because of it
  std::atomic<bool> cancelled{false};

  bool expired() const noexcept {
    return timer.fired.load(std::memory_order_acquire) || cancelled.load(std::memory_order_acquire);
  }
  /// It is cancelled, or what is around it is: for what runs in it beside the body. Called before each park.
  virtual void cancel_inside() noexcept {}
  /// The body is about to be destroyed. Returns what goes on without it, if anything does.
  virtual ref<operation> kill() noexcept { return {}; }
  /// When its time is up. Of one whose deadline is moved by other threads `timer.due` isn't to be read.
  virtual time_point due() const noexcept { return timer.due; }
  virtual bool may_move() const noexcept { return false; }
  /// If a `task_local` is set in it: this one, and all that is set around it.
  virtual local_binding* binding() const noexcept { return nullptr; }

protected:
  scope() = default;
  ~scope() = default;
};

/// What wakes a parked body at its time.
class context_timers {
public:
  virtual void arm(timer_entry& entry) = 0;
  virtual void disarm(timer_entry& entry) noexcept = 0;
  /// Any thread, while the context is retained: sets when it fires, armed or not. False: it has fired.
  /// Errors: `std::bad_alloc`, and nothing has changed.
  virtual bool move(timer_entry& entry, time_point due) = 0;

protected:
  ~context_timers() = default;
};

/// Of the scopes that a body is in: all, or those whose deadlines stay as they are.
enum class deadlines : std::uint8_t { all, fixed };

class context : public context_timers {
public:
  /// The coroutine to resume next; null when the body has ended.
  promise_base* leaf = nullptr;
  /// What the leaf waits for; null when it can run.
  waiter* waiting = nullptr;
  /// The innermost scope that the leaf is in, or null.
  scope* scopes = nullptr;
  bool yielded = false; // set by `yield`: go to the end of the scheduler's queue before going on

  virtual task_core& core() const noexcept = 0;
  virtual manager_core& home() noexcept = 0;
  /// "Look again": from any thread.
  virtual void wake() noexcept = 0;
  /// Keep the actor alive while something outside may wake it.
  virtual void retain() noexcept = 0;
  virtual void release() noexcept = 0;
  /// The task ends after it (rule 15).
  virtual void join_before_exit(ref<operation> what) = 0;
  virtual void join_before_exit_if_killed(ref<operation> what)
      = 0; // only the frames of a killed one do (rule 8)
  /// Rule 6: the token goes back for this wait; the actor sees to one before the body goes on. Or it needs
  /// none.
  virtual void lend_token_back() = 0;
  virtual void do_without_token() noexcept = 0;

  /// Rule 9: true when the current await has to end by `cancelled_error`, for a scope or for the task.
  bool must_stop() const noexcept { return stops(scopes); }
  /// For an await that begins: empty when it may; otherwise it throws, after a suspension if true: a body
  /// that swallows the exception over and over neither burns a processor until its grace is over nor escapes
  /// the kill.
  std::optional<bool> refusal();
  /// Marks the scope for which the leaf is told to stop: of those that have expired the outermost.
  void mark_told() noexcept;
  /// What an await's `await_suspend` returns when there is nothing to wait for: false, now and then true, so
  /// that a loop over such awaits gives way to others, and sees a kill.
  bool goes_on() noexcept;
  /// Tells scopes with more in them than the body, if they are to stop.
  void tell_scopes() noexcept;
  /// A scope has taken the cancellation that was meant for it.
  void forget_refusals() noexcept { refusals_ = 0; }
  /// The earliest deadline that holds here: of the scopes up to a shield, else of the task too. What is begun
  /// here is told the fixed ones: the others may move, and end it as a cancellation does.
  time_point deadline(deadlines which = deadlines::all) const noexcept;
  /// What `task_local`s are set to here; null: none is.
  local_binding* locals() const noexcept;

protected:
  /// The same of what is around all scopes.
  virtual local_binding* inherited_locals() const noexcept = 0;
  static constexpr std::uint32_t prompt_refusals = 64;
  /// Resumptions, and awaits of what is there already, before others have their turn.
  static constexpr std::uint32_t awaits_per_turn = 256;
  ~context() = default;
  virtual void pause() = 0;
  bool stops(const scope* innermost) const noexcept;
  std::uint32_t refusals_ = 0, ready_ = 0;
};

/// In a handler: whether what it has caught is a `cancelled_error`.
bool caught_cancellation() noexcept;

/// That of the coroutine that runs on this thread, or null. Never cache it across an await.
context* current_context() noexcept;
/// The task whose body (coroutine or thread) runs on this thread, or null.
task_core* current_task() noexcept;
/// The same two. Errors: `errc::not_in_task`.
task_core& require_task();
context& require_context();

class current_scope {
public:
  current_scope(task_core* core, context* ctx) noexcept;
  ~current_scope();
  current_scope(const current_scope&) = delete;
  current_scope& operator=(const current_scope&) = delete;

private:
  task_core* core_;
  context* context_;
};

} // namespace taskactor::detail
