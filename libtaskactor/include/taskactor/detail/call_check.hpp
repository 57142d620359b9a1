/// What can be called as a body or on a thread, and in one sentence why something can't. Not for users.
///
/// The sentences are static assertions: a call that can't be ends with one of them, and not with all that the
/// compiler has tried.
#pragma once

#include <taskactor/expected.hpp>
#include <taskactor/fwd.hpp>
#include <taskactor/task.hpp>

#include <concepts>
#include <functional>
#include <stop_token>
#include <type_traits>
#include <utility>

namespace taskactor::detail {

template <class T>
inline constexpr bool is_handle = false;
template <class T>
inline constexpr bool is_handle<handle<T>> = true;

/// Of a result that would have to be awaited, or asked, for anything to happen, and that nobody can await.
template <class R>
inline constexpr bool left_unawaited = false;
template <class R>
  requires std::is_class_v<R>
inline constexpr bool left_unawaited<R>
    = is_task<R> || is_generator<R> || (can_be_awaited<R> && !is_handle<std::remove_cv_t<R>>);

/// In place of the result of what can't be called.
struct no_call {};

template <class F, class... Args>
struct call_result {
  using type = no_call;
};
template <class F, class... Args>
  requires std::invocable<F, Args...>
struct call_result<F, Args...> {
  using type = std::invoke_result_t<F, Args...>;
};

template <class F, class... Args>
using body_traits = result_traits<typename call_result<std::decay_t<F>&, std::decay_t<Args>...>::type>;

template <class R>
concept body_value = task_result<R> && !left_unawaited<R>;

/// What a body gives: `T` of a `task<T>`, or what a plain function returns.
template <class F, class... Args>
using body_result = std::conditional_t<task_result<typename body_traits<F, Args...>::type>,
                                       typename body_traits<F, Args...>::type, no_call>;

template <class F, class... Args>
concept body = std::invocable<std::decay_t<F>&, std::decay_t<Args>...>
               && body_value<typename body_traits<F, Args...>::type>;

/// Callable and arguments are moved or copied to where they are called.
template <class... Ts>
inline constexpr bool can_be_kept = (std::is_constructible_v<std::decay_t<Ts>, Ts> && ...);

template <class F, class... Args>
inline constexpr bool takes_stop_token
    = !std::is_invocable_v<F&, Args...> && std::is_invocable_v<F&, std::stop_token, Args...>;

/// True: `body` can be run with `args...`. Else a static assertion says why not. Shared by all that take a
/// body.
template <class F, class... Args>
consteval bool check_body() {
  using result = typename body_traits<F, Args...>::type;
  constexpr bool called = is_task<std::decay_t<F>>;
  constexpr bool callable = std::invocable<std::decay_t<F>&, std::decay_t<Args>...>;
  static_assert(!called,
                "the body: this is a task, made by a call; give the function itself, and its arguments "
                "after it");
  static_assert(called || callable || !takes_stop_token<std::decay_t<F>, std::decay_t<Args>...>,
                "the body: only a call on a thread is given a std::stop_token: use run_in_thread, or "
                "this_task::cancel_requested()");
  static_assert(
      called || callable || takes_stop_token<std::decay_t<F>, std::decay_t<Args>...>,
      "the body: it can't be called with these arguments, which it gets as copies of its own: their "
      "number or a type doesn't fit (a T& parameter wants std::ref)");
  static_assert(!callable || !std::is_reference_v<result>,
                "the body: its result is a reference, which could outlive what it refers to: return a value");
  static_assert(!callable || !left_unawaited<result>,
                "the body: its result would have to be awaited, and nobody does: co_await it in the body");
  static_assert(
      !callable || std::is_reference_v<result> || task_result<result>,
      "the body: its result has to be void, or a value that can be moved and whose destructor doesn't "
      "throw");
  static_assert(can_be_kept<F>, "the body: it can't be copied: give it by std::move");
  static_assert(can_be_kept<Args...>, "an argument of the body: it can't be copied: give it by std::move");
  return body<F, Args...> && can_be_kept<F, Args...>;
}

/// The answer to a call that doesn't compile.
using no_task = expected<handle<no_call>>;

template <class First, class Options>
concept no_options = !std::convertible_to<First, Options>;

/// For an overload that is left when the options are missing.
template <class First>
rejection options_first() {
  static_assert(
      std::is_void_v<First>,
      "the options: they come first, before the body: add_task({}, body, arguments...); they can't be left "
      "out");
  return {};
}

/// What a call on a thread gives.
template <class F, class... Args>
using thread_result =
    typename std::conditional_t<takes_stop_token<F, Args...>, call_result<F&, std::stop_token, Args...>,
                                call_result<F&, Args...>>::type;

/// As `check_body`, for `run_in_thread`.
template <bool Awaited, class F, class... Args>
consteval bool check_thread_call() {
  using function = std::decay_t<F>;
  using result = thread_result<function, std::decay_t<Args>...>;
  constexpr bool called = is_task<function>;
  constexpr bool callable = std::is_invocable_v<function&, std::decay_t<Args>...>
                            || takes_stop_token<function, std::decay_t<Args>...>;
  static_assert(!called, "run_in_thread: a task is a coroutine, which a thread doesn't run: co_await it");
  static_assert(
      called || callable,
      "run_in_thread: the function can't be called with these arguments, which it gets as copies of its "
      "own: their number or a type doesn't fit (a T& parameter wants std::ref)");
  static_assert(
      !is_task<result>,
      "run_in_thread: the function is a coroutine, which a thread doesn't run: co_await it in the task, "
      "or give it to add_task");
  static_assert(is_task<result> || !left_unawaited<result>,
                "run_in_thread: the function's result would have to be awaited, which a thread doesn't");
  static_assert(!std::is_reference_v<result>,
                "run_in_thread: the function's result is a reference, which could outlive what it refers to: "
                "return a value");
  static_assert(std::is_reference_v<result> || task_result<result>,
                "run_in_thread: the function's result has to be void, or a value that can be moved and whose "
                "destructor doesn't throw");
  static_assert(can_be_kept<F>, "run_in_thread: the function can't be copied: give it by std::move");
  static_assert(
      !Awaited || (may_be_in_an_await<F> && ... && may_be_in_an_await<Args>),
      "run_in_thread: g++ 12 destroys the captures of a lambda twice that is written in an await: give "
      "the lambda a name before, and pass it by that name");
  static_assert(can_be_kept<Args...>, "run_in_thread: an argument can't be copied: give it by std::move");
  return callable && body_value<result> && can_be_kept<F, Args...>;
}

} // namespace taskactor::detail
