/// An intrusive first-in-first-out list: O(1) removal from anywhere, no allocation.
///
/// `T` has `next`, `prev` and `listed_in`; it is in at most one list at a time. The list counts one reference
/// for each element.
#pragma once

#include <taskactor/detail/ref.hpp>

#include <cstddef>

namespace taskactor::detail {

template <class T>
class fifo {
public:
  fifo() = default;
  fifo(const fifo&) = delete;
  fifo& operator=(const fifo&) = delete;
  ~fifo() {
    while (pop()) {
    }
  }

  bool empty() const noexcept { return first_ == nullptr; }
  std::size_t size() const noexcept { return size_; }
  T* front() const noexcept { return first_; }
  bool holds(const T& element) const noexcept { return element.listed_in == this; }

  void push(ref<T> element) noexcept {
    T* added = element.detach();
    added->listed_in = this;
    added->prev = last_;
    added->next = nullptr;
    (last_ ? last_->next : first_) = added;
    last_ = added;
    ++size_;
  }

  void push_front(ref<T> element) noexcept {
    T* added = element.detach();
    added->listed_in = this;
    added->prev = nullptr;
    added->next = first_;
    (first_ ? first_->prev : last_) = added;
    first_ = added;
    ++size_;
  }

  /// Empty when the list is.
  ref<T> pop() noexcept { return first_ ? take(*first_) : ref<T>{}; }

  /// Empty when `element` isn't in this list.
  ref<T> remove(T& element) noexcept { return holds(element) ? take(element) : ref<T>{}; }

private:
  ref<T> take(T& element) noexcept {
    (element.prev ? element.prev->next : first_) = element.next;
    (element.next ? element.next->prev : last_) = element.prev;
    element.next = element.prev = nullptr;
    element.listed_in = nullptr;
    --size_;
    return ref<T>::adopt(&element);
  }

  T* first_ = nullptr;
  T* last_ = nullptr;
  std::size_t size_ = 0;
};

} // namespace taskactor::detail
