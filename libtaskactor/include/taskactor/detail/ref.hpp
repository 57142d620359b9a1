/// `detail::ref<T>`: a pointer to an object that counts its own references (`retain()` and `release()`).
///
/// A task's record is shared by its handles, the manager and its actor; one word a reference, no control
/// block.
#pragma once

#include <utility>

namespace taskactor::detail {

template <class T>
class ref {
public:
  ref() noexcept = default;
  /// Takes part in owning `object`.
  explicit ref(T* object) noexcept : object_(object) {
    if (object_)
      object_->retain();
  }
  ref(const ref& other) noexcept : ref(other.object_) {}
  ref(ref&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  template <class U>
  ref(ref<U> other) noexcept : object_(other.detach()) {} // NOLINT: implicit, as a pointer to a base
  ref& operator=(ref other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~ref() {
    if (object_)
      object_->release(); // NOLINT(clang-analyzer-cplusplus.NewDelete): it doesn't follow reference counts
  }

  /// Takes over a reference that is already counted.
  static ref adopt(T* object) noexcept {
    ref result;
    result.object_ = object;
    return result;
  }
  /// Gives up the reference without releasing it.
  T* detach() noexcept { return std::exchange(object_, nullptr); }

  T* get() const noexcept { return object_; }
  T* operator->() const noexcept { return object_; }
  T& operator*() const noexcept { return *object_; }
  explicit operator bool() const noexcept { return object_ != nullptr; }
  friend bool operator==(const ref& a, const ref& b) noexcept { return a.object_ == b.object_; }

private:
  T* object_ = nullptr;
};

} // namespace taskactor::detail
