/// `command_ends`: whether a command that somebody talks to is over, and who waits for that, in any task.
///
/// They are woken under the lock, and leave under it: so they, and their tasks, aren't gone before. Threads:
/// any.
#pragma once

#include <taskactor/detail/context.hpp>
#include <taskactor/detail/ref.hpp>
#include <taskactor/task.hpp>

#include <atomic>
#include <coroutine>
#include <mutex>
#include <vector>

namespace taskactor::detail {

class command_end_await;
class started_command_state;

class command_ends {
public:
  bool over() const noexcept { return over_.load(std::memory_order_acquire); }
  /// False: it is over, and `who` isn't woken. Errors: `std::bad_alloc`.
  bool add(command_end_await& who);
  /// False: it has been told.
  bool remove(command_end_await& who) noexcept;
  /// It is over.
  void tell() noexcept;

private:
  std::atomic<bool> over_{false};
  std::mutex mutex_; // what follows
  std::vector<command_end_await*> waiting_;
};

class command_end_await final : waiter {
public:
  explicit command_end_await(ref<started_command_state> of) noexcept;
  command_end_await(const command_end_await&) = delete;
  command_end_await& operator=(const command_end_await&) = delete;
  ~command_end_await();

  bool await_ready() const noexcept { return false; }
  template <body_promise Promise>
  bool await_suspend(std::coroutine_handle<Promise> self) {
    return begin(*self.promise().ctx);
  }
  void await_resume() const;

private:
  friend class command_ends;

  bool begin(context& ctx);
  bool leave() noexcept;
  bool ready() const noexcept override { return told_.load(std::memory_order_acquire); }
  bool stop() noexcept override { return stopped_ = leave(); }
  ref<operation> kill() noexcept override {
    leave();
    return {};
  }
  wait_reason reason() const override;

  ref<started_command_state> of_;
  context* ctx_ = nullptr;
  bool listed_ = false; // perhaps: it may have been told
  bool stopped_ = false;
  std::atomic<bool> told_{false};
};

} // namespace taskactor::detail
