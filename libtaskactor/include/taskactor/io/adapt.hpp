/// `co_await adapt(x)`: awaits what another library has made, and a future.
///
///     const auto page = co_await ta::adapt(fetch(url));              // a coroutine of cppcoro, libcoro, ...
///     auto& item = co_await ta::adapt(queue.pop());                  // what resumes a std::coroutine_handle
///     const int sum = co_await ta::adapt(std::async(work));          // a std::future
///
/// Such an awaitable resumes its coroutine on a thread of its own, at a time of its own: a task can't let it.
/// So a small coroutine of `adapt`'s awaits it, and then resumes the task as a `callback` does, on the task's
/// own thread. It begins on the task's thread, at the await. Its value is moved on, or copied from an lvalue
/// that it refers to by an rvalue reference; an lvalue reference stays one; an exception comes as it is. What
/// is awaited is moved into that coroutine if it is an rvalue, and destroyed at the end of the full
/// expression with what it gives a reference to; an lvalue is awaited where it is. Of an awaitable that is
/// awaited as an lvalue alone give the lvalue.
///
/// **Ends**, as those of a `callback` that can't be cancelled: when the task is to end, the await goes on
/// until the other library resumes it. What is never resumed is an overrun, and outlives the kill.
/// `{.abandonable = true}` lets the await end at once, and the awaitable go on in memory of its own; so it
/// has to be an rvalue. A coroutine that the other library destroys instead of resuming it is
/// `errc::abandoned`.
///
/// A **future** (what has `get`, `wait` and `valid`) is waited for on a thread of the pool, as by
/// `run_in_thread`, under the thread limiter, for as long as it takes; give it by `std::move`. A reference in
/// it is copied.
///
/// Errors: what is awaited throws; `errc::abandoned`; `cancelled_error`; `errc::invalid_argument` of a future
/// without a state. What can be awaited only in the coroutines of its own library (Asio's `awaitable`) is
/// refused when it is compiled.
#pragma once

#include <taskactor/detail/foreign_driver.hpp>
#include <taskactor/io/callback.hpp>
#include <taskactor/run_in_thread.hpp>

#include <concepts>
#include <coroutine>
#include <type_traits>
#include <utility>

namespace taskactor {

namespace detail {

template <class F>
concept future_like = requires(F& future) {
  future.wait();
  future.get();
  { future.valid() } -> std::convertible_to<bool>;
};

/// Any coroutine can await it.
template <class A>
inline constexpr bool is_foreign = false;
template <class A>
  requires requires {
    { awaiter_of(std::declval<A>()).await_ready() } -> std::convertible_to<bool>;
    awaiter_of(std::declval<A>()).await_resume();
  }
inline constexpr bool is_foreign<A>
    = suspends<std::remove_cvref_t<decltype(awaiter_of(std::declval<A>()))>, foreign_promise>;

template <class A>
class [[nodiscard]] adapt_await final {
  using result = foreign_result<A>;
  using given = std::conditional_t<std::is_lvalue_reference_v<result>, result, carried<result>>;

public:
  adapt_await(A&& awaited, callback_options how) : wait_(start(awaited), how) {}
  /// Of one that isn't awaited yet.
  adapt_await(adapt_await&&) = default; // NOLINT(performance-noexcept-move-constructor): as theirs

  bool await_ready() const noexcept { return false; }
  template <body_promise Promise>
  bool await_suspend(std::coroutine_handle<Promise> self) {
    return wait_.await_suspend(self);
  }
  given await_resume() {
    if constexpr (std::is_lvalue_reference_v<result>)
      return *wait_.await_resume();
    else
      return wait_.await_resume();
  }

private:
  static foreign_start<A> start(std::remove_reference_t<A>& awaited) {
    if constexpr (std::is_reference_v<A>)
      return foreign_start<A>{&awaited};
    else
      return foreign_start<A>{std::move(awaited)};
  }

  callback_await<carried<result>, foreign_start<A>> wait_;
};

/// True: `x` can be adapted. Else a static assertion says why not.
template <class A>
consteval bool check_adapted() {
  using plain = std::remove_cvref_t<A>;
  constexpr bool ours = can_be_awaited<A> || is_task<plain>;
  constexpr bool future = !ours && !is_foreign<A> && future_like<plain>;
  constexpr bool kept = std::is_constructible_v<plain, A>;
  static_assert(!ours, "adapt: this is an awaitable of taskactor's: co_await it as it is");
  static_assert(
      ours || future || is_foreign<A>,
      "adapt: this can't be awaited in any coroutine: it is no awaitable, it is only for coroutines of "
      "its own library, or it has to be given by std::move");
  static_assert(!future || kept, "adapt: a future that has a name is given by std::move(it)");
  if constexpr (!ours && is_foreign<A>) {
    constexpr bool value = task_result<carried<foreign_result<A>>>;
    static_assert(value, "adapt: what it gives can't be moved, or has a destructor that throws");
    static_assert(std::is_reference_v<A> || kept, "adapt: it can't be moved: give it a name, and adapt that");
    return value && (std::is_reference_v<A> || kept);
  }
  return future && kept;
}

} // namespace detail

/// To be awaited. `how`: see `callback`; not for a future.
template <class A>
[[nodiscard]] auto adapt(A&& x) {
  if constexpr (!detail::check_adapted<A>())
    return detail::refused_await{};
  else if constexpr (detail::is_foreign<A>)
    return detail::adapt_await<A>{std::forward<A>(x), {}};
  else
    return run_in_thread(detail::future_get<std::remove_cvref_t<A>>{std::forward<A>(x)});
}
template <class A>
[[nodiscard]] auto adapt(A&& x, callback_options how) {
  constexpr bool owned = !std::is_lvalue_reference_v<A>;
  static_assert(owned, "adapt: with options the awaitable is an rvalue: it may be left to itself");
  static_assert(detail::is_foreign<A> || !detail::future_like<std::remove_cvref_t<A>>,
                "adapt: there are no options for a future");
  if constexpr (owned && detail::check_adapted<A>() && detail::is_foreign<A>)
    return detail::adapt_await<A>{std::forward<A>(x), how};
  else
    return detail::refused_await{};
}

} // namespace taskactor
