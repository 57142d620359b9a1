/// What the senders and receivers of a broadcast share. Not for users: see `broadcast`.
///
///     sent: 0 1 2 3 4 5 6 7        sent_ = 8; the ring keeps the last ones, here of a capacity of 4
///                   ^   ^
///                   |   `- a receiver whose cursor has seen 6: it takes 6 next
///                   `----- what is kept begins at 4: a cursor that has seen 2 has lost 2 and 3
///
/// A value is kept until it is overwritten, or all for whom it was sent have taken it, or are gone.
#pragma once

#include <taskactor/detail/news_state.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>

namespace taskactor {

/// What a receiver of a broadcast is given: the value, which all of them share. Empty when the broadcast is
/// closed and nothing is left for this receiver, or, of `try_receive`, when there is nothing now.
template <class T>
class broadcast_item {
public:
  broadcast_item() noexcept = default;
  broadcast_item(std::shared_ptr<const T> value, std::uint64_t lost) noexcept
      : value_(std::move(value)), lost_(lost) {}

  explicit operator bool() const noexcept { return value_ != nullptr; }
  const T& operator*() const noexcept { return *value_; }
  const T* operator->() const noexcept { return value_.get(); }
  /// How many values right before this one were overwritten before this receiver took them.
  std::uint64_t lost() const noexcept { return lost_; }
  const std::shared_ptr<const T>& shared() const noexcept { return value_; }

private:
  std::shared_ptr<const T> value_;
  std::uint64_t lost_ = 0;
};

namespace detail {

template <class T>
class broadcast_state final : public news_state {
public:
  using value = std::shared_ptr<const T>;

  explicit broadcast_state(std::size_t capacity)
      : capacity_(capacity), ring_(std::make_unique<slot[]>(capacity)) {} // NOLINT: its size is a variable

  // -- under the lock -------------------------------------------------------
  /// `one` takes the next value, if nobody else does: see `has_taker`.
  wait_end look_or_wait(news_cursor& cursor, sync_waiter& one) noexcept {
    cursor.taker = &one;
    const auto now = look(cursor);
    if (now == wait_end::none)
      wait(one, cursor.seen);
    return now;
  }
  static bool has_taker(const news_cursor& cursor) noexcept { return cursor.taker != nullptr; }

  // -- without it -----------------------------------------------------------
  /// How many it was sent to. `closed` in `how` if it wasn't.
  std::size_t send(value sent, wait_end& how) noexcept {
    const ref<news_state> keeps{this}; // who is told may drop the last copy
    std::size_t count = 0;
    std::uint64_t until = 0;
    {
      const std::lock_guard guard{lock};
      how = closed_ ? wait_end::closed : wait_end::served;
      count = closed_ ? 0 : receivers_;
      if (count == 0)
        return 0; // `sent` goes without the lock, as what it overwrites does below
      auto& into = ring_[sent_ % capacity_];
      std::swap(into.kept, sent);
      into.wanted = count;
      until = ++sent_;
    }
    tell(until, wait_end::served);
    return count;
  }
  bool close() noexcept {
    const ref<news_state> keeps{this};
    {
      const std::lock_guard guard{lock};
      if (closed_)
        return false;
      closed_ = true;
    }
    tell(all, wait_end::closed);
    return true;
  }
  /// Sees what is sent from now on.
  void join(news_cursor& cursor) noexcept {
    const std::lock_guard guard{lock};
    cursor.seen = sent_;
    ++receivers_;
  }
  /// What only it had still to take goes, each without the lock.
  void leave(news_cursor& cursor) noexcept {
    std::uint64_t until = 0;
    {
      sync_wakes wakes;
      const std::lock_guard guard{lock};
      --receivers_;
      cursor.left = true;
      until = sent_;
      if (auto* const taker = cursor.taker; taker && taker->is_in_line())
        wakes.serve(*taker, wait_end::closed);
    }
    for (bool more = true; more;) {
      value gone;
      const std::lock_guard guard{lock};
      more = next_kept(cursor) < until;
      if (more)
        gone = next(cursor).first;
    }
  }
  /// Without waiting: empty when there is nothing, or somebody else takes it, who waits.
  broadcast_item<T> try_take(news_cursor& cursor, bool& is_second) noexcept {
    const std::lock_guard guard{lock};
    is_second = has_taker(cursor);
    return is_second ? broadcast_item<T>{} : take_next(cursor);
  }
  /// At the end of a wait.
  broadcast_item<T> take(news_cursor& cursor, const sync_waiter& one) noexcept {
    const std::lock_guard guard{lock};
    forget_under_lock(cursor, one);
    return take_next(cursor);
  }
  /// `one` takes nothing any more.
  void forget(news_cursor& cursor, const sync_waiter& one) noexcept {
    const std::lock_guard guard{lock};
    forget_under_lock(cursor, one);
  }
  /// For how many values it could ask now.
  std::size_t size(const news_cursor& cursor) noexcept {
    const std::lock_guard guard{lock};
    return static_cast<std::size_t>(sent_ - next_kept(cursor));
  }
  bool is_drained(const news_cursor& cursor) noexcept {
    const std::lock_guard guard{lock};
    return look(cursor) == wait_end::closed;
  }
  bool is_closed() noexcept {
    const std::lock_guard guard{lock};
    return closed_;
  }
  std::size_t receivers() noexcept {
    const std::lock_guard guard{lock};
    return receivers_;
  }
  std::size_t capacity() const noexcept { return capacity_; }

private:
  struct slot {
    value kept;
    std::size_t wanted = 0; // by so many receivers
  };

  void on_last_owner() noexcept override { close(); }
  wait_end look(const news_cursor& cursor) const noexcept {
    if (cursor.left)
      return wait_end::closed;
    if (cursor.seen < sent_)
      return wait_end::served;
    return closed_ ? wait_end::closed : wait_end::none;
  }
  static void forget_under_lock(news_cursor& cursor, const sync_waiter& one) noexcept {
    if (cursor.taker == &one)
      cursor.taker = nullptr;
  }
  broadcast_item<T> take_next(news_cursor& cursor) noexcept {
    if (look(cursor) != wait_end::served)
      return {};
    auto [kept, lost] = next(cursor);
    return {std::move(kept), lost};
  }
  std::uint64_t next_kept(const news_cursor& cursor) const noexcept {
    const auto oldest = sent_ > capacity_ ? sent_ - capacity_ : 0;
    return cursor.seen > oldest ? cursor.seen : oldest;
  }
  /// The next value that is kept for it, and how many it has lost.
  std::pair<value, std::uint64_t> next(news_cursor& cursor) noexcept {
    const auto kept = next_kept(cursor);
    const auto lost = kept - cursor.seen;
    cursor.seen = kept + 1;
    auto& from = ring_[kept % capacity_];
    if (--from.wanted == 0)
      return {std::move(from.kept), lost};
    return {from.kept, lost};
  }

  const std::size_t capacity_;
  // What follows is guarded by the lock.
  std::unique_ptr<slot[]> ring_; // NOLINT: its size is a variable
  std::uint64_t sent_ = 0;
  std::size_t receivers_ = 0;
  bool closed_ = false;
};

} // namespace detail

} // namespace taskactor
