/// `task_starter`: gives the manager's tokens of the global limiter to those whose turn it is. A task gets
/// its actor then (rule 4); one that gave its token back goes on. The manager's alone.
#pragma once

#include <taskactor/detail/record.hpp>

#include <caf/fwd.hpp>

namespace taskactor::detail {

class global_tokens;
class manager_core;
class running_tasks;
class task_deadlines;
class waiting_tasks;

class task_starter {
public:
  task_starter(manager_core& home, caf::local_actor& manager, waiting_tasks& waiting, global_tokens& tokens,
               running_tasks& running, task_deadlines& deadlines) noexcept
      : home_(home),
        manager_(manager),
        waiting_(waiting),
        tokens_(tokens),
        running_(running),
        deadlines_(deadlines) {}

  /// As many as there are tokens for; asks for those that are missing, and publishes how many run and wait.
  void start_ready();
  /// A running task has lent its token, or wants one again.
  void settle_token(record& task);

private:
  void start(ref<record> task, time_point now);
  void spawn_body(record& task);
  bool runs_one() const noexcept;

  manager_core& home_;
  caf::local_actor& manager_;
  waiting_tasks& waiting_;
  global_tokens& tokens_;
  running_tasks& running_;
  task_deadlines& deadlines_;
};

} // namespace taskactor::detail
