/// What a task can await. Not for users.
///
/// An await parks the task's actor, and what is awaited has to know how to wake it. So an awaitable is one
/// whose `await_suspend` takes the coroutine of a task and no other's: a type that takes any
/// `std::coroutine_handle` would resume it on a thread of its own, behind the actor's back. Such a one is
/// refused at compile time, in one sentence, which names `ta::adapt`; so is what an await is mistaken for (a
/// task that wasn't moved, an unasked generator, ...). `std::suspend_never` may be awaited.
#pragma once

#include <taskactor/detail/compiler.hpp>
#include <taskactor/fwd.hpp>

#include <concepts>
#include <coroutine>
#include <string_view>
#include <type_traits>
#include <utility>

namespace taskactor {

namespace detail {

class promise_base;
template <class T>
class promise;

/// A coroutine that can await taskactor's awaitables.
template <class Promise>
concept body_promise = std::derived_from<Promise, promise_base>;

/// What `co_await` makes of its operand.
template <class A>
decltype(auto) awaiter_of(A&& awaited) {
  if constexpr (requires { std::forward<A>(awaited).operator co_await(); })
    return std::forward<A>(awaited).operator co_await();
  else if constexpr (requires { operator co_await(std::forward<A>(awaited)); })
    return operator co_await(std::forward<A>(awaited));
  else
    return std::forward<A>(awaited);
}

/// Has all that a task's promise shows to others, and isn't one.
struct foreign_promise {
  std::coroutine_handle<foreign_promise> get_return_object() noexcept;
  std::suspend_always initial_suspend() const noexcept;
  std::suspend_always final_suspend() const noexcept;
  void unhandled_exception() noexcept;
  void return_void() const noexcept;
  template <class A>
  A&& await_transform(A&& awaited) const;
};

template <class Awaiter, class Promise>
concept suspends = requires(Awaiter& awaiter, std::coroutine_handle<Promise> coroutine) {
  awaiter.await_suspend(coroutine);
};

template <class Awaiter>
inline constexpr bool wakes_tasks = suspends<Awaiter, promise<void>> && !suspends<Awaiter, foreign_promise>;
template <>
inline constexpr bool wakes_tasks<std::suspend_never> = true;

// g++ 12 copies the temporary of an aggregate, or of a lambda with captures, byte by byte into the
// coroutine's frame when it is written in an await, and destroys both.
#if TASKACTOR_GCC_12
template <class T>
inline constexpr bool survives_awaits = std::is_trivially_destructible_v<T> || !std::is_aggregate_v<T>;

template <class T>
consteval bool is_lambda() {
  constexpr std::string_view name = __PRETTY_FUNCTION__;
  return name.find("<lambda(") != name.npos && name.ends_with(")>]") && std::is_class_v<T>
         && !std::is_aggregate_v<T> && !std::is_default_constructible_v<T> && !std::is_copy_assignable_v<T>;
}
/// Of an argument: no lambda with captures that have destructors, unless it has a name. (One that can't be
/// copied has to be moved, which looks the same: it passes.)
template <class A>
inline constexpr bool may_be_in_an_await
    = std::is_lvalue_reference_v<A> || std::is_trivially_destructible_v<A> || !std::is_copy_constructible_v<A>
      || !is_lambda<A>();
#else
template <class T>
inline constexpr bool survives_awaits = true;
template <class A>
inline constexpr bool may_be_in_an_await = true;
#endif

/// In place of what was refused: ends what the compiler has to say with the sentence.
struct refused_await {
  struct anything {
    template <class T>
    operator T() const; // NOLINT: implicit
  };
  bool await_ready() const noexcept;
  void await_suspend(std::coroutine_handle<> coroutine) const noexcept;
  anything await_resume() const;
};
template <>
inline constexpr bool wakes_tasks<refused_await> = true;

/// The operand of an await in a task, as it is written there: `A` is an lvalue reference for an lvalue.
template <class A>
inline constexpr bool can_be_awaited
    = wakes_tasks<std::remove_cvref_t<decltype(awaiter_of(std::declval<A>()))>>;

template <class T>
inline constexpr bool is_task = false;
template <class T>
inline constexpr bool is_task<task<T>> = true;
template <class T>
inline constexpr bool is_generator = false;
template <class T>
inline constexpr bool is_generator<async_generator<T>> = true;
template <class T>
inline constexpr bool is_expected_handle = false;
template <class T>
inline constexpr bool is_expected_handle<expected<handle<T>>> = true;

/// Why `A` can't be awaited.
template <class A>
consteval void explain_refused_await() {
  using plain = std::remove_cvref_t<A>;
  constexpr bool function = std::is_function_v<std::remove_pointer_t<plain>>;
  static_assert(
      !is_task<plain>,
      "co_await: a task that has a name is awaited once, by co_await std::move(it); a const one can't be");
  static_assert(!is_generator<plain>,
                "co_await: a generator is asked for its next value: co_await it.next()");
  static_assert(!is_expected_handle<plain>,
                "co_await: the task may have been refused: look, or co_await add_task(...).value()");
  static_assert(!function, "co_await: this is a function that isn't called: co_await it(...)");
  static_assert(
      is_task<plain> || is_generator<plain> || is_expected_handle<plain> || function,
      "co_await: this isn't an awaitable of taskactor's, and couldn't wake the task: another library's goes "
      "through ta::adapt(x); await a task, a handle, sleep_for, request, ...; what blocks goes to "
      "run_in_thread");
}

/// An awaiter that is there already. By itself g++ 12 would move or copy one that it gets by a reference.
template <class Awaiter>
class [[nodiscard]] awaiter_there {
public:
  explicit awaiter_there(Awaiter& which) noexcept : which_(which) {}
  bool await_ready() const noexcept(noexcept(which_.await_ready())) { return which_.await_ready(); }
  template <body_promise Promise>
  auto await_suspend(std::coroutine_handle<Promise> self) const
      noexcept(noexcept(which_.await_suspend(self))) {
    return which_.await_suspend(self);
  }
  decltype(auto) await_resume() const { return which_.await_resume(); }

private:
  Awaiter& which_;
};

/// Base of the promises.
class own_awaits {
public:
  template <class A>
  decltype(auto) await_transform(A&& awaited) const {
    if constexpr (!can_be_awaited<A>) {
      explain_refused_await<A>();
      return refused_await{};
    } else if constexpr (std::is_reference_v<decltype(awaiter_of(std::forward<A>(awaited)))>) {
      auto&& there = awaiter_of(std::forward<A>(awaited));
      return awaiter_there<std::remove_reference_t<decltype(there)>>{there};
    } else {
      return awaiter_of(std::forward<A>(awaited));
    }
  }
};

} // namespace detail

} // namespace taskactor
