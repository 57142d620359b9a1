/// `task<T>`: a coroutine that is the body of a task, or a part of one.
///
///     ta::task<int> part(int n) { co_await ta::sleep_for(1ms); co_return n; }
///     ta::task<int> whole() { co_return co_await part(1) + co_await part(2); }
///
/// Lazy: nothing runs before it is awaited or given to a manager; dropping one that never ran is harmless.
/// Awaiting is by value, once: `co_await part(1)` or `co_await std::move(t)`. Nested awaits don't grow the
/// stack. Results may be void or move-only; references are refused. What isn't taskactor's can't be awaited.
/// Errors: exceptions travel unchanged; `errc::no_value` of one that ends without its `co_return`,
/// `errc::invalid_argument` of one that is empty.
///
/// Stops: cancellation reaches a body at its leaf awaits (`sleep_for`, `run_in_thread`, ...):
/// `cancelled_error` is thrown there. Awaiting another `task` is no such point; the leaf awaits in it are.
///
/// A body that never runs, or is killed, is destroyed where it stands, with its locals, captures and
/// parameters. What a destructor throws then nobody can catch: the rest is destroyed nevertheless, and it is
/// reported (`event_kind::cleanup_fault`). Two limits of the language: a second destructor that throws while
/// the first one's exception leaves the same coroutine ends the process, as in any function; and a body that
/// catches what its own destructors throw, and goes on from one await to the next for ever, stays in memory.
#pragma once

#include <taskactor/detail/context.hpp>
#include <taskactor/detail/parameters.hpp>
#include <taskactor/detail/promise.hpp>
#include <taskactor/outcome.hpp>

#include <concepts>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

namespace taskactor {

namespace detail {

template <class T>
class promise : public promise_base {
public:
  task<T> get_return_object() noexcept;
  template <class U = T> // also of a braced list
    requires std::convertible_to<U&&, T>
  void return_value(U&& value) {
    result_.emplace(std::forward<U>(value));
  }
  template <class U>
    requires(!std::convertible_to<U &&, T> && !std::convertible_to<U&, T>)
  void return_value(U&&) {
    static_assert(std::convertible_to<U&&, T>,
                  "co_return: the value doesn't convert to the result type of the task");
  }
  T take() {
    if (error || !result_)
      raise_no_value();
    return std::move(*result_);
  }

private:
  std::optional<T> result_;
};

template <>
class promise<void> : public promise_base {
public:
  task<void> get_return_object() noexcept;
  void return_void() const noexcept {}
  void take() {
    if (error)
      std::rethrow_exception(std::move(error));
  }
};

} // namespace detail

template <class T = void>
class [[nodiscard]] task {
  static_assert(task_result<T>,
                "the result of a task is void or a movable value with a destructor that doesn't "
                "throw; it can't be a reference");

public:
  using promise_type = detail::promise<T>;
  using value_type = T;

  task() noexcept = default;
  explicit task(promise_type& promise) noexcept : promise_(&promise) {}
  task(task&& other) noexcept : promise_(std::exchange(other.promise_, nullptr)) {}
  task& operator=(task&& other) noexcept {
    std::swap(promise_, other.promise_);
    return *this;
  }
  ~task() {
    if (promise_)
      detail::drop_frame(promise_);
  }

  /// False for one that was moved from or default-constructed; such a one can't be awaited.
  explicit operator bool() const noexcept { return promise_ != nullptr; }

  class [[nodiscard]] awaiter {
  public:
    explicit awaiter(detail::promise_base* promise) noexcept : promise_(promise) {}
    awaiter(awaiter&& unused) noexcept : promise_(std::exchange(unused.promise_, nullptr)) {}
    ~awaiter() {
      if (promise_)
        detail::drop_frame(promise_);
    }
    bool await_ready() const noexcept { return false; }
    template <detail::body_promise Promise>
    void await_suspend(std::coroutine_handle<Promise> parent) {
      detail::promise_base& awaiting = parent.promise();
      detail::require_frame(promise_).enter(*awaiting.ctx, &awaiting, promise_);
    }
    T await_resume() { return static_cast<promise_type*>(promise_)->take(); }

  private:
    detail::promise_base* promise_;
  };

  awaiter operator co_await() && noexcept { return awaiter{std::exchange(promise_, nullptr)}; }

  /// For the runtime: runs this coroutine as the root of `where`. Errors: `errc::invalid_argument`.
  void enter_root(detail::context& where) { detail::require_frame(promise_).enter(where, nullptr, promise_); }
  /// For the runtime: gives up the frame without destroying it.
  detail::promise_base* release() noexcept { return std::exchange(promise_, nullptr); }
  /// For the runtime: the result after the end. Errors: the body's exception.
  T take() { return static_cast<promise_type*>(promise_)->take(); }
  /// For the runtime: what has ended, with its exception.
  detail::promise_base& ended() noexcept { return *promise_; }

private:
  detail::promise_base* promise_ = nullptr;
};

template <class T>
task<T> detail::promise<T>::get_return_object() noexcept {
  handle = std::coroutine_handle<promise>::from_promise(*this);
  return task<T>{*this};
}

inline task<void> detail::promise<void>::get_return_object() noexcept {
  handle = std::coroutine_handle<promise>::from_promise(*this);
  return task<void>{*this};
}

namespace detail {

/// What a function gives: `T` of a `task<T>`, or what a plain one returns.
template <class R>
struct result_traits {
  using type = R;
  static constexpr bool coroutine = false;
};
template <class T>
struct result_traits<task<T>> {
  using type = T;
  static constexpr bool coroutine = true;
};

} // namespace detail

} // namespace taskactor

template <class T, class... Args>
  requires taskactor::detail::destroys_parameters<Args...>
struct std::coroutine_traits<taskactor::task<T>, Args...> {
  using promise_type = taskactor::detail::promise_with<taskactor::detail::promise<T>, Args...>;
};
