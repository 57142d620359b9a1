/// How a task ended: a value, or a `failure` that says failed, cancelled or timed out. Nothing else can
/// happen.
///
///     outcome<page> o = ...;
///     if (o) use(*o); else std::cerr << o.error() << '\n';   // "failed: std::runtime_error: no route"
///     o.value();        // rethrows the body's own exception; `task_error`: it was cancelled or timed out
///
/// Errors travel whole: the exception that leaves a body is the one that `value()` throws.
///
/// Moving an outcome never throws: one whose value throws when it is moved has failed with that exception.
/// So whatever carries outcomes about, each is a value or a failure in the end. Copying throws what the
/// value's copy throws; then there is no copy, and nothing is lost.
#pragma once

#include <taskactor/copyable_result.hpp>
#include <taskactor/error.hpp>
#include <taskactor/state.hpp>

#include <chrono>
#include <concepts>
#include <exception>
#include <iosfwd>
#include <string>
#include <system_error>
#include <type_traits>
#include <utility>
#include <variant>

namespace taskactor {

/// Thrown inside a body at its awaits while its cancellation is requested. On purpose not a `std::exception`:
/// a body that handles errors should not swallow it by accident; one that does sees it again at its next
/// await.
struct cancelled_error {};

/// What `outcome::value()` and `handle::get()` throw for a task that was cancelled or timed out.
class task_error : public error {
public:
  task_error(taskactor::state how, const std::string& message);
  taskactor::state state() const noexcept { return state_; }

private:
  taskactor::state state_;
};

/// The demangled type, `what()`, and the nested chain of an exception:
/// "std::runtime_error: can't load <- std::system_error: No such file or directory".
std::string describe(const std::exception_ptr& what);

/// What a type must be to be a result: a value (no reference), movable, and destroyed without throwing, since
/// results die on the runtime's threads, where nobody could catch it.
template <class T>
concept task_result = std::is_void_v<T>
                      || (std::is_object_v<T> && !std::is_array_v<T> && std::move_constructible<T>
                          && std::is_nothrow_destructible_v<T>);

/// The end of a task that has no value.
class failure {
public:
  /// An item that never had its turn.
  failure() noexcept = default;
  failure(taskactor::state how, end_reason why, std::chrono::nanoseconds limit = {}) noexcept
      : state_(how), reason_(why), limit_(limit) {}
  /// One whose body hasn't run, and the cause says why.
  failure(taskactor::state how, end_reason why, std::exception_ptr cause) noexcept
      : state_(how), reason_(why), cause_(std::move(cause)) {}
  explicit failure(std::exception_ptr cause) noexcept
      : state_(taskactor::state::failed), reason_(end_reason::none), cause_(std::move(cause)) {}

  /// failed, cancelled or timed_out.
  taskactor::state state() const noexcept { return state_; }
  end_reason reason() const noexcept { return reason_; }
  /// The body's exception, or why it hasn't run (`predecessor_error`), or null.
  const std::exception_ptr& cause() const noexcept { return cause_; }
  /// State, reason and cause in one line: "timed out: ran longer than 2 s".
  std::string message() const;
  /// Rethrows the cause, or throws `task_error`.
  [[noreturn]] void raise() const;

private:
  taskactor::state state_ = taskactor::state::cancelled;
  end_reason reason_ = end_reason::not_started;
  std::chrono::nanoseconds limit_{};
  std::exception_ptr cause_;
};

/// Prints `message()`.
std::ostream& operator<<(std::ostream& out, const failure& what);

namespace detail {
/// What is stored for a result type: void has no values of its own.
template <class T>
using stored = std::conditional_t<std::is_void_v<T>, std::monostate, T>;
} // namespace detail

template <class T>
class outcome {
  static_assert(task_result<T>,
                "a task's result is void or a movable value with a destructor that doesn't throw; "
                "it can't be a reference");

public:
  using value_type = T;
  using stored_type = detail::stored<T>;

  outcome() noexcept : content_(std::in_place_index<0>) {}
  outcome(failure what) noexcept : content_(std::in_place_index<0>, std::move(what)) {} // NOLINT: implicit
  template <class... Us>
  explicit outcome(std::in_place_t, Us&&... args)
      : content_(std::in_place_index<1>, std::forward<Us>(args)...) {}
  outcome(const outcome&)
    requires copyable_result<T>
  = default;
  outcome(outcome&& other) noexcept : content_(std::in_place_index<0>) { take(other); }
  outcome& operator=(const outcome& other)
    requires copyable_result<T>
  {
    return *this = outcome{other};
  }
  outcome& operator=(outcome&& other) noexcept {
    if (this != &other)
      take(other);
    return *this;
  }
  ~outcome() = default;

  /// Puts a value in place of what was there. When its constructor throws, the outcome has failed with that.
  template <class... Us>
  void emplace(Us&&... args) noexcept {
    try {
      content_.template emplace<1>(std::forward<Us>(args)...);
    } catch (...) {
      content_.template emplace<0>(std::current_exception());
    }
  }

  bool has_value() const noexcept { return content_.index() == 1; }
  explicit operator bool() const noexcept { return has_value(); }
  taskactor::state state() const noexcept { return has_value() ? state::completed : error().state(); }

  /// Why there is no value; only when there is none.
  const failure& error() const noexcept { return *std::get_if<0>(&content_); }

  /// The value. Errors: the body's own exception, or `task_error`.
  decltype(auto) value() & { return check(), get(content_); }
  decltype(auto) value() const& { return check(), get(content_); }
  T value() && {
    check();
    if constexpr (!std::is_void_v<T>)
      return std::move(*std::get_if<1>(&content_));
  }

  /// Unchecked access, as a pointer's: only when `has_value()`.
  stored_type& operator*() noexcept { return *std::get_if<1>(&content_); }
  const stored_type& operator*() const noexcept { return *std::get_if<1>(&content_); }
  stored_type* operator->() noexcept { return std::get_if<1>(&content_); }
  const stored_type* operator->() const noexcept { return std::get_if<1>(&content_); }

private:
  void take(outcome& other) noexcept {
    if (other.has_value())
      emplace(std::move(*other));
    else
      content_.template emplace<0>(std::move(*std::get_if<0>(&other.content_)));
  }
  void check() const {
    if (!has_value())
      error().raise();
  }
  template <class Content>
  static decltype(auto) get(Content& content) {
    if constexpr (!std::is_void_v<T>)
      return (*std::get_if<1>(&content));
  }

  std::variant<failure, stored_type> content_;
};

} // namespace taskactor
