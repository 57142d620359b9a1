/// Scopes: a part of a body with a deadline of its own, or behind a shield.
///
///     auto page = co_await ta::fail_after(2s, fetch(url));      // its value, or throws `timeout_error`
///     auto page = co_await ta::move_on_after(2s, fetch(url));   // std::optional, empty when time was up
///     const bool in_time = co_await ta::move_on_after(1s, ta::sleep_for(2s));   // of void
///     co_await ta::shield(roll_back(tx));                       // clean-up of a task that is cancelled
///
///     task > fail_after 10s > shield > move_on_after 1s > the await
///            \__ not seen in the shield __/   \__ of those seen that have expired the outermost decides
///
/// What runs in a scope is a `task`, an awaitable, or a callable that gives one (kept until it has ended;
/// for g++ 12 a lambda that owns what it captures is given a name before: docs/first_steps.md).
/// Its time counts from the await. When that is up, `cancelled_error` is thrown at the await inside, and at
/// each further one; at the scope's edge it turns into the scope's answer. What is outside sees
/// nothing of it. Scopes nest in any order. A scope passes the cancellation on as long as one around it, or
/// the task itself, is to end as well: nothing between the two goes on. A value wins: what ends by itself,
/// late or not, has ended so. A duration of zero has expired: the first await throws.
///
/// In a shield neither the task's cancellation nor an outer scope's deadline is seen at awaits, so that
/// clean-up may await; after it the next await sees them again.
///
/// Errors: those of what runs inside, unchanged. What clean-up throws after the scope's time was up is
/// reported (`event_kind::cleanup_fault`, a warning in the log) and kept: `fail_after` throws its
/// `timeout_error` with that error nested in it, `move_on_after` throws that error. A negative duration is
/// `errc::invalid_argument`.
/// Stops: code that doesn't await isn't interrupted, nor is a thread's call that doesn't look at its stop
/// token: the scope ends late then. A shield doesn't hold for ever: when the task's `cancel_grace` is over,
/// its body is destroyed, shielded or not.
#pragma once

#include <taskactor/detail/as_task.hpp>
#include <taskactor/error.hpp>
#include <taskactor/sleep.hpp>
#include <taskactor/task.hpp>
#include <taskactor/time_span.hpp>

#include <chrono>
#include <concepts>
#include <coroutine>
#include <cstdint>
#include <optional>
#include <system_error>
#include <type_traits>
#include <utility>

namespace taskactor {

/// The time of a `fail_after` or `fail_at` was up. A task that lets it out has failed: only the manager's own
/// clock makes `timed_out`.
class timeout_error : public error {
public:
  explicit timeout_error(std::chrono::nanoseconds limit);
};

namespace detail {

/// A scope that a coroutine runs in: the one primitive.
class body_scope : public scope {
protected:
  body_scope(time_point due, bool shields) noexcept;
  body_scope(body_scope&& unused) noexcept : body_scope(unused.timer.due, unused.shielded) {}
  ~body_scope() { leave(); }

  void enter(context& where);
  /// The same, and its clock starts: `limit`, which is set here if it is `until_due`.
  void start(context& where, std::chrono::nanoseconds& limit);
  void leave() noexcept;
  /// In a handler: returns when the exception is the cancellation that this scope is the reason of, and no
  /// outer one is. Errors: any other; wrapped in a `timeout_error`, or as it is.
  void absorb(const std::optional<std::chrono::nanoseconds>& fails_after);
  context* where() const noexcept { return ctx_; }

private:
  void expire_outer() noexcept;

  context* ctx_ = nullptr;
  bool entered_ = false;
};

inline constexpr std::chrono::nanoseconds until_due{-1};

enum class on_expiry : std::uint8_t { none, fail, move_on };

template <class T, on_expiry Policy>
class [[nodiscard]] scope_awaiter final : body_scope {
public:
  scope_awaiter(task<T> inner, time_point due, std::chrono::nanoseconds limit) noexcept
      : body_scope(due, Policy == on_expiry::none),
        inner_(std::move(inner).operator co_await()),
        limit_(limit) {}

  bool await_ready() const noexcept { return false; }
  template <body_promise Promise>
  void await_suspend(std::coroutine_handle<Promise> parent) {
    start(*parent.promise().ctx, limit_);
    inner_.await_suspend(parent);
  }
  auto await_resume() {
    leave();
    if constexpr (Policy == on_expiry::move_on)
      return or_nothing();
    else if constexpr (Policy == on_expiry::fail)
      return or_failure();
    else
      return inner_.await_resume();
  }

private:
  using answer = std::conditional_t<std::is_void_v<T>, bool, std::optional<stored<T>>>;

  answer or_nothing() {
    try {
      if constexpr (std::is_void_v<T>) {
        inner_.await_resume();
        return true;
      } else {
        return inner_.await_resume();
      }
    } catch (...) {
      absorb({});
    }
    return {};
  }
  T or_failure() {
    try {
      return inner_.await_resume();
    } catch (...) {
      absorb(limit_);
    }
    throw timeout_error{limit_};
  }

  typename task<T>::awaiter inner_;
  std::chrono::nanoseconds limit_;
};

/// Returns `duration`. Errors: `errc::invalid_argument`, when it is negative.
std::chrono::nanoseconds scope_limit(const char* what, std::chrono::nanoseconds duration);
/// What is left until `due`.
std::chrono::nanoseconds until(time_point due, time_point now) noexcept;

template <on_expiry Policy, class T>
auto make_scope(task<T> body, std::chrono::nanoseconds limit, time_point due = time_point::max()) {
  return scope_awaiter<T, Policy>{std::move(body), due, limit};
}

} // namespace detail

/// Runs `body` for at most `duration`, counted from the await. Errors: `timeout_error` when time was up.
template <class A>
[[nodiscard]] auto fail_after(time_span duration, A&& body) {
  const auto limit = detail::scope_limit("fail_after", duration);
  return detail::make_scope<detail::on_expiry::fail>(detail::as_part(std::forward<A>(body)), limit);
}

/// As `fail_after`, until a point in time.
template <class A>
[[nodiscard]] auto fail_at(std::chrono::steady_clock::time_point due, A&& body) {
  return detail::make_scope<detail::on_expiry::fail>(detail::as_part(std::forward<A>(body)),
                                                     detail::until_due, due);
}

/// Runs `body` for at most `duration`, counted from the await, and goes on then: with its value in an
/// `std::optional`, or an empty one; a body without a value gives true, or false when time was up.
template <class A>
[[nodiscard]] auto move_on_after(time_span duration, A&& body) {
  const auto limit = detail::scope_limit("move_on_after", duration);
  return detail::make_scope<detail::on_expiry::move_on>(detail::as_part(std::forward<A>(body)), limit);
}

/// As `move_on_after`, until a point in time.
template <class A>
[[nodiscard]] auto move_on_at(std::chrono::steady_clock::time_point due, A&& body) {
  return detail::make_scope<detail::on_expiry::move_on>(detail::as_part(std::forward<A>(body)),
                                                        detail::until_due, due);
}

/// Runs `body` without seeing the cancellations and deadlines that are around it.
template <class A>
[[nodiscard]] auto shield(A&& body) {
  return detail::make_scope<detail::on_expiry::none>(detail::as_part(std::forward<A>(body)),
                                                     std::chrono::nanoseconds::max());
}

} // namespace taskactor
