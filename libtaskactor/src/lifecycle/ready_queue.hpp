/// `ready_queue`: the tasks that lack nothing but a token of the global limiter, and whose turn it is. No
/// actor in it; the manager's alone.
///
///     resuming     gave their token back, and want to go on: first (rule 6)
///     nested       in tasks: next, so that what was begun gets finished
///     top level    by their shares and priorities
///
/// Of four turns one is a turn of those at top level: what was begun gets finished first, and keeps nobody
/// out.
#pragma once

#include "base/fifo.hpp"
#include "capacity/nested_line.hpp"
#include "capacity/waiting_line.hpp"

#include <taskactor/detail/record.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <utility>

namespace taskactor::detail {

class ready_queue {
public:
  /// `aging`: of the priorities at top level.
  explicit ready_queue(std::chrono::nanoseconds aging) noexcept : top_level_(aging) {}

  bool empty() const noexcept { return resuming_.empty() && nested_.empty() && top_level_.size() == 0; }
  std::size_t size() const noexcept { return resuming_.size() + nested_.size() + top_level_.size(); }

  /// A task that is to begin.
  void push(ref<record> task) {
    if (task->depth != 0)
      nested_.push(std::move(task));
    else
      top_level_.push(std::move(task), 1);
  }
  /// It has ended before it began. Harmless for a task that isn't here.
  void remove(record& task) {
    if (!nested_.remove(task))
      top_level_.remove(task, 1);
  }

  /// A task that runs, and has no token. Harmless if it is here.
  void push_resuming(record& task) noexcept {
    if (!resuming_.holds(task))
      resuming_.push(ref<record>{&task});
  }
  /// It goes on without one, or has ended. Harmless for a task that isn't here.
  void remove_resuming(record& task) noexcept { resuming_.remove(task); }

  /// Whose turn it is; empty when the queue is.
  ref<record> pop() {
    constexpr unsigned turns_of_begun = 3;
    const bool begun = !resuming_.empty() || !nested_.empty();
    if (begun && (begun_turns_ < turns_of_begun || top_level_.size() == 0)) {
      begun_turns_ = std::min(begun_turns_ + 1, turns_of_begun);
      return resuming_.empty() ? nested_.pop() : resuming_.pop();
    }
    begun_turns_ = 0;
    auto* next = top_level_.next();
    return next ? top_level_.take(*next, 1) : ref<record>{};
  }

private:
  fifo<record> resuming_;
  nested_line nested_;
  waiting_line top_level_;
  unsigned begun_turns_ = 0; // since one at top level had its turn
};

} // namespace taskactor::detail
