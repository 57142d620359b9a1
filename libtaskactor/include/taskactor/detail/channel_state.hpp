/// What the copies of a channel share. Not for users: see `channel`.
///
///     send --> [receiver that waits] or [items] or waits with its value
///     receive --> items, then the first sender that waits moves up; or from that sender; or waits
///
/// Receivers wait only while there is nothing to receive, senders only while there is no room. `outside`
/// counts the values that were given to bodies and may come back, if these are killed before they go on:
/// there is room for them, since nothing can be allocated then; and a closed channel isn't at its end before
/// none can come back any more.
#pragma once

#include <taskactor/detail/ring_buffer.hpp>
#include <taskactor/detail/sync_cell.hpp>
#include <taskactor/detail/sync_waiter.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <mutex>
#include <utility>

namespace taskactor {

/// How a channel stands.
struct channel_statistics {
  std::size_t capacity = 0;
  /// Values in it.
  std::size_t size = 0;
  std::size_t waiting_senders = 0;
  std::size_t waiting_receivers = 0;
  /// Since it was made.
  std::uint64_t sent = 0;
  bool closed = false;
};

namespace detail {

template <class T>
class channel_state final : public sync_state {
  using cell = sync_cell<T>;

public:
  explicit channel_state(std::size_t capacity) noexcept : capacity_(capacity) {}

  // -- under the lock -------------------------------------------------------
  /// `none`: there is no room. Errors: `std::bad_alloc`, with nothing changed.
  wait_end put(cell& value, sync_wakes& wakes) {
    if (closed_)
      return wait_end::closed;
    auto* const receiver = receivers_.first();
    if (!receiver && items_.size() >= capacity_)
      return wait_end::none;
    make_room_for_one();
    if (receiver)
      give(*receiver, std::move(value), wakes);
    else
      items_.push_back(std::move(value));
    ++sent_;
    return wait_end::served;
  }
  /// `none`: there is nothing. Errors: `std::bad_alloc`, with nothing changed.
  wait_end take(cell& into, sync_wakes& wakes) {
    auto* const sender = senders_.first();
    if (sender)
      make_room_for_one(); // for its value, or for the one that goes outside, beside all that may come back
    if (!items_.empty()) {
      into = items_.pop_front();
      if (sender && items_.size() < capacity_) {
        items_.push_back(std::move(cell_of(*sender))); // there is room: one has gone
        sent_by(*sender, wakes);
      }
      return wait_end::served;
    }
    if (sender) {
      into = std::move(cell_of(*sender));
      sent_by(*sender, wakes);
      return wait_end::served;
    }
    return is_at_end() ? wait_end::closed : wait_end::none;
  }
  wait_end put_or_wait(cell& value, sync_waiter& sender, sync_wakes& wakes) {
    const auto how = put(value, wakes);
    if (how == wait_end::none)
      senders_.push_back(sender);
    return how;
  }
  /// What was served is counted as outside.
  wait_end take_or_wait(cell& into, sync_waiter& receiver, sync_wakes& wakes) {
    const auto how = take(into, wakes);
    if (how == wait_end::served)
      outside_.fetch_add(1, std::memory_order_relaxed);
    else if (how == wait_end::none)
      receivers_.push_back(receiver);
    return how;
  }

  // -- without it -----------------------------------------------------------
  /// How a `put` would go now.
  wait_end look() noexcept {
    const std::lock_guard guard{lock};
    if (closed_)
      return wait_end::closed;
    return receivers_.empty() && items_.size() >= capacity_ ? wait_end::none : wait_end::served;
  }
  /// What was given to a body is its own now.
  void drop_outside() noexcept {
    if (outside_.fetch_sub(1, std::memory_order_acq_rel) != (closed_bit | 1))
      return;
    sync_wakes wakes;
    const std::lock_guard guard{lock};
    if (is_at_end()) // or else one has come back, to the first that waits
      wakes.serve_all(receivers_, wait_end::closed);
  }
  /// The body was killed before it went on: the next one receives it.
  void give_back(cell&& value) noexcept {
    sync_wakes wakes;
    const std::lock_guard guard{lock};
    outside_.fetch_sub(1, std::memory_order_relaxed);
    pass_on(std::move(value), wakes);
  }
  bool close(std::exception_ptr error) noexcept {
    sync_wakes wakes;
    const std::lock_guard guard{lock};
    if (closed_)
      return false; // the error goes without the lock, with its destructors
    closed_ = true;
    error_ = std::move(error);
    if (outside_.fetch_or(closed_bit, std::memory_order_acq_rel) == 0)
      wakes.serve_all(receivers_, wait_end::closed);
    wakes.serve_all(senders_, wait_end::closed);
    return true;
  }
  /// Once it is closed.
  void rethrow_error() const {
    if (error_)
      std::rethrow_exception(error_);
  }
  channel_statistics statistics() noexcept {
    const std::lock_guard guard{lock};
    return {capacity_, items_.size(), senders_.size(), receivers_.size(), sent_, closed_};
  }
  bool is_drained() noexcept {
    const std::lock_guard guard{lock};
    return items_.empty() && is_at_end();
  }
  std::size_t capacity() const noexcept { return capacity_; }

private:
  /// Of `outside_`, so that who takes the last one away sees that it is time to end.
  static constexpr std::size_t closed_bit = ~(~std::size_t{0} >> 1);

  void make_room_for_one() {
    items_.reserve(items_.size() + (outside_.load(std::memory_order_relaxed) & ~closed_bit) + 1);
  }
  /// Where nothing is in it.
  bool is_at_end() const noexcept { return outside_.load(std::memory_order_acquire) == closed_bit; }
  static cell& cell_of(sync_waiter& one) noexcept { return *static_cast<cell*>(one.place()); }
  void pass_on(cell&& value, sync_wakes& wakes) noexcept {
    if (auto* const receiver = receivers_.first())
      give(*receiver, std::move(value), wakes);
    else
      items_.push_front(std::move(value));
  }
  void give(sync_waiter& receiver, cell&& value, sync_wakes& wakes) noexcept {
    cell_of(receiver) = std::move(value);
    outside_.fetch_add(1, std::memory_order_relaxed);
    wakes.serve(receiver);
  }
  void sent_by(sync_waiter& sender, sync_wakes& wakes) noexcept {
    ++sent_;
    wakes.serve(sender);
  }
  void on_last_owner() noexcept override { close({}); }

  const std::size_t capacity_;
  std::atomic<std::size_t> outside_{0};
  // What follows is guarded by the lock.
  ring_buffer<cell> items_;
  sync_line senders_;
  sync_line receivers_;
  std::uint64_t sent_ = 0;
  bool closed_ = false;
  std::exception_ptr error_;
};

} // namespace detail

} // namespace taskactor
