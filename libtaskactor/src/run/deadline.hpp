/// Deadlines: a heap of points in time whose entries know their place, and the alarm that wakes its owner for
/// the earliest one.
///
/// An entry is unlinked when it is no longer needed, so memory follows the number of live deadlines. CAF's
/// delayed messages can't be revoked, and each keeps its receiver alive until due; hence one at a time for
/// the earliest entry, and not at the exact time but on a grid that gets finer as the time comes nearer: the
/// number of those under way is bounded by the number of grid points (a few for each power of two), however
/// often the earliest entry changes.
#pragma once

#include <taskactor/task/context.hpp>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <utility>
#include <vector>

namespace taskactor::detail {

/// A binary heap of pointers to `T`, which has `due` and `position` (one-based; zero: not in the heap).
template <class T>
class deadline_heap {
public:
  bool empty() const noexcept { return entries_.empty(); }
  std::size_t size() const noexcept { return entries_.size(); }
  T* earliest() const noexcept { return entries_.empty() ? nullptr : entries_.front(); }

  void push(T& entry) {
    entries_.push_back(&entry);
    entry.position = entries_.size();
    up(entries_.size() - 1);
  }

  /// Harmless for an entry that isn't in the heap.
  void remove(T& entry) noexcept {
    if (entry.position == 0)
      return;
    const auto hole = entry.position - 1;
    entry.position = 0;
    T* moved = entries_.back();
    entries_.pop_back();
    if (moved == &entry)
      return;
    place(hole, moved);
    down(hole);
    up(moved->position - 1);
  }

private:
  void place(std::size_t index, T* entry) noexcept {
    entries_[index] = entry;
    entry->position = index + 1;
  }
  void up(std::size_t index) noexcept {
    T* entry = entries_[index];
    while (index > 0 && entry->due < entries_[(index - 1) / 2]->due) {
      place(index, entries_[(index - 1) / 2]);
      index = (index - 1) / 2;
    }
    place(index, entry);
  }
  void down(std::size_t index) noexcept {
    T* entry = entries_[index];
    for (auto child = 2 * index + 1; child < entries_.size(); child = 2 * index + 1) {
      if (child + 1 < entries_.size() && entries_[child + 1]->due < entries_[child]->due)
        ++child;
      if (entry->due <= entries_[child]->due)
        break;
      place(index, entries_[child]);
      index = child;
    }
    place(index, entry);
  }

  std::vector<T*> entries_;
};

/// Decides when to ask the clock for a wake-up.
class alarm {
public:
  /// The time to send a delayed message for, so that `due` isn't missed; empty when one under way serves.
  template <class Now>
  std::optional<time_point> arm(time_point due, Now&& now) {
    if (!armed_.empty() && *armed_.begin() <= due)
      return {}; // that one comes no later, and its owner arms anew
    const auto at = grid_point(now(), due);
    armed_.insert(at);
    return at;
  }
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
