/// `field<T>`: a member of an options aggregate that owns something: a `T` that survives g++ 12.
///
/// In a `co_await` expression g++ 12 copies a braced aggregate byte by byte into the coroutine's frame and
/// later destroys both the original and the copy (the bug is fixed in later releases). With plain members,
/// `co_await run_command({"sort"}, {.stdin_data = text})` would free its string twice. A field knows its own
/// address: one that finds itself elsewhere is such a copy, whose content still belongs to the original, and
/// leaves it alone.
///
/// Use it as the `T`: it converts from what a `T` is made from, and to `const T&`; `*` and `->` give the `T`.
#pragma once

#include <concepts>
#include <initializer_list>
#include <memory>
#include <string_view>
#include <type_traits>
#include <utility>

namespace taskactor {

template <class T>
class field {
public:
  field() : content_{.value = T{}} {}
  template <class U>
    requires(!std::same_as<std::remove_cvref_t<U>, field> && !std::same_as<std::remove_cvref_t<U>, T>
             && std::constructible_from<T, U>)
  // NOLINTNEXTLINE: implicit, as the T's own conversions; it can't hide a copy
  field(U&& value) : content_{.value = T(std::forward<U>(value))} {}
  field(T value) : content_{.value = std::move(value)} {} // NOLINT
  template <class U = T>
    requires(!std::convertible_to<U, std::string_view>)
  field(std::initializer_list<typename U::value_type> values) : content_{.value = T(values)} {} // NOLINT
  field(const field& other) : content_{.value = *other} {}
  field(field&& other) : content_{.value = other.take()} {} // NOLINT: may copy
  field& operator=(field other) {
    content_.value = other.take();
    return *this;
  }
  ~field() {
    if (self_ == this)
      std::destroy_at(&content_.value);
  }

  const T& operator*() const noexcept { return content_.value; }
  const T* operator->() const noexcept { return &content_.value; }
  operator const T&() const noexcept { return content_.value; } // NOLINT: implicit

  /// Moves the content out; from a byte-wise copy it is copied.
  T take() { return self_ == this ? T(std::move(content_.value)) : T(content_.value); }

private:
  union content { // destroyed by hand
    T value;
    ~content() {}
  };

  const field* self_ = this;
  content content_;
};

} // namespace taskactor
