/// `condition`: waits, with a mutex, until somebody who has changed something says so.
///
///     ta::condition changed;                             // with a mutex of its own, or one of yours
///     auto guard = co_await changed.lock();
///     co_await changed.wait(guard, [&] { return !queue.empty(); });
///     use(queue);                                        // under the mutex
///     ...
///     { const auto guard = co_await changed.lock(); queue.push(x); }
///     changed.notify();                                  // one of those who wait; (n): n; _all: all
///
/// `wait(guard)` unlocks the mutex, waits, and has it locked again when it returns or throws. The predicate
/// runs in the body, under the mutex and no lock of the library's: it may take its time, and throw. `notify`
/// serves those who wait at that moment, in the order of coming, and nobody who comes later; without a
/// predicate a wait returns for nothing else. It need not be called under the mutex.
///
/// **No notification is lost**: a wait that throws `cancelled_error` had none. One that had one returns,
/// cancelled or not. Who was notified and is killed before it goes on passes it on to the next. A wait that
/// is cancelled has the mutex again before it throws: it waits for that in the mutex's line, as in a shield.
/// Only a kill ends this sooner, and such a body doesn't have the mutex.
///
/// Once the last copy is gone nobody can notify: who waits gets `error{errc::closed}`, under the mutex.
///
/// A body that waits lends its token. Stops: while it waits, as said. Errors: `errc::closed`;
/// `errc::invalid_argument`, when the guard is empty or of another mutex, or of a condition that was moved
/// from. Threads: any; threads notify, but only tasks wait.
#pragma once

#include <taskactor/sync/mutex.hpp>

#include <concepts>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <string>
#include <type_traits>
#include <utility>

namespace taskactor {

namespace detail {

/// The place of who waits at a condition.
struct condition_place : mutex_holder {
  enum class stage : std::uint8_t { waits, notified, cancelled, closed };
  stage now = stage::waits; // all others stand in the mutex's line, or have it
};

/// Its mutex's lock is the condition's as well: so who is notified passes from one line to the other in one
/// step.
class condition_state final : public sync_state {
public:
  explicit condition_state(ref<mutex_state> which) noexcept : mutex_(std::move(which)) {}

  mutex_state& its_mutex() const noexcept { return *mutex_; }
  void notify(std::size_t most) noexcept;
  std::size_t waiting() noexcept;

  // -- under the mutex's lock -----------------------------------------------
  /// It unlocks the mutex, and stands in the line; `closed`: it doesn't. `last`: as the mutex has it.
  wait_end wait(sync_waiter& one, mutex_holder& last, sync_wakes& wakes) noexcept;
  void notify(std::size_t most, sync_wakes& wakes) noexcept;
  /// From the line of those who wait into the mutex's.
  void end_wait(sync_waiter& one, condition_place::stage why, sync_wakes& wakes) noexcept;

private:
  void on_last_owner() noexcept override;

  const ref<mutex_state> mutex_;
  // Guarded by the mutex's lock.
  sync_line waiting_;
  bool orphaned_ = false; // nobody can notify any more
};

class [[nodiscard]] condition_await final : sync_await {
public:
  condition_await(const ref<condition_state>& at, mutex_guard& guard) noexcept
      : sync_await(at->its_mutex(), static_cast<mutex_holder*>(&place_)), at_(at), guard_(&guard) {}
  /// Of one that isn't awaited yet.
  condition_await(condition_await&& unused) noexcept : condition_await(unused.at_, *unused.guard_) {}
  ~condition_await() override { condition_await::give_back(); }

  bool await_ready() const noexcept { return false; }
  template <body_promise Promise>
  bool await_suspend(std::coroutine_handle<Promise> self) {
    return start(*self.promise().ctx);
  }
  void await_resume();

private:
  bool start(context& ctx);
  bool give_up() noexcept override;
  std::string awaited() const override;
  void on_left(sync_wakes& wakes) noexcept override;
  void give_back() noexcept override;

  ref<condition_state> at_;
  mutex_guard* guard_; // empty while it waits
  condition_place place_;
};

/// In place of the owner, so that a wait is no copy.
template <class Predicate>
task<void> wait_until(ref<condition_state> at, mutex_guard& guard, Predicate holds) {
  while (!holds())
    co_await condition_await(at, guard);
}

} // namespace detail

class condition {
public:
  explicit condition(mutex with = {}) : mutex_(std::move(with)), state_(new state{locks{&*mutex_.state_}}) {}

  // -- in a task, to be awaited ---------------------------------------------
  /// A `mutex_guard` of its mutex.
  [[nodiscard]] auto lock() const { return mutex_.lock(); }
  /// Until it is notified.
  [[nodiscard]] auto wait(mutex_guard& guard) const {
    return detail::condition_await{detail::ref<state>{&*state_}, guard};
  }
  /// Until `holds()` is true: at once, or after a notification. What it throws is thrown.
  template <std::predicate Predicate>
  [[nodiscard]] task<void> wait(mutex_guard& guard, Predicate&& holds) const {
    static_assert(
        detail::may_be_in_an_await<Predicate>,
        "the predicate: g++ 12 destroys the captures of a lambda twice that is written in an await: give the "
        "lambda a name before, and pass it by that name");
    return detail::wait_until<std::decay_t<Predicate>>(detail::ref<state>{&*state_}, guard,
                                                       std::forward<Predicate>(holds));
  }

  // -- anywhere -------------------------------------------------------------
  /// The first `most` of those who wait now.
  void notify(std::size_t most = 1) const { state_->notify(most); }
  void notify_all() const { notify(static_cast<std::size_t>(-1)); }
  /// How many wait to be notified.
  std::size_t waiting() const { return state_->waiting(); }
  /// The one that it was made with, or its own.
  const taskactor::mutex& its_mutex() const noexcept { return mutex_; }
  /// The same condition.
  friend bool operator==(const condition&, const condition&) noexcept = default;

private:
  using state = detail::condition_state;
  using locks = detail::ref<detail::mutex_state>;

  taskactor::mutex mutex_;
  detail::sync_owner<state> state_;
};

} // namespace taskactor
