/// `nested_line`: children and slots that belong to tasks, waiting for the global limiter. No actor in it;
/// the manager's alone.
///
///     depth 1: [a b c]    2: [d]    3: [e f]        next: e, the oldest of the deepest level
///
/// The deepest first: what was begun gets finished, and a tree of tasks is walked along its branches, so that
/// few of it exist at a time; level by level all of it would. But every 64th is the oldest of all: a deep
/// tree that never runs dry keeps nobody out.
#pragma once

#include "base/fifo.hpp"

#include <taskactor/detail/record.hpp>

#include <algorithm>
#include <cstddef>
#include <deque>
#include <utility>

namespace taskactor::detail {

class nested_line {
public:
  bool empty() const noexcept { return size_ == 0; }
  std::size_t size() const noexcept { return size_; }

  void push(ref<record> task) {
    const std::size_t depth = task->depth;
    while (levels_.size() <= depth)
      levels_.emplace_back();
    levels_[depth].push(std::move(task));
    deepest_ = size_++ == 0 ? depth : std::max(deepest_, depth);
  }

  /// Empty when the line is.
  ref<record> pop() noexcept {
    if (size_ == 0)
      return {};
    auto& from = ++turns_ % turns_by_age == 0 ? oldest() : deepest();
    --size_;
    return from.pop();
  }

  /// Empty when `task` isn't here.
  ref<record> remove(record& task) noexcept {
    if (task.depth >= levels_.size())
      return {};
    auto found = levels_[task.depth].remove(task);
    if (found)
      --size_;
    return found;
  }

private:
  static constexpr std::size_t turns_by_age = 64;

  fifo<record>& deepest() noexcept {
    while (levels_[deepest_].empty())
      --deepest_;
    return levels_[deepest_];
  }
  fifo<record>& oldest() noexcept {
    auto* best = &deepest();
    for (auto& level : levels_)
      if (!level.empty() && level.front()->sequence < best->front()->sequence)
        best = &level;
    return *best;
  }

  std::deque<fifo<record>> levels_; // by depth
  std::size_t deepest_ = 0;         // nothing is below it
  std::size_t size_ = 0;
  std::size_t turns_ = 0;
};

} // namespace taskactor::detail
