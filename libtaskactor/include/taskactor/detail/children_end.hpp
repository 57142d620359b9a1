/// A group of children without a body of its own, for `race` and `when_all`. Not for users.
#pragma once

#include <taskactor/task_group.hpp>

#include <exception>
#include <vector>

namespace taskactor::detail {

/// What has become of a group of children without a body of its own.
struct children_end {
  std::vector<std::exception_ptr> errors; // in their order
  std::exception_ptr lost;                // a child that somebody else has cancelled
};

/// Adds children by `start(group)`, and waits for them. A cancellation from outside is theirs: values count.
template <class F>
task<children_end> end_of_children(F start, bool all_needed) {
  const ref<group_state> state{new group_state{require_context(), all_needed}};
  task_group group{state};
  try {
    start(group);
  } catch (...) { // one was refused: the others are to end
    state->fail(std::current_exception());
  }
  group_join join{state};
  co_await join;
  children_end result;
  result.errors = state->take_errors();
  result.lost = state->lost_child();
  co_return result;
}

/// There is no value, and no error: whose cancellation is it?
[[noreturn]] inline void throw_cancellation(const std::exception_ptr& lost) {
  if (lost && !require_context().must_stop())
    std::rethrow_exception(lost);
  throw cancelled_error{};
}

} // namespace taskactor::detail
