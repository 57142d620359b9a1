/// `mutex`: one task or thread at a time, also across awaits.
///
///     ta::mutex m;                              // copies are the same mutex
///     {
///       const auto guard = co_await m.lock();   // waits while somebody has it
///       co_await write(file);
///     }                                         // the next one has it
///     if (auto guard = m.try_lock()) { ... }
///
/// (A `std::mutex` that is held across an await hangs programs: the body may go on on another thread, and
/// those that wait hold theirs.) Who waits gets it in the order of coming, handed over by who unlocks it:
/// nobody overtakes. It isn't recursive: a task that locks what it holds waits for itself, which `testing`
/// says of such a wait. A guard may be moved to another task or thread, and unlocked there.
///
/// **No guard is lost**: a `lock` that throws `cancelled_error` has locked nothing, whatever races. A guard
/// that was granted to a body that is killed before it goes on goes to the next. One in the frame of a body
/// that is killed is unlocked when the frame is destroyed, and not before the children have ended that may
/// refer to it. Guards and waits keep the mutex; it may be used by tasks of several managers, and threads.
///
/// A body that waits lends its token. Stops: while it waits. Errors: of `blocking_lock`
/// `errc::would_block` inside a coroutine body, and `cancelled_error` when the task whose thread waits is
/// asked to end; `errc::invalid_argument` of a mutex that was moved from. Threads: any.
#pragma once

#include <taskactor/detail/record.hpp>
#include <taskactor/detail/sync_waiter.hpp>
#include <taskactor/task.hpp>

#include <coroutine>
#include <cstddef>
#include <string>
#include <utility>

namespace taskactor {

namespace detail {

/// Who has a mutex, or wants it: the place of its waiters. Without a task: a thread.
struct mutex_holder {
  ref<record> task;
};

class mutex_state final : public sync_state {
public:
  bool try_lock() noexcept;
  void unlock() noexcept;
  bool locked() noexcept;
  std::size_t waiting() noexcept;
  /// In words, for `asking` to see.
  std::string held_by(const context* asking);

  // -- under the lock -------------------------------------------------------
  /// `one` has a `mutex_holder` as its place.
  wait_end lock_or_wait(sync_waiter& one) noexcept;
  /// `one` stands in no line: it is the next, behind those that wait.
  void join_line(sync_waiter& one, sync_wakes& wakes) noexcept;
  /// The next one has it. `last`: who had it, to be let go without the lock.
  void unlock(mutex_holder& last, sync_wakes& wakes) noexcept;

private:
  void serve_next(sync_wakes& wakes) noexcept;

  // Guarded by the lock.
  sync_line waiting_;
  mutex_holder holder_;
  bool locked_ = false;
};

/// The task that runs on this thread, or calls there.
mutex_holder who_is_here() noexcept;

} // namespace detail

/// Whoever has it has the mutex locked, unless it is empty.
class [[nodiscard]] mutex_guard {
public:
  /// Empty.
  mutex_guard() noexcept = default;
  /// For the runtime: it is locked.
  explicit mutex_guard(detail::ref<detail::mutex_state> locked) noexcept : state_(std::move(locked)) {}
  mutex_guard(mutex_guard&&) noexcept = default;
  mutex_guard& operator=(mutex_guard other) noexcept {
    std::swap(state_, other.state_);
    return *this;
  }
  ~mutex_guard() { unlock(); }

  /// Now; it is empty then.
  void unlock() noexcept {
    if (const auto locked = std::exchange(state_, {}))
      locked->unlock();
  }
  /// It isn't empty.
  explicit operator bool() const noexcept { return static_cast<bool>(state_); }
  /// For the runtime.
  bool is_of(const detail::mutex_state& which) const noexcept { return state_.get() == &which; }
  /// Whoever has unlocked it takes the guard's part as well.
  void disown() noexcept { state_ = {}; }

private:
  detail::ref<detail::mutex_state> state_;
};

namespace detail {

class [[nodiscard]] lock_await final : sync_await {
public:
  explicit lock_await(mutex_state& of) noexcept : sync_await(of, &here_), of_(&of) {}
  /// Of one that isn't awaited yet.
  lock_await(lock_await&& unused) noexcept : sync_await(unused, &here_), of_(unused.of_) {}
  ~lock_await() override { lock_await::give_back(); }

  bool await_ready() const noexcept { return false; }
  template <body_promise Promise>
  bool await_suspend(std::coroutine_handle<Promise> self) {
    return start(*self.promise().ctx);
  }
  mutex_guard await_resume();
  using sync_await::comes_to_nothing; // a race asks
  using sync_await::wait_for_server;
  using sync_await::was_given; // `when_all` does

private:
  bool start(context& ctx);
  std::string awaited() const override { return of_->held_by(body()); }
  void give_back() noexcept override;

  mutex_state* of_;
  mutex_holder here_;
};

} // namespace detail

class mutex {
public:
  mutex() : state_(new detail::mutex_state) {}

  /// To be awaited, in a task: a `mutex_guard`.
  [[nodiscard]] auto lock() const { return detail::lock_await{*state_}; }
  /// Anywhere. Empty if somebody has it.
  mutex_guard try_lock() const {
    return state_->try_lock() ? mutex_guard{detail::ref<detail::mutex_state>{&*state_}} : mutex_guard{};
  }
  /// On a thread.
  mutex_guard blocking_lock() const;

  /// Somebody has it.
  bool locked() const { return state_->locked(); }
  /// How many wait for it.
  std::size_t waiting() const { return state_->waiting(); }
  /// The same mutex.
  friend bool operator==(const mutex&, const mutex&) noexcept = default;

private:
  friend class condition;

  detail::sync_owner<detail::mutex_state> state_;
};

} // namespace taskactor
