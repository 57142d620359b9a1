/// How a body waits for a call in another process, and ends it.
///
/// `Call` is an `operation` with `started`, `signal(int)` to its process's group, `withdraw` (true: it will
/// never start) and `awaited(for_start)`, which says what it is that one waits for; and with `paused()`, how
/// long its clocks have stood still so far, if they can.
#pragma once

#include "lifecycle/manager_core.hpp"

#include <taskactor/detail/context.hpp>
#include <taskactor/task.hpp>
#include <taskactor/this_task.hpp>
#include <taskactor/time_span.hpp>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <utility>

namespace taskactor::detail {

/// For `signal` of a call: its body is asked to end, and no process is sent a signal.
constexpr int asks = -1;

/// When a clock of a call was started, and how long it had stood still before, all together.
struct call_clock {
  time_point begin;
  std::chrono::nanoseconds paused{};
};

enum class call_wait_end : std::uint8_t { arrived, time_up, cancelled };

/// Waits for the start of a call, or for its end, until a point in time; says which instead of throwing.
template <class Call>
class call_wait final : waiter {
public:
  call_wait(ref<Call> call, bool for_start, time_point until)
      : call_(std::move(call)), for_start_(for_start) {
    timer_.due = until;
  }
  call_wait(const call_wait&) = delete;
  call_wait& operator=(const call_wait&) = delete;
  ~call_wait() {
    if (timer_.owner)
      timer_.owner->disarm(timer_);
  }

  bool await_ready() const noexcept { return false; }
  template <body_promise Promise>
  bool await_suspend(std::coroutine_handle<Promise> self) {
    return begin(*self.promise().ctx);
  }
  call_wait_end await_resume() const noexcept {
    if (arrived())
      return call_wait_end::arrived;
    return cancelled_ ? call_wait_end::cancelled : call_wait_end::time_up;
  }

private:
  bool begin(context& ctx) {
    cancelled_ = ctx.must_stop();
    if (cancelled_ || arrived())
      return false;
    ctx.waiting = this;
    if (timer_.due != time_point::max()) {
      timer_.owner = &ctx;
      ctx.arm(timer_);
    }
    return true;
  }
  bool arrived() const noexcept { return call_->ended() || (for_start_ && call_->started()); }
  wait_reason reason() const override { return {call_->awaited(for_start_), timer_.due}; }
  bool ready() const noexcept override { return arrived() || timer_.fired.load(std::memory_order_acquire); }
  bool stop() noexcept override { return cancelled_ = true; }
  ref<operation> kill() noexcept override {
    if (call_->withdraw())
      return {};
    call_->signal(SIGKILL);
    return call_;
  }

  ref<Call> call_;
  bool for_start_;
  bool cancelled_ = false;
  timer_entry timer_;
};

template <class Call>
call_clock start_clock(const Call& call) {
  if constexpr (requires { call.paused(); })
    return {this_task::now(), call.paused()};
  else
    return {this_task::now()};
}

/// When so much time is over by a clock: later by what it has stood still meanwhile.
template <class Call>
time_point due(const Call& call, const call_clock& by, std::chrono::nanoseconds span) noexcept {
  if constexpr (requires { call.paused(); })
    return after(after(by.begin, span), call.paused() - by.paused);
  else
    return after(by.begin, span);
}

/// TERM, grace, KILL, to the whole group; returns when the call has ended.
template <class Call>
task<void> end_call(ref<Call> call, std::chrono::nanoseconds grace) {
  call->signal(SIGTERM);
  const auto clock = start_clock(*call);
  auto how = call_wait_end::time_up;
  do
    how = co_await call_wait<Call>{call, false, due(*call, clock, grace)};
  while (how == call_wait_end::time_up && this_task::now() < due(*call, clock, grace));
  if (how == call_wait_end::arrived)
    co_return;
  call->signal(SIGKILL);
  co_await call_wait<Call>{call, false, time_point::max()};
}

/// Asks, waits for half the grace, then as `end_call`; returns when the call has ended.
template <class Call>
task<void> ask_and_end_call(ref<Call> call, std::chrono::nanoseconds half_grace) {
  call->ask();
  const auto how = co_await call_wait<Call>{call, false, after(this_task::now(), half_grace)};
  if (how != call_wait_end::arrived)
    co_await end_call(call, half_grace);
}

} // namespace taskactor::detail
