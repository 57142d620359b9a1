/// `attempt_ends`: what follows when the actor of an attempt is down (rule 3), or goes on beside its task:
/// the end of that task, or another attempt. The manager's alone.
///
///     actor down --> asking, where `retry_on` hasn't said yet --> backing off, or gone
///
/// What the attempt has of named limiters goes back at once, its global token when it is settled which of
/// them it is.
#pragma once

#include "lifecycle/task_extras.hpp"

#include <taskactor/detail/record.hpp>

#include <cstddef>

namespace taskactor::detail {

class end_states;
class global_tokens;
class manager_core;
class retry_decisions;
class running_tasks;
class task_deadlines;
class task_termination;
class waiting_tasks;

class attempt_ends {
public:
  attempt_ends(manager_core& home, waiting_tasks& waiting, running_tasks& running, global_tokens& tokens,
               task_deadlines& deadlines, end_states& ends, retry_decisions& retries,
               task_termination& termination) noexcept
      : home_(home),
        waiting_(waiting),
        running_(running),
        tokens_(tokens),
        deadlines_(deadlines),
        ends_(ends),
        retries_(retries),
        termination_(termination) {}

  /// Its actor is down.
  void on_down(ref<record> task, time_point now);
  /// What `retry_on` says of the attempt with that number.
  void on_retry_answered(record& task, std::size_t attempt, const retry_answer& answer);
  /// It doesn't say it in time, or its task is cancelled meanwhile.
  void give_up_answer(record& task);
  /// The task can have another attempt: what still runs of this one is `rest`.
  void on_attempt_left(record& task, record& rest);

private:
  bool waits_for_answer(record& task, time_point now);
  void back_off_or_finish(record& task, time_point now);
  bool back_off(record& task);
  void finish_down(record& task, time_point now);
  void hand_over(record& task, record& rest);

  manager_core& home_;
  waiting_tasks& waiting_;
  running_tasks& running_;
  global_tokens& tokens_;
  task_deadlines& deadlines_;
  end_states& ends_;
  retry_decisions& retries_;
  task_termination& termination_;
};

} // namespace taskactor::detail
