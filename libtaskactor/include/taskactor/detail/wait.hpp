/// Waiting for the end of a task: from a thread, and from inside another task. Not for users: see `handle`.
#pragma once

#include <taskactor/detail/awaitable.hpp>
#include <taskactor/detail/record.hpp>

#include <caf/fwd.hpp>

#include <chrono>
#include <coroutine>
#include <string>
#include <utility>

namespace taskactor::detail {

/// Blocks until `which` has ended. Errors: `errc::would_block` inside a coroutine body.
void wait(record& which);
/// As `wait`, for at most `limit`. True: it has ended.
bool wait_for(record& which, std::chrono::nanoseconds limit);
/// `task_manager::cancel_task` for a record at hand.
cancel_reply cancel(record& which);
[[noreturn]] void refuse_empty_handle();
[[noreturn]] void refuse_taken(const record& which);
const std::string& no_id() noexcept;

caf::actor actor_of(record& which);

/// What a handle has for who includes `caf/actor.hpp`.
template <class Handle>
class view_of_actor {
public:
  /// The actor that runs the task now, for monitors, links and exit messages (`task_as_actor.hpp`); null
  /// while the task waits, and once it has ended.
  template <class Actor = caf::actor>
  Actor actor() const {
    const auto& record = static_cast<const Handle&>(*this).record_;
    return record ? actor_of(*record) : Actor{};
  }
};

/// Rule 6 for an await of something that needs capacity itself: the token goes back while the body waits. The
/// actor takes one again, ahead of the queue, before the body goes on; unless an end is due, which isn't kept
/// waiting.
class lending_wait : protected waiter {
protected:
  lending_wait() = default;
  /// Of one that isn't awaited yet.
  lending_wait(lending_wait&&) noexcept {} // NOLINT: there is nothing to move
  ~lending_wait() = default;

  /// True when what is waited for has come.
  virtual bool arrived() const noexcept = 0;
  /// What follows in the body is next to nothing: it goes on without a token.
  virtual bool is_all() const noexcept { return false; }
  /// An end is due, and it hasn't arrived. True: give up waiting for it.
  virtual bool give_up() noexcept { return true; }
  /// In words.
  virtual std::string awaited() const { return "its children"; }

  void lend(context& ctx);
  bool ready() const noexcept final;
  bool stop() noexcept final;
  wait_reason reason() const final { return {awaited()}; }
  context* ctx() const noexcept { return ctx_; }
  bool gave_up() const noexcept { return gave_up_; }

private:
  context* ctx_ = nullptr;
  bool gave_up_ = false;
};

/// Waits for another task.
class end_wait : protected lending_wait, end_listener {
protected:
  explicit end_wait(record& which) noexcept
      : end_listener([](end_listener& self) noexcept { static_cast<end_wait&>(self).on_end(); }),
        record_(which) {}
  /// Of one that isn't awaited yet.
  end_wait(end_wait&& unused) noexcept : end_wait(unused.record_) {}
  ~end_wait();

  /// False: no need to wait.
  bool begin(context& ctx);
  /// Errors: `cancelled_error`, when this is why the wait is over.
  void finish();

private:
  bool arrived() const noexcept override { return ended_.load(std::memory_order_acquire); }
  bool give_up() noexcept override { return !is_why(); }
  std::string awaited() const override;
  void on_end() noexcept;
  bool is_why() const noexcept;

  record& record_;
  std::atomic<bool> ended_{false};
  context* owner_ = nullptr;
  bool listening_ = false;
  bool stopped_ = false;
};

struct awaited_record { // before the wait, which refers to it
  ref<record> held;
};

/// `handle::ended`: is no owner of the outcome, at which it doesn't look.
class [[nodiscard]] ended_awaiter final : awaited_record, end_wait {
public:
  explicit ended_awaiter(ref<record> which) noexcept
      : awaited_record{std::move(which)}, end_wait(*awaited_record::held) {}
  bool await_ready() const noexcept { return false; }
  template <body_promise Promise>
  bool await_suspend(std::coroutine_handle<Promise> self) {
    return begin(*self.promise().ctx);
  }
  void await_resume() { finish(); }
};

} // namespace taskactor::detail
