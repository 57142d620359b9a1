/// A singly linked first-in-first-out chain: nothing in it can be removed, but all of it moves elsewhere in
/// one step.
///
/// `T` has `next`; it is in at most one list at a time. The chain counts one reference for each element.
#pragma once

#include <taskactor/detail/ref.hpp>

#include <utility>

namespace taskactor::detail {

template <class T>
class chain {
public:
  chain() = default;
  chain(chain&& other) noexcept
      : first_(std::exchange(other.first_, nullptr)), last_(std::exchange(other.last_, nullptr)) {}
  chain& operator=(chain&&) = delete;
  ~chain() {
    while (pop()) {
    }
  }

  bool empty() const noexcept { return first_ == nullptr; }

  void push(ref<T> element) noexcept {
    T* added = element.detach();
    added->next = nullptr;
    (last_ ? last_->next : first_) = added;
    last_ = added;
  }

  /// Empty when the chain is.
  ref<T> pop() noexcept {
    T* taken = first_;
    if (!taken)
      return {};
    first_ = std::exchange(taken->next, nullptr);
    last_ = first_ ? last_ : nullptr;
    return ref<T>::adopt(taken);
  }

private:
  T* first_ = nullptr;
  T* last_ = nullptr;
};

} // namespace taskactor::detail
