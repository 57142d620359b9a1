/// `detail::kept<T>`: a value of the user's whose destructor may throw, in a place of ours whose destructor
/// doesn't. Not for users.
///
/// What it throws is reported by the task that runs on this thread (`report_fault`).
#pragma once

#include <taskactor/detail/promise.hpp>

#include <exception>
#include <type_traits>
#include <utility>

namespace taskactor::detail {

template <class T>
class kept {
public:
  template <class U>
    requires(!std::is_same_v<std::remove_cvref_t<U>, kept>)
  kept(U&& value) : value_(std::forward<U>(value)) {} // NOLINT: implicit, as in a tuple
  kept(const kept& other)
    requires std::is_copy_constructible_v<T>
      : value_(other.value_) {}
  kept(kept&& other) : value_(std::move(other.value_)) {} // NOLINT: as T's own
  kept& operator=(const kept&) = delete;
  ~kept() { report_fault(drop()); }

  T& value() noexcept { return value_; }
  /// Ahead of the destructor. Returns what the value's own has thrown.
  std::exception_ptr drop() noexcept {
    if (!std::exchange(there_, false))
      return {};
    try {
      value_.~T();
    } catch (...) {
      return std::current_exception();
    }
    return {};
  }

private:
  union { // destroyed by hand
    T value_;
  };
  bool there_ = true;
};

/// How a `T` is kept: as it is, unless its destructor may throw.
template <class T>
using as_kept = std::conditional_t<std::is_nothrow_destructible_v<T>, T, kept<T>>;

template <class T>
T& value_of(T& plain) noexcept {
  return plain;
}
template <class T>
T& value_of(kept<T>& held) noexcept {
  return held.value();
}

} // namespace taskactor::detail
