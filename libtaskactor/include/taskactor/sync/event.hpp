/// `event`: something that has happened, or hasn't; tasks and threads wait until it has.
///
///     ta::event ready;              // copies are the same event
///     co_await ready.wait();        // returns at once while it is set
///     ready.set();                  // wakes all who wait now, and stays set
///     ready.clear();                // who waits from now on waits for the next `set`
///
/// **No `set` is lost**: it serves all who wait at that moment, also if `clear` follows before they go on. A
/// wait that throws `cancelled_error` wasn't served; one that was goes on, cancelled or not.
///
/// Once the last copy is gone nobody can set it: who waits then gets `error{errc::closed}`. A wait keeps what
/// the copies share, and is no copy.
///
/// A body that waits lends its token. Stops: while it waits. Errors: `errc::closed`; of
/// `blocking_wait` `errc::would_block` inside a coroutine body, and `cancelled_error` when the task whose
/// thread waits is asked to end; `errc::invalid_argument` of an event that was moved from. Threads: any; not
/// in a signal's handler.
#pragma once

#include <taskactor/detail/sync_waiter.hpp>
#include <taskactor/task.hpp>

#include <coroutine>
#include <cstddef>
#include <string>

namespace taskactor {

namespace detail {

class event_state final : public sync_state {
public:
  void set() noexcept;
  void clear() noexcept;
  bool is_set() noexcept;
  std::size_t waiting() noexcept;
  /// Under the lock.
  wait_end look_or_wait(sync_waiter& one) noexcept;

private:
  void on_last_owner() noexcept override;

  // Guarded by the lock.
  sync_line waiting_;
  bool set_ = false;
  bool orphaned_ = false; // nobody can set it any more
};

class [[nodiscard]] event_await final : sync_await {
public:
  explicit event_await(event_state& of) noexcept : sync_await(of, nullptr), of_(&of) {}
  /// Of one that isn't awaited yet.
  event_await(event_await&& unused) noexcept : sync_await(unused, nullptr), of_(unused.of_) {}
  ~event_await() override { abandon(); }

  bool await_ready() const noexcept { return false; }
  template <body_promise Promise>
  bool await_suspend(std::coroutine_handle<Promise> self) {
    return begin(*self.promise().ctx, [this](sync_wakes&) { return of_->look_or_wait(*this); });
  }
  void await_resume();

private:
  std::string awaited() const override { return "an event to be set"; }
  void give_back() noexcept override { abandon(); }

  event_state* of_;
};

} // namespace detail

class event {
public:
  event() : state_(new detail::event_state) {}

  void set() const { state_->set(); }
  void clear() const { state_->clear(); }
  bool is_set() const { return state_->is_set(); }
  /// How many wait.
  std::size_t waiting() const { return state_->waiting(); }

  /// To be awaited, in a task.
  [[nodiscard]] auto wait() const { return detail::event_await{*state_}; }
  /// On a thread.
  void blocking_wait() const;

  /// The same event.
  friend bool operator==(const event&, const event&) noexcept = default;

private:
  detail::sync_owner<detail::event_state> state_;
};

} // namespace taskactor
