/// `waiting_tasks`: tasks from their admission until they have their tokens, and between two attempts. The
/// manager's alone.
///
///     admitted --> behind its predecessors --> behind the task that it replaces -->
///         lines of named limiters --> ready queue
///             ^-- backing off <-- a failed attempt
///
/// A waiting task is a record, not an actor (rule 4), and ends where it waits.
#pragma once

#include "lifecycle/limiter_lines.hpp"
#include "lifecycle/predecessors.hpp"
#include "lifecycle/ready_queue.hpp"
#include "lifecycle/replacements.hpp"

#include <taskactor/detail/record.hpp>

#include <cstddef>

namespace taskactor::detail {

class end_states;
class manager_core;
class task_deadlines;

/// Why a waiting task's time is up.
failure waited_too_long(const record& task);

class waiting_tasks {
public:
  waiting_tasks(manager_core& home, caf::local_actor& manager, task_deadlines& deadlines, end_states& ends);

  /// What has been admitted to the table meanwhile.
  void take_in();
  /// A failed attempt is to be followed by another one, then.
  void back_off(record& task, time_point until);
  /// That time has come.
  void enqueue_again(record& task, time_point now);
  /// It ends without having had an actor, or another one.
  void end(record& task, failure how);
  /// Nothing of it runs any more, and it has its end state: tells those that wait for that, and what waits
  /// for it may begin.
  void gone(record& task);

  /// Ends have been told: what waits for them begins to wait for its tokens, or ends. False: there was
  /// nothing.
  bool follow_ends();

  ready_queue& ready() noexcept { return ready_; }
  limiter_lines& lines() noexcept { return lines_; }
  /// How many wait for something else than the global limiter.
  std::size_t set_aside() const noexcept {
    return lines_.size() + backing_off_ + replacements_.size() + dependants_.size();
  }

private:
  void enqueue(ref<record> task);
  void follow(ref<record> task);
  void wait_for_tokens(ref<record> task);

  manager_core& home_;
  task_deadlines& deadlines_;
  end_states& ends_;
  ready_queue ready_;
  limiter_lines lines_;
  dependants dependants_;
  replacements replacements_;
  std::size_t backing_off_ = 0;
};

} // namespace taskactor::detail
