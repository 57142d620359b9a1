/// Deadlines: a heap of points in time whose entries know their place, and the alarm that wakes its owner for
/// the earliest one.
///
/// An entry is unlinked when it is no longer needed, so memory follows the number of live deadlines. CAF's
/// delayed messages can't be revoked, and each keeps its receiver alive until due; hence one at a time for
/// the earliest entry, and not at the exact time but on a grid that gets finer as the time comes nearer: the
/// number of those under way is bounded by the number of grid points (a few for each power of two), however
/// often the earliest entry changes.
#pragma once

#include <taskactor/time_span.hpp>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <utility>
#include <vector>

namespace taskactor::detail {

/// A heap of pointers to `T`, which has `due` and `position` (an index from one; zero: not in the heap).
///
/// Its slots have a copy of the time, so that comparing touches no entry: each would be a cache miss. An
/// entry that is removed leaves its slot empty, which is dropped when it comes to the top, or with all other
/// empty ones as soon as they are more than the rest. Most deadlines are removed long before they are due,
/// and so cost neither a search for their place nor one for that of another.
template <class T>
class deadline_heap {
public:
  bool empty() const noexcept { return size() == 0; }
  std::size_t size() const noexcept { return slots_.size() - left_; }
  /// A time before which none is due: not exact while the first slot is empty.
  time_point not_before() const noexcept { return slots_.empty() ? time_point::max() : slots_.front().due; }
  T* earliest() noexcept {
    while (!slots_.empty() && !slots_.front().entry)
      drop_first();
    return slots_.empty() ? nullptr : slots_.front().entry;
  }

  /// The next `push` needs no memory, if nothing but a `remove` comes between.
  void make_room() {
    if (slots_.size() == slots_.capacity())
      slots_.reserve(2 * slots_.size() + slack);
  }
  void push(T& entry) {
    slots_.push_back({entry.due, &entry});
    up(slots_.size() - 1);
  }

  /// Harmless for an entry that isn't in the heap.
  void remove(T& entry) noexcept {
    if (entry.position == 0)
      return;
    slots_[std::exchange(entry.position, 0) - 1].entry = nullptr;
    if (++left_ > slots_.size() / 2 + slack)
      sweep();
  }

private:
  struct slot {
    time_point due;
    T* entry; // null: it has left
  };
  static constexpr std::size_t arity = 4; // half the levels of a binary heap: each is a cache miss
  static constexpr std::size_t slack = 16;

  void place(std::size_t index, const slot& what) noexcept {
    slots_[index] = what;
    if (what.entry)
      what.entry->position = static_cast<decltype(T::position)>(index + 1);
  }
  void up(std::size_t index) noexcept {
    const auto moved = slots_[index];
    for (; index > 0 && moved.due < slots_[(index - 1) / arity].due; index = (index - 1) / arity)
      place(index, slots_[(index - 1) / arity]);
    place(index, moved);
  }
  void down(std::size_t index) noexcept {
    const auto moved = slots_[index];
    for (auto child = arity * index + 1; child < slots_.size(); child = arity * index + 1) {
      const auto first = slots_.begin() + static_cast<std::ptrdiff_t>(child);
      const auto end = first + static_cast<std::ptrdiff_t>(std::min(arity, slots_.size() - child));
      const auto least = std::min_element(first, end, [](auto& a, auto& b) { return a.due < b.due; });
      if (moved.due <= least->due)
        break;
      place(index, *least);
      index = static_cast<std::size_t>(least - slots_.begin());
    }
    place(index, moved);
  }
  void drop_first() noexcept {
    const auto last = slots_.back();
    slots_.pop_back();
    --left_;
    if (slots_.empty())
      return;
    slots_.front() = last;
    down(0);
  }
  void sweep() noexcept {
    std::erase_if(slots_, [](const auto& each) { return !each.entry; });
    left_ = 0;
    for (std::size_t index = 0; index < slots_.size(); ++index)
      up(index); // most are in order, and stay where they are
  }

  std::vector<slot> slots_;
  std::size_t left_ = 0; // slots that are empty
};

/// Decides when to ask the clock for a wake-up.
class alarm {
public:
  /// The time to send a delayed message for, so that `due` isn't missed; empty when one under way serves.
  template <class Now>
  std::optional<time_point> arm(time_point due, Now&& now) {
    if (serves(due))
      return {};
    const auto at = grid_point(now(), due);
    armed_.insert(at);
    return at;
  }
  /// Whether one under way comes no later than `due`: its owner looks then, and arms anew.
  bool serves(time_point due) const noexcept { return !armed_.empty() && *armed_.begin() <= due; }
  /// One has come.
  void rang(time_point at) { armed_.erase(at); }
  std::size_t under_way() const noexcept { return armed_.size(); }

private:
  /// The last point of the grid not after `due`; the grid's width is at most an eighth of the time left.
  static time_point grid_point(time_point now, time_point due) noexcept {
    const auto left = (due - now).count();
    constexpr std::int64_t exact_below = 1'000'000; // ns; nearer than this the grid gains nothing
    if (left < exact_below)
      return std::max(due, now);
    const auto width = static_cast<std::int64_t>(std::bit_floor(static_cast<std::uint64_t>(left)) / 8);
    const auto point = due.time_since_epoch().count() & ~(width - 1); // the width is a power of two
    const time_point at{clock::duration{point}};
    return at > now ? at : due;
  }

  std::set<time_point> armed_;
};

} // namespace taskactor::detail
