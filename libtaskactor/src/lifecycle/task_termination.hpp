/// `task_termination`: ends bodies that run, and answers their callers at the deadline (rules 8 and 9). The
/// manager's alone.
///
///     running --(cancel | deadline)--> in_grace --grace over--> killed --50 ms--> overrun
///
/// It decides no end that the body has decided already (`record::decide`). What follows when the body's actor
/// is down is for `attempt_ends`.
#pragma once

#include <taskactor/detail/record.hpp>

#include <chrono>

namespace taskactor::detail {

class end_states;
class manager_core;
class retry_decisions;
class task_deadlines;

/// Between a kill and the verdict that the work can't be ended: a parked body dies in microseconds.
inline constexpr std::chrono::milliseconds kill_settle_time{50};

/// Its outcome is given, and it still runs (rule 8).
void begin_overrun(manager_core& home, record& task, time_point now) noexcept;

class task_termination {
public:
  task_termination(manager_core& home, task_deadlines& deadlines, end_states& ends,
                   retry_decisions& retries) noexcept
      : home_(home), deadlines_(deadlines), ends_(ends), retries_(retries) {}

  /// Asks a running body to end, or kills it.
  void signal(record& task, bool kill);
  /// Its time to run is up.
  void on_run_due(record& task, time_point now);
  /// Its grace is over, or its time to die; or its total time is up meanwhile.
  void on_grace_due(record& task, time_point now);
  /// An attempt whose time was up still runs: its task ends now, and has no other.
  void end_attempt(record& task, failure how);
  /// Its end state is given, if it has none, and it runs on.
  void answer_and_overrun(record& task, time_point now);

private:
  void on_ended_due(record& task, time_point now);
  bool asks_to_leave(record& task, time_point now);
  void leave_behind(record& task);

  manager_core& home_;
  task_deadlines& deadlines_;
  end_states& ends_;
  retry_decisions& retries_;
};

} // namespace taskactor::detail
