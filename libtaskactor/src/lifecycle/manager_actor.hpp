/// The manager: starts what has a token, learns of every end by a monitor, keeps the deadlines, and is
/// the only one that writes end states (rules 2 to 4, 7 to 9, 12).
///
///     admitted -> waiting --tokens--> running --(cancel | deadline)--> in_grace --> killed --> overrun
///                  |   ^                \_____________ its actor is down _________________/
///                  |   \-- backing_off <--- another attempt ---/   |
///                  \--cancelled, timed out--> gone                gone
///
/// It maps messages, and deadlines, to its parts; each has its rules in a class of its own:
///
///     waiting_tasks      until a task has its tokens         end_states         what each comes to
///     task_starter       who has a token begins              retry_decisions    another attempt, or not
///     running_tasks      what has an actor                   attempt_ends       when that is down
///     task_termination   cancelled, timed out, killed        shutdown_sequence  the stages of a shutdown
///
/// Nothing of the user's runs here, nor are the destructors of what users have made: `disposal.hpp`.
#pragma once

#include "caf_adapter/service_actor.hpp"
#include "lifecycle/attempt_ends.hpp"
#include "lifecycle/end_states.hpp"
#include "lifecycle/global_tokens.hpp"
#include "lifecycle/retry_decisions.hpp"
#include "lifecycle/running_tasks.hpp"
#include "lifecycle/shutdown_sequence.hpp"
#include "lifecycle/task_deadlines.hpp"
#include "lifecycle/task_starter.hpp"
#include "lifecycle/task_termination.hpp"
#include "lifecycle/waiting_tasks.hpp"

namespace taskactor::detail {

class manager_actor final : public service_actor {
public:
  manager_actor(caf::actor_config& config, manager_core& home, caf::actor limiter);
  caf::behavior make_behavior() override;
  const char* name() const override { return "taskactor.manager"; }

private:
  void take_in();
  void start_ready();
  named_limiter* sending_limiter();
  void on_cancel(record& task, end_reason why);
  void on_strangers_exit(record& task, bool kill);
  void read_notifications();
  void settle();
  void on_alarm(time_point rung);
  void on_due(record& task, time_point now);
  void arm();
  void on_stop(const shutdown_options& bounds);
  void next_stage();
  void cancel_all(bool also_shielded);
  void check_stopped();

  manager_core& home_;
  task_deadlines deadlines_;
  end_states ends_;
  global_tokens tokens_;
  waiting_tasks waiting_;
  running_tasks running_;
  task_starter starter_;
  shutdown_sequence shutdown_;
  retry_decisions retries_;
  task_termination termination_;
  attempt_ends attempts_;
};

} // namespace taskactor::detail
