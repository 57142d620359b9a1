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

/// Values that were given to bodies, and may come back as long as these haven't gone on; and whether the
/// channel is closed. Threads: any; raised and closed under the channel's lock.
class outside_values {
public:
  void add() noexcept { bits_.fetch_add(1, std::memory_order_relaxed); }
  /// True: it was the last one of a closed channel.
  bool drop() noexcept { return bits_.fetch_sub(1, std::memory_order_acq_rel) == (closed_bit | 1); }
  /// True: there is none.
  bool close() noexcept { return bits_.fetch_or(closed_bit, std::memory_order_acq_rel) == 0; }
  std::size_t count() const noexcept { return bits_.load(std::memory_order_relaxed) & ~closed_bit; }
  bool is_closed() const noexcept { return (bits_.load(std::memory_order_relaxed) & closed_bit) != 0; }
  /// It is closed, and none can come back any more.
  bool is_over() const noexcept { return bits_.load(std::memory_order_acquire) == closed_bit; }

private:
  /// In one word with the count, so that who takes the last one away sees that it is time to end.
  static constexpr std::size_t closed_bit = ~(~std::size_t{0} >> 1);
  std::atomic<std::size_t> bits_{0};
};

template <class T>
class channel_state final : public sync_state {
  using cell = sync_cell<T>;

public:
  explicit channel_state(std::size_t capacity) noexcept : capacity_(capacity) {}

  // -- under the lock -------------------------------------------------------
  /// `none`: there is no room. Errors: `std::bad_alloc`, with nothing changed.
  wait_end put(cell& value, sync_wakes& wakes) {
    if (outside_.is_closed())
      return wait_end::closed;
    auto* const receiver = receivers_.first();
    if (!receiver && items_.size() >= capacity_)
      return wait_end::none;
    make_room_for_one();
    if (receiver)
      give(*receiver, std::move(value), wakes);
    else {
      items_.push_back(std::move(value));
      wakes.news().items_came(watchers);
    }
    ++sent_;
    return wait_end::served;
  }
  /// `none`: there is nothing. Errors: `std::bad_alloc`, with nothing changed.
  wait_end take(cell& into, sync_wakes& wakes) {
    const auto how = take_first(into, wakes);
    if (how == wait_end::served)
      tell_if_ended(wakes);
    return how;
  }
  wait_end put_or_wait(cell& value, sync_waiter& sender, sync_wakes& wakes) {
    const auto how = put(value, wakes);
    if (how == wait_end::none) {
      senders_.push_back(sender);
      if (items_.empty())
        wakes.news().items_came(watchers); // it can be taken from the sender
    }
    return how;
  }
  /// What was served is counted as outside.
  wait_end take_or_wait(cell& into, sync_waiter& receiver, sync_wakes& wakes) {
    const auto how = take_outside(into, wakes);
    if (how == wait_end::none)
      receivers_.push_back(receiver);
    return how;
  }
  /// As `take`; what was served is counted as outside.
  wait_end take_outside(cell& into, sync_wakes& wakes) {
    const auto how = take_first(into, wakes);
    if (how == wait_end::served)
      outside_.add();
    return how;
  }

  // -- without it -----------------------------------------------------------
  /// How a `put` would go now.
  wait_end look() noexcept {
    const std::lock_guard guard{lock};
    if (outside_.is_closed())
      return wait_end::closed;
    return receivers_.empty() && items_.size() >= capacity_ ? wait_end::none : wait_end::served;
  }
  /// What was given to a body is its own now.
  void drop_outside() noexcept {
    if (!outside_.drop())
      return;
    sync_wakes wakes;
    const std::lock_guard guard{lock};
    if (outside_.is_over()) // or else one has come back, to the first that waits
      wakes.serve_all(receivers_, wait_end::closed);
    tell_if_ended(wakes);
  }
  /// The body was killed before it went on: the next one receives it.
  void give_back(cell&& value) noexcept {
    sync_wakes wakes;
    const std::lock_guard guard{lock};
    outside_.drop();
    if (auto* const receiver = receivers_.first()) {
      give(*receiver, std::move(value), wakes);
    } else {
      items_.push_front(std::move(value));
      wakes.news().items_came(watchers);
    }
  }
  bool close(std::exception_ptr error) noexcept {
    sync_wakes wakes;
    const std::lock_guard guard{lock};
    if (outside_.is_closed())
      return false; // the error goes without the lock, with its destructors
    error_ = std::move(error);
    if (outside_.close())
      wakes.serve_all(receivers_, wait_end::closed);
    wakes.serve_all(senders_, wait_end::closed);
    tell_if_ended(wakes);
    return true;
  }
  /// Once it is closed.
  void rethrow_error() const {
    if (error_)
      std::rethrow_exception(error_);
  }
  channel_statistics statistics() noexcept {
    const std::lock_guard guard{lock};
    return {capacity_, items_.size(), senders_.size(), receivers_.size(), sent_, outside_.is_closed()};
  }
  bool is_drained() noexcept {
    const std::lock_guard guard{lock};
    return items_.empty() && outside_.is_over();
  }
  std::size_t capacity() const noexcept { return capacity_; }

  /// Null: `one` is told from now on. Else it is at its end, for that error or null.
  const std::exception_ptr* watch(source_watcher& one) noexcept {
    const std::lock_guard guard{lock};
    if (items_.empty() && outside_.is_over())
      return &error_;
    watchers.add(one);
    return nullptr;
  }

  /// Who takes without waiting in line. Under the lock.
  source_watchers watchers{lock};

private:
  wait_end take_first(cell& into, sync_wakes& wakes) {
    auto* const sender = senders_.first();
    if (sender)
      make_room_for_one(); // for its value, or for the one that goes outside, beside all that may come back
    if (!items_.empty()) {
      into = items_.pop_front();
      if (sender && items_.size() < capacity_) {
        items_.push_back(std::move(cell_of(*sender))); // there is room: one has gone
        sent_by(*sender, wakes);
        wakes.news().items_came(watchers); // who watches knows of what was in it, not of those that waited
      }
      return wait_end::served;
    }
    if (sender) {
      into = std::move(cell_of(*sender));
      sent_by(*sender, wakes);
      return wait_end::served;
    }
    return outside_.is_over() ? wait_end::closed : wait_end::none;
  }
  void make_room_for_one() { items_.reserve(items_.size() + outside_.count() + 1); }
  static cell& cell_of(sync_waiter& one) noexcept { return *static_cast<cell*>(one.place()); }
  void tell_if_ended(sync_wakes& wakes) noexcept {
    if (items_.empty() && outside_.is_over())
      wakes.news().ended(watchers, error_);
  }
  void give(sync_waiter& receiver, cell&& value, sync_wakes& wakes) noexcept {
    cell_of(receiver) = std::move(value);
    outside_.add();
    wakes.serve(receiver);
  }
  void sent_by(sync_waiter& sender, sync_wakes& wakes) noexcept {
    ++sent_;
    wakes.serve(sender);
  }
  void on_last_owner() noexcept override { close({}); }

  const std::size_t capacity_;
  outside_values outside_;
  // What follows is guarded by the lock.
  ring_buffer<cell> items_;
  sync_line senders_;
  sync_line receivers_;
  std::uint64_t sent_ = 0;
  std::exception_ptr error_;
};

} // namespace detail

} // namespace taskactor
