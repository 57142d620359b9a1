/// A child of a group whose start somebody waits for. Not for users: see `task_group::start_ready`.
///
///     open --the child says that it has started--> started: it is a child like any other
///        \--it ends--> ended: how it ended is for who waits, and not for its group
///
/// Until it has started it tells the manager's news to this, which hands on what its group has to know.
#pragma once

#include <taskactor/detail/group_state.hpp>
#include <taskactor/detail/wait.hpp>
#include <taskactor/outcome.hpp>

#include <coroutine>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

namespace taskactor::detail {

/// How far such a start is. Threads: under its lock.
class start_progress {
public:
  std::size_t begin_attempt() noexcept { return ++attempts_; }
  /// One says that it has started. True: somebody waits for that. Errors: `errc::already_ready`.
  bool start(std::size_t attempt);
  /// Nobody waits for the start any more. False: it has started.
  bool give_up() noexcept { return unwanted_ = !started_; }
  /// The same, and nobody is there to be told how it ends.
  bool forsake() noexcept { return unwanted_ = forsaken_ = !started_; }
  void leave_child_behind() noexcept {
    over_ = child_is_left_behind_ = true;
    ++left_behind_;
  }
  void leave_attempt_behind() noexcept { ++left_behind_; }
  void on_gone(bool is_child) noexcept;

  bool started() const noexcept { return started_; }
  /// Nothing of it runs any more, but what was left behind.
  bool over() const noexcept { return over_; }
  bool gone() const noexcept { return over_ && left_behind_ == 0; }
  /// How it ends is its group's.
  bool is_groups() const noexcept { return started_ || forsaken_; }
  /// Who has waited for it has to be told of its end.
  bool is_awaited() const noexcept { return !gone() && (forsaken_ || left_behind_ != 0); }

private:
  std::size_t attempts_ = 0;          // that have begun
  std::size_t last_said_ = 0;         // which of them has said last that it has started
  std::size_t left_behind_ = 0;       // the child or attempts, which go on
  bool child_is_left_behind_ = false; // it is one of these
  bool started_ = false, over_ = false, unwanted_ = false, forsaken_ = false;
};

class group_start : public child_observer {
public:
  explicit group_start(ref<group_state> group) noexcept : group_(std::move(group)) {}

  // -- the child's side -----------------------------------------------------
  /// One more attempt: each may say once that it has started. Returns its number.
  std::size_t begin_attempt() noexcept;

  // -- who waits ------------------------------------------------------------
  void set_waiting(context& caller, const record& child) noexcept;
  bool started() const noexcept;
  bool settled() const noexcept; // it has started, or is over
  bool give_up() noexcept;
  bool forsake() noexcept;
  /// Who waits goes on: is told no more.
  void leave() noexcept;
  /// Why it hasn't started. Errors: always.
  [[noreturn]] void raise(const std::string& id, bool gave_up) const;

  bool ended() const noexcept override;
  // -- child observer -------------------------------------------------------
  void child_ended(record& child) noexcept override;
  void child_left_behind(record& child) noexcept override;
  bool attempt_left_behind(record& rest) noexcept override;
  void child_gone(record& child) noexcept override;
  std::string next_id() override { return group_->next_id(); }

protected:
  /// True: who waits goes on with what `keep()` has put there, under the lock. False: nobody waits for it.
  /// Errors: `errc::already_ready`.
  template <class Keep>
  bool start(std::size_t attempt, Keep&& keep) {
    const std::lock_guard lock{mutex_};
    if (!progress_.start(attempt))
      return false;
    keep();
    wake();
    return true;
  }

private:
  void destroy() noexcept override;
  void wake() noexcept;

  const ref<group_state> group_;
  manager_core* home_ = nullptr;
  mutable std::mutex mutex_; // what follows
  start_progress progress_;
  ref<context> caller_;            // while it may have to be woken
  const record* child_ = nullptr;  // to be compared
  std::optional<failure> failure_; // for who waits
};

template <class T>
class valued_start final : public group_start {
public:
  using group_start::group_start;

  bool started_with(std::size_t attempt, std::unique_ptr<stored<T>> value) {
    return start(attempt, [&]() noexcept { value_ = std::move(value); });
  }
  /// After that.
  T take() {
    if constexpr (!std::is_void_v<T>)
      return std::move(*value_);
  }

private:
  std::unique_ptr<stored<T>> value_;
};

/// Adds the child and waits for its start.
class start_wait final : lending_wait {
public:
  start_wait(ref<group_state> group, ref<group_start> start) noexcept
      : group_(std::move(group)), start_(std::move(start)) {}
  start_wait(const start_wait&) = delete;
  start_wait& operator=(const start_wait&) = delete;
  ~start_wait();

  /// Before the await, and only if that may begin. Errors: `std::system_error`, when it is refused.
  void admit(context& caller, ref<record> child, task_options options);

  bool await_ready() const noexcept { return false; }
  template <body_promise Promise>
  bool await_suspend(std::coroutine_handle<Promise> self) {
    context& caller = *self.promise().ctx;
    if (!admitted_)
      return caller.refusal().value_or(false);
    lend(caller);
    return true;
  }
  /// Errors: why it hasn't started.
  void await_resume();

private:
  bool arrived() const noexcept override { return start_->settled(); }
  std::string awaited() const override { return "the start of task \"" + child_->current_id() + '"'; }
  bool give_up() noexcept override;
  ref<operation> kill() noexcept override;
  void cancel_child() noexcept;

  const ref<group_state> group_;
  const ref<group_start> start_;
  ref<record> child_; // as by a handle: a failure that nobody is told of is reported when that goes
  bool admitted_ = false;
  bool unwanted_ = false;
};

template <class T>
task<T> start_and_wait(ref<group_state> group, ref<valued_start<T>> start, ref<record> child,
                       task_options options) {
  start_wait wait{std::move(group), start};
  if (context& caller = require_context(); !caller.must_stop())
    wait.admit(caller, std::move(child), std::move(options));
  co_await wait;
  co_return start->take();
}

} // namespace taskactor::detail
