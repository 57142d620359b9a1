/// `co_await sleep_for(10ms)`, `sleep_until(t)`, `yield()`: park the task's actor; no thread is held.
///
/// All are built on `sleep_until`, against the actor system's clock: in a test with virtual time
/// they take no time at all. A point in time that has passed, or a duration of zero or less, is a `yield`. A
/// duration counts from the await, not from the call.
///
/// Errors: `cancelled_error` when the task is being cancelled, at once and again at each further await (rule
/// 9). Units: `std::chrono`; the timers' resolution is that of the clock thread, well below a millisecond.
#pragma once

#include <taskactor/task.hpp>
#include <taskactor/time_span.hpp>

#include <chrono>
#include <coroutine>

namespace taskactor {

namespace detail {

class [[nodiscard]] sleep_awaiter final : waiter {
public:
  explicit sleep_awaiter(time_point due) noexcept { entry_.due = due; }
  explicit sleep_awaiter(std::chrono::nanoseconds lasts) noexcept : lasts_(lasts), counts_(true) {}
  /// Of one that isn't awaited yet.
  sleep_awaiter(sleep_awaiter&& unused) noexcept : lasts_(unused.lasts_), counts_(unused.counts_) {
    entry_.due = unused.entry_.due;
  }
  ~sleep_awaiter();

  bool await_ready() const noexcept { return false; }
  template <body_promise Promise>
  bool await_suspend(std::coroutine_handle<Promise> self) {
    return start(*self.promise().ctx);
  }
  void await_resume();

private:
  bool start(context& ctx);
  bool ready() const noexcept override { return entry_.fired.load(std::memory_order_acquire); }
  wait_reason reason() const override { return {"the end of a sleep", entry_.due}; }

  timer_entry entry_;
  std::chrono::nanoseconds lasts_{}; // from the await, if it `counts_`
  bool counts_ = false;
};

class [[nodiscard]] yield_awaiter {
public:
  bool await_ready() const noexcept { return false; }
  template <body_promise Promise>
  bool await_suspend(std::coroutine_handle<Promise> self) {
    ctx_ = self.promise().ctx;
    if (const auto parks = ctx_->refusal())
      return *parks;
    return ctx_->yielded = true;
  }
  void await_resume() const {
    if (ctx_->must_stop())
      throw cancelled_error{};
  }

private:
  context* ctx_ = nullptr;
};

} // namespace detail

/// Parks the task until `due` on `std::chrono::steady_clock`, as the actor system tells it.
[[nodiscard]] inline detail::sleep_awaiter sleep_until(std::chrono::steady_clock::time_point due) {
  return detail::sleep_awaiter{due};
}

/// Parks the task for `duration`, counted from the await.
[[nodiscard]] inline detail::sleep_awaiter sleep_for(time_span duration) {
  return detail::sleep_awaiter{duration};
}

/// Lets other tasks run: goes to the end of the scheduler's queue.
[[nodiscard]] inline detail::yield_awaiter yield() noexcept { return {}; }

} // namespace taskactor
