/// `field<T>`: a member of an options aggregate that owns something: a `T`, or, by g++ 12, what survives that
/// compiler.
///
/// In a `co_await` expression g++ 12 copies a braced aggregate byte by byte into the coroutine's frame and
/// later destroys both the original and the copy (the bug is fixed in later releases). With plain members,
/// `co_await run_command({"sort"}, {.stdin_data = text})` would free its string twice.
///
/// Use it as the `T`: it is made from what a `T` is made from, is assigned a `T`, and converts to `const T&`:
///
///     options.id = "import";
///     const std::string& id = options.id;
///
/// The library's build decides which of the two it is. TASKACTOR_PLAIN_FIELDS comes from its CMake target
/// and its pkg-config file, and is 1 where another compiler than g++ 12 built it. A program that doesn't fit
/// isn't linked: `fields_are_plain`, or `fields_are_guarded`, is undefined.
#pragma once

#include <taskactor/detail/compiler.hpp>

#include <concepts>
#include <initializer_list>
#include <memory>
#include <string_view>
#include <type_traits>
#include <utility>

#ifndef TASKACTOR_PLAIN_FIELDS
#define TASKACTOR_PLAIN_FIELDS 0
#endif
#if TASKACTOR_PLAIN_FIELDS && TASKACTOR_GCC_12
#error "g++ 12 would destroy the options of this taskactor twice: build it with g++ 12, too"
#endif

namespace taskactor {

namespace detail {

/// Knows its own address: one that finds itself elsewhere is a copy that g++ 12 has made byte by byte, whose
/// content still belongs to the original, and leaves that alone.
template <class T>
class guarded_field {
public:
  guarded_field() : content_{.value = T{}} {}
  template <class U>
    requires(!std::same_as<std::remove_cvref_t<U>, guarded_field> && !std::same_as<std::remove_cvref_t<U>, T>
             && std::convertible_to<U, T>)
  // NOLINTNEXTLINE: implicit, as the T's own conversions; it can't hide a copy
  guarded_field(U&& value) : content_{.value = T(std::forward<U>(value))} {}
  guarded_field(T value) : content_{.value = std::move(value)} {} // NOLINT
  template <class U = T>
    requires(!std::convertible_to<U, std::string_view>)
  guarded_field(std::initializer_list<typename U::value_type> values) // NOLINT
      : content_{.value = T(values)} {}
  guarded_field(const guarded_field& other) : content_{.value = other.content_.value} {}
  guarded_field(guarded_field&& other) : content_{.value = other.take()} {} // NOLINT: may copy
  guarded_field& operator=(guarded_field other) {
    content_.value = other.take();
    return *this;
  }
  ~guarded_field() {
    if (self_ == this)
      std::destroy_at(&content_.value);
  }

  operator const T&() const noexcept { return content_.value; } // NOLINT: implicit

  template <class U>
  friend U take_content(guarded_field<U>& of);

private:
  union content { // destroyed by hand
    T value;
    ~content() {}
  };

  T take() { return self_ == this ? T(std::move(content_.value)) : T(content_.value); }

  const guarded_field* self_ = this;
  content content_;
};

/// What a field holds, whichever it is.
template <class T>
const T& content_of(const guarded_field<T>& of) noexcept {
  return of;
}
/// Moves it out; from a byte-wise copy it is copied.
template <class T>
T take_content(guarded_field<T>& of) {
  return of.take();
}

#if TASKACTOR_PLAIN_FIELDS
template <class T>
const T& content_of(const T& of) noexcept {
  return of;
}
template <class T>
T take_content(T& of) {
  return std::move(of);
}
extern const char fields_are_plain; // the library has one of the two
[[gnu::used]] inline const char* const fields_of_library = &fields_are_plain;
#else
extern const char fields_are_guarded;
[[gnu::used]] inline const char* const fields_of_library = &fields_are_guarded;
#endif

} // namespace detail

#if TASKACTOR_PLAIN_FIELDS
template <class T>
using field = T;
#else
template <class T>
using field = detail::guarded_field<T>;
#endif

} // namespace taskactor
