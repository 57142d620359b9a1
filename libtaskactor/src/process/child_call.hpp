/// A task's work in a child process, on its way: queues for a token, starts, ends.
///
/// What commands and calls of workers have in common: how they are waited for, and how they are ended. Keeps
/// its token until the process has really done with it (rule 8).
#pragma once

#include <taskactor/run/ticket.hpp>
#include <taskactor/task/task.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>

namespace taskactor::detail {

class child_call : public ticket {
public:
  explicit child_call(context& owner);
  bool started() const noexcept { return started_.load(std::memory_order_acquire); }
  /// To the process's whole group. At any time: what comes too early is sent as soon as there is a process.
  virtual void signal(int number) noexcept = 0;
  /// True: it never had its token, and never starts.
  bool withdraw() noexcept;

protected:
  std::atomic<bool> started_{false};
};

enum class wait_end : std::uint8_t { arrived, time_up, cancelled };

/// Waits for the start of a call, or for its end, until a point in time; says which instead of throwing.
class call_wait final : waiter {
public:
  call_wait(ref<child_call> call, bool for_start, time_point until);
  call_wait(const call_wait&) = delete;
  call_wait& operator=(const call_wait&) = delete;
  ~call_wait();

  bool await_ready() const noexcept { return false; }
  template <body_promise Promise>
  bool await_suspend(std::coroutine_handle<Promise> self) {
    return begin(*self.promise().ctx);
  }
  wait_end await_resume() const noexcept;

private:
  bool begin(context& ctx);
  bool arrived() const noexcept { return call_->ended() || (for_start_ && call_->started()); }
  wait_reason reason() const override;
  bool ready() const noexcept override { return arrived() || timer_.fired.load(std::memory_order_acquire); }
  bool stop() noexcept override { return cancelled_ = true; }
  ref<operation> kill() noexcept override;

  ref<child_call> call_;
  bool for_start_;
  bool cancelled_ = false;
  timer_entry timer_;
};

/// TERM, grace, KILL, to the whole group; returns when the call has ended.
task<void> end_call(ref<child_call> call, std::chrono::nanoseconds grace);

} // namespace taskactor::detail
