/// A part of a body that is given to a scope or a race: a task, an awaitable, or a callable that gives one.
/// Not for users.
#pragma once

#include <taskactor/detail/awaitable.hpp>
#include <taskactor/task.hpp>

#include <concepts>
#include <functional>
#include <type_traits>
#include <utility>

namespace taskactor::detail {

/// What an await of an `A` gives.
template <class A>
using await_result = std::remove_cvref_t<decltype(awaiter_of(std::declval<A>()).await_resume())>;

template <class T>
task<T> as_task(task<T> body) {
  return body;
}
template <class F>
  requires std::invocable<F&>
task<await_result<std::invoke_result_t<F&>>> as_task(F body) {
  co_return co_await body();
}
template <class A>
  requires(!std::invocable<A&>)
task<await_result<A>> as_task(A awaited) {
  co_return co_await std::move(awaited);
}

template <class F>
inline constexpr bool gives_awaitable = false;
template <class F>
  requires requires(F& f) {
    { std::invoke(f) } -> std::move_constructible;
  }
inline constexpr bool gives_awaitable<F> = can_be_awaited<std::invoke_result_t<F&>>;

/// True: `A`, as it is written, can be such a part. Else a static assertion says why not.
template <class A>
consteval bool check_part() {
  using plain = std::decay_t<A>;
  constexpr bool callable = std::invocable<plain&>;
  constexpr bool kept = std::is_constructible_v<plain, A>;
  constexpr bool awaitable = !callable && can_be_awaited<plain>;
  static_assert(!is_task<plain> || kept, "the body: a task that has a name is given by std::move(it)");
  static_assert(!is_generator<plain>, "the body: a generator is asked for its next value: give it.next()");
  static_assert(
      is_generator<plain> || callable || awaitable,
      "the body: give a task, an awaitable of taskactor's, or a function without parameters that gives "
      "one");
  static_assert(
      !callable || gives_awaitable<plain>,
      "the body: what the function gives can't be awaited: it has to be a coroutine, or to give a task or "
      "an awaitable of taskactor's");
  static_assert(is_task<plain> || kept, "the body: it can't be copied: give it by std::move");
  static_assert(
      may_be_in_an_await<A>,
      "the body: g++ 12 destroys the captures of a lambda twice that is written in an await: give the "
      "lambda a name before, and pass it by that name");
  return kept && (awaitable || gives_awaitable<plain>);
}

/// `body`, as a task.
template <class A>
auto as_part(A&& body) {
  if constexpr (check_part<A>())
    return as_task(std::forward<A>(body));
  else
    return task<void>{};
}

} // namespace taskactor::detail
