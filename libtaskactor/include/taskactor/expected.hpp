/// `expected<T>`: a value, or the reason why there is none, decided at once.
///
///     auto h = tasks.add_task({.id = "front"}, fetch, url);
///     if (!h) std::cerr << h.error() << '\n';      // "duplicate id: front"
///     h.value().get();                             // throws std::system_error when there is no value
///
/// It is the answer of admission (rule 1): what is wrong is known in the caller's thread, before anything
/// runs. The subset of C++23's `std::expected` that is needed, with one fixed error type.
#pragma once

#include <taskactor/errc.hpp>

#include <iosfwd>
#include <string>
#include <system_error>
#include <utility>
#include <variant>

namespace taskactor {

/// Why something was refused: the code to act on, the message to show.
struct rejection {
  errc code;
  std::string message;
};

/// Prints the message.
std::ostream& operator<<(std::ostream& out, const rejection& what);

/// Throws `std::system_error` with the code and the message.
[[noreturn]] void throw_rejection(const rejection& what);

namespace detail {
/// Of an error that was thrown so: the message, which says all that the code's own words would. Of any other,
/// those of the system among them, everything: there the code's words are the reason.
std::string message_of(const std::system_error& error);
} // namespace detail

template <class T>
class [[nodiscard]] expected {
public:
  using value_type = T;

  expected(T value)
      : content_(std::in_place_index<0>, std::move(value)) {} // NOLINT: implicit, as std::expected
  expected(rejection why) : content_(std::in_place_index<1>, std::move(why)) {} // NOLINT

  bool has_value() const noexcept { return content_.index() == 0; }
  explicit operator bool() const noexcept { return has_value(); }

  /// The value. Errors: `std::system_error` with the code and message of `error()`.
  T& value() & { return check(), *std::get_if<0>(&content_); }
  const T& value() const& { return check(), *std::get_if<0>(&content_); }
  T&& value() && { return check(), std::move(*std::get_if<0>(&content_)); }

  /// Unchecked access, as a pointer's: only when `has_value()`.
  T& operator*() & noexcept { return *std::get_if<0>(&content_); }
  const T& operator*() const& noexcept { return *std::get_if<0>(&content_); }
  T&& operator*() && noexcept { return std::move(*std::get_if<0>(&content_)); }
  T* operator->() & noexcept { return std::get_if<0>(&content_); }
  const T* operator->() const& noexcept { return std::get_if<0>(&content_); }
  T* operator->() && = delete; // `get()` of a handle in it would refer to what goes with it: use `value()`

  /// The reason; only when there is no value.
  const rejection& error() const noexcept { return *std::get_if<1>(&content_); }

private:
  void check() const {
    if (!has_value())
      throw_rejection(error());
  }

  std::variant<T, rejection> content_;
};

} // namespace taskactor
