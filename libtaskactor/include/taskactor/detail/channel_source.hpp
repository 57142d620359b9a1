/// A channel as the source of a gather's items. Not for users: see `channel`, `gather`.
///
/// It takes items when the gather is about to begin them, and waits in no line. What it has taken counts as
/// outside of the channel until its body begins. Of an item that never begins there are two kinds: one that
/// was ended by itself has an outcome, and its value goes; but if the gather as a whole is over, the value
/// goes back to the channel.
#pragma once

#include <taskactor/copyable_result.hpp>
#include <taskactor/detail/channel_state.hpp>
#include <taskactor/detail/ref.hpp>
#include <taskactor/detail/reference_count.hpp>
#include <taskactor/detail/source_watcher.hpp>
#include <taskactor/detail/sync_cell.hpp>
#include <taskactor/detail/sync_waiter.hpp>

#include <atomic>
#include <cstddef>
#include <exception>
#include <mutex>
#include <optional>
#include <utility>

namespace taskactor::detail {

/// What the source shares with the items that it has given. It is no copy of the channel.
template <class T>
class channel_taking final : public reference_count {
public:
  explicit channel_taking(ref<channel_state<T>> from) noexcept : from_(std::move(from)) {}
  void release() noexcept {
    if (drop_reference())
      delete this;
  }
  channel_state<T>& from() const noexcept { return *from_; }

  std::atomic<std::size_t> taken{0};
  std::atomic<bool> over{false}; // the gather is: what hasn't begun goes back

private:
  const ref<channel_state<T>> from_;
};

/// An item until its body begins. Threads: one at a time.
template <class T>
class channel_item {
public:
  channel_item(ref<channel_taking<T>> of, sync_cell<T>&& value) noexcept
      : of_(std::move(of)), value_(std::move(value)) {}
  channel_item(channel_item&& from) noexcept
      : of_(std::move(from.of_)),
        value_(std::exchange(from.value_, sync_cell<T>{})),
        is_outside_(std::exchange(from.is_outside_, false)) {}
  /// For an attempt that begins.
  channel_item(const channel_item& from)
    requires copyable_result<T>
      : of_(from.of_), is_outside_(false) {
    from.settle();
    value_ = make_cell<T>(std::as_const(*from.value_));
  }
  channel_item& operator=(const channel_item&) = delete;
  ~channel_item() {
    if (!is_outside_)
      return;
    if (of_->over.load())
      of_->from().give_back(std::move(value_));
    else
      of_->from().drop_outside();
  }

  /// Its body begins: the value is that one's.
  T&& begin() noexcept {
    settle();
    return std::move(*value_);
  }

private:
  void settle() const noexcept {
    if (std::exchange(is_outside_, false))
      of_->from().drop_outside();
  }

  ref<channel_taking<T>> of_;
  sync_cell<T> value_;
  mutable bool is_outside_ = true; // it may go back
};

template <class T>
class channel_source {
public:
  using item_type = T;
  /// What a slot has of it.
  using held_type = channel_item<T>;
  static constexpr bool in_place = false;

  explicit channel_source(ref<channel_state<T>> from) : taking_(new channel_taking<T>{std::move(from)}) {}

  std::size_t size() const noexcept { return 0; } // not known
  std::size_t taken() const noexcept { return taking_->taken.load(); }
  bool has_items() const noexcept {
    const auto now = taking_->from().statistics();
    return now.size + now.waiting_senders != 0;
  }
  /// Errors: `std::bad_alloc`, with nothing taken.
  bool fetch(std::optional<held_type>& into, std::size_t& index) {
    sync_cell<T> value{};
    {
      sync_wakes wakes;
      const std::lock_guard guard{taking_->from().lock};
      if (taking_->from().take_outside(value, wakes) != wait_end::served)
        return false;
      index = taking_->taken.fetch_add(1);
    }
    into.emplace(taking_, std::move(value));
    return true;
  }
  static T&& begin(held_type& item) noexcept { return item.begin(); }

  /// Null: `one` is told of what comes. Else nothing comes any more, for that error or null.
  const std::exception_ptr* watch(source_watcher& one) noexcept { return taking_->from().watch(one); }
  /// The gather is over. False: it doesn't watch, or is being told of the end.
  bool unwatch(source_watcher& one) noexcept {
    taking_->over.store(true);
    const std::lock_guard guard{taking_->from().lock};
    return taking_->from().watchers.remove(one);
  }

private:
  ref<channel_taking<T>> taking_;
};

} // namespace taskactor::detail
