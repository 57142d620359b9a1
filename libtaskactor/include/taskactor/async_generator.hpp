/// `async_generator<T>`: a coroutine that gives one value after the other, and may await between them.
///
///     ta::async_generator<page> pages(std::string url) {
///       while (!url.empty()) { auto p = co_await fetch(url); url = p.next; co_yield std::move(p); }
///     }
///     auto all = pages(first);
///     while (auto p = co_await all.next()) use(*p);          // std::optional: empty when it has ended
///
/// Runs in the task of who asks, and only while asked: nothing runs before the first `next()`, nor between
/// two. Its awaits are that task's: cancellation, deadlines and scopes around `next()` reach them. Scopes are
/// coroutines of their own, so that a value can't be given from within one (`co_yield` inside a `fail_after`
/// doesn't compile by accident).
///
/// **g++ 12** destroys a struct twice that is made within the `co_yield` and has a string or the like in it:
/// `co_yield {a, b}` is right, `co_yield {.url = a}` is refused; one with its type's name can't be told.
///
/// Dropping a generator destroys it where it stands. Errors: what it throws comes out of `next()`; it has
/// ended then. Stops: at its awaits, as any body.
#pragma once

#include <taskactor/task.hpp>

#include <concepts>
#include <coroutine>
#include <exception>
#include <optional>
#include <utility>

namespace taskactor {

namespace detail {

template <class T>
void take_one(T value) noexcept;

/// A value that is given as a braced list. Of an aggregate's own temporary g++ 12 would destroy two copies.
template <class T>
class braced {
public:
  template <class... As>
    requires requires(As&&... parts) { take_one<T>({std::forward<As>(parts)...}); }
  braced(As&&... parts) : value{std::forward<As>(parts)...} {} // NOLINT: implicit

  T value;
};

} // namespace detail

template <class T>
class [[nodiscard]] async_generator {
  static_assert(task_result<T> && !std::is_void_v<T>,
                "a generator gives movable values with a destructor that doesn't throw; no references");

public:
  using value_type = T;

  class promise_type : public detail::promise_base {
  public:
    async_generator get_return_object() noexcept {
      handle = std::coroutine_handle<promise_type>::from_promise(*this);
      return async_generator{this};
    }
    struct [[nodiscard]] yield_awaiter {
      bool await_ready() const noexcept { return false; }
      template <std::derived_from<promise_type> Promise>
      void await_suspend(std::coroutine_handle<Promise> self) const noexcept {
        promise_type& promise = self.promise();
        promise.ctx->leaf = promise.continuation;
      }
      void await_resume() const noexcept {}
    };
    template <std::convertible_to<T> U>
    yield_awaiter yield_value(U&& value) {
      value_.emplace(std::forward<U>(value));
      return {};
    }
    yield_awaiter yield_value(detail::braced<T>&& list) {
      value_.emplace(std::move(list.value));
      return {};
    }
    /// A list that `braced` can't be made of: with names, or with further lists in it.
    template <class U = T>
    yield_awaiter yield_value(const volatile U&& list) {
      static_assert(detail::survives_awaits<T>,
                    "co_yield: g++ 12 would destroy the value of this braced list twice: give it a name, and "
                    "co_yield std::move(it)");
      value_.emplace(const_cast<U&&>(list)); // NOLINT: nothing but a list is taken for it
      return {};
    }
    template <class U>
      requires(!std::convertible_to<U &&, T> && !std::convertible_to<U&, T>)
    yield_awaiter yield_value(U&&) {
      static_assert(std::convertible_to<U&&, T>,
                    "co_yield: the value doesn't convert to the generator's type");
      return {};
    }
    void return_void() const noexcept {}
    std::optional<T> take() {
      if (error)
        std::rethrow_exception(std::exchange(error, nullptr));
      struct empty_at_end { // also when the move throws: what is left of the value isn't given again
        std::optional<T>& value;
        ~empty_at_end() { value.reset(); }
      } const last{value_};
      return std::move(value_);
    }

  private:
    std::optional<T> value_;
  };

  async_generator(async_generator&& other) noexcept : promise_(std::exchange(other.promise_, nullptr)) {}
  async_generator& operator=(async_generator&& other) noexcept {
    std::swap(promise_, other.promise_);
    return *this;
  }
  ~async_generator() {
    if (promise_)
      detail::drop_frame(promise_);
  }

  class [[nodiscard]] next_awaiter {
  public:
    explicit next_awaiter(async_generator& of) noexcept : of_(of) {}
    bool await_ready() const noexcept { return false; }
    template <detail::body_promise Promise>
    bool await_suspend(std::coroutine_handle<Promise> parent) noexcept {
      detail::promise_base& awaiting = parent.promise();
      if (!of_.promise_ || of_.promise_->handle.done())
        return awaiting.ctx->goes_on();
      of_.promise_->enter(*awaiting.ctx, &awaiting, of_.promise_);
      return true;
    }
    std::optional<T> await_resume() {
      if (!of_.promise_)
        return {};
      return static_cast<promise_type*>(of_.promise_)->take();
    }

  private:
    async_generator& of_;
  };

  /// `co_await` it: the next value, or an empty optional when there is none, now and ever after.
  [[nodiscard]] next_awaiter next() noexcept { return next_awaiter{*this}; }

private:
  explicit async_generator(promise_type* promise) noexcept : promise_(promise) {}

  detail::promise_base* promise_;
};

} // namespace taskactor

template <class T, class... Args>
  requires taskactor::detail::destroys_parameters<Args...>
struct std::coroutine_traits<taskactor::async_generator<T>, Args...> {
  using promise_type
      = taskactor::detail::promise_with<typename taskactor::async_generator<T>::promise_type, Args...>;
};
