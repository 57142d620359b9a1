/// `expected<T>`: a value, or the reason why there is none, decided at once.
///
///     auto h = tasks.add_task({.id = "front"}, fetch, url);
///     if (!h) std::cerr << h.error() << '\n';      // "duplicate id: front"
///     h.value().get();                             // throws std::system_error when there is no value
///
/// It is the answer of admission: what is wrong is known in the caller's thread, before anything
/// runs. It is used as C++23's `std::expected<T, rejection>`; but `value()` throws `std::system_error`, there
/// is always one of the two, and no `expected<void>`.
#pragma once

#include <taskactor/error.hpp>

#include <iosfwd>
#include <string>
#include <system_error>
#include <type_traits>
#include <utility>
#include <variant>

namespace taskactor {

/// Why something was refused: the code to act on, the message to show.
struct rejection {
  errc code;
  std::string message;
};

inline bool operator==(const rejection& a, const rejection& b) noexcept {
  return a.code == b.code && a.message == b.message;
}

/// Prints the message.
std::ostream& operator<<(std::ostream& out, const rejection& what);

/// Throws an `error` with the code and the message.
[[noreturn]] void throw_rejection(const rejection& what);

template <class T>
class expected;

namespace detail {
template <class T>
inline constexpr bool is_expected = false;
template <class T>
inline constexpr bool is_expected<expected<T>> = true;
template <class M, class C>
std::type_identity<C> class_of(M C::*);
/// `std::invoke` with one argument: that one's header is as large again as all that is included here.
template <class F, class A>
constexpr decltype(auto) call_with(F&& f, A&& a) {
  if constexpr (!std::is_member_pointer_v<std::decay_t<F>>)
    return std::forward<F>(f)(std::forward<A>(a));
  else if constexpr (!std::is_base_of_v<typename decltype(class_of(f))::type, std::remove_cvref_t<A>>)
    return call_with(std::forward<F>(f), *std::forward<A>(a)); // of what a pointer refers to
  else if constexpr (std::is_member_function_pointer_v<std::decay_t<F>>)
    return (std::forward<A>(a).*f)();
  else
    return std::forward<A>(a).*f;
}
} // namespace detail

template <class T>
class [[nodiscard]] expected {
public:
  using value_type = T;
  using error_type = rejection;

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
  const rejection& error() const& noexcept { return *std::get_if<1>(&content_); }
  rejection&& error() && noexcept { return std::move(*std::get_if<1>(&content_)); }

  template <class U>
  T value_or(U&& otherwise) const& {
    return has_value() ? **this : static_cast<T>(std::forward<U>(otherwise));
  }
  template <class U>
  T value_or(U&& otherwise) && {
    return has_value() ? *std::move(*this) : static_cast<T>(std::forward<U>(otherwise));
  }
  rejection error_or(rejection otherwise) const { return has_value() ? std::move(otherwise) : error(); }

  // -- one step after the other, as long as there is a value ----------------
  /// What `f` makes of the value, an `expected` itself; or the reason.
  template <class F>
  auto and_then(F&& f) & {
    return chain(*this, std::forward<F>(f));
  }
  template <class F>
  auto and_then(F&& f) const& {
    return chain(*this, std::forward<F>(f));
  }
  template <class F>
  auto and_then(F&& f) && {
    return chain(std::move(*this), std::forward<F>(f));
  }
  /// What `f` makes of the value, in an `expected`; or the reason.
  template <class F>
  auto transform(F&& f) & {
    return convert(*this, std::forward<F>(f));
  }
  template <class F>
  auto transform(F&& f) const& {
    return convert(*this, std::forward<F>(f));
  }
  template <class F>
  auto transform(F&& f) && {
    return convert(std::move(*this), std::forward<F>(f));
  }
  /// The value; or what `f` makes of the reason, an `expected<T>` itself.
  template <class F>
  expected or_else(F&& f) const& {
    return has_value() ? *this : static_cast<expected>(detail::call_with(std::forward<F>(f), error()));
  }
  template <class F>
  expected or_else(F&& f) && {
    if (has_value())
      return std::move(*this);
    return detail::call_with(std::forward<F>(f), std::move(*this).error());
  }

private:
  template <class Self, class F>
  static auto chain(Self&& self, F&& f) {
    using next = std::remove_cvref_t<std::invoke_result_t<F, decltype(*std::forward<Self>(self))>>;
    static_assert(detail::is_expected<next>, "and_then: the function has to return an expected");
    return self ? next(detail::call_with(std::forward<F>(f), *std::forward<Self>(self)))
                : next(std::forward<Self>(self).error());
  }
  template <class Self, class F>
  static auto convert(Self&& self, F&& f) {
    using result = std::invoke_result_t<F, decltype(*std::forward<Self>(self))>;
    static_assert(!std::is_void_v<result>, "transform: the function has to return something");
    using next = expected<std::remove_cvref_t<result>>;
    return self ? next(detail::call_with(std::forward<F>(f), *std::forward<Self>(self)))
                : next(std::forward<Self>(self).error());
  }
  void check() const {
    if (!has_value())
      throw_rejection(error());
  }

  std::variant<T, rejection> content_;
};

// Not members: what can be converted to an expected isn't one.
template <class T, class U>
  requires requires(const T& a, const U& b) { bool(a == b); }
bool operator==(const expected<T>& a, const expected<U>& b) {
  return a.has_value() == b.has_value() && (a ? bool(*a == *b) : a.error() == b.error());
}
template <class T, class U>
  requires(!detail::is_expected<U> && !std::is_same_v<U, rejection>)
          && requires(const T& a, const U& b) { bool(a == b); }
bool operator==(const expected<T>& a, const U& value) {
  return a.has_value() && bool(*a == value);
}
template <class T>
bool operator==(const expected<T>& a, const rejection& why) {
  return !a.has_value() && a.error() == why;
}

} // namespace taskactor
