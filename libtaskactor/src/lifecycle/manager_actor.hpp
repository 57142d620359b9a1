/// The manager: starts what has a token, learns of every end by a monitor, keeps the deadlines, and is
/// the only one that writes end states (rules 2 to 4, 7 to 9, 12).
///
///     admitted -> waiting --tokens--> running --(cancel | deadline)--> in_grace --> killed --> overrun
///                  |   ^                \_____________ its actor is down _________________/
///                  |   \-- backing_off <--- another attempt ---/   |
///                  \--cancelled, timed out--> gone                gone
///
/// Nothing of the user's runs here, nor are the destructors of what users have made: `disposal.hpp`.
#pragma once

#include "base/deadline_heap.hpp"
#include "base/fifo.hpp"
#include "caf_adapter/service_actor.hpp"
#include "capacity/named_limiter.hpp"
#include "capacity/nested_line.hpp"
#include "capacity/token_account.hpp"
#include "capacity/waiting_line.hpp"
#include "lifecycle/manager_messages.hpp"
#include "lifecycle/task_extras.hpp"

#include <taskactor/detail/record.hpp>

#include <optional>
#include <unordered_map>
#include <vector>

namespace taskactor::detail {

/// Between a kill and the verdict that the work can't be ended: a parked body dies in microseconds.
inline constexpr std::chrono::milliseconds kill_settle_time{50};

/// Why a waiting task's time is up.
failure waited_too_long(const record& task);

class manager_actor final : public service_actor {
public:
  manager_actor(caf::actor_config& config, manager_core& home, caf::actor limiter);
  caf::behavior make_behavior() override;
  const char* name() const override { return "taskactor.manager"; }

private:
  /// The stages of a shutdown, in order.
  enum class shutdown_stage : std::uint8_t { open, draining, cancelling, killing, over };

  // -- waiting --------------------------------------------------------------
  void take_in();
  void enqueue_task(ref<record> task);
  void queue_for_next(ref<record> task);
  void serve(named_limiter& limiter);
  void start_ready();
  bool somebody_waits() const noexcept;
  ref<record> next_ready();
  bool dequeue_task(record& task);
  void return_limits(record& task, bool used);
  record* first_of(named_limiter& limiter);
  void give_back(const named_limiter& to, std::size_t count, std::uint64_t seen);
  void begin_wait(record& task, named_limiter& limiter);
  void skip_gone(record& task);
  void wait_for_predecessor(ref<record> task);
  void succeed(record& gone);
  void release(std::size_t count);
  void settle_token(record& task);
  void on_granted(const tokens_granted& got);
  void on_recalled(std::size_t count);
  void on_resized(named_limiter* limiter);
  void on_claim(ref<record> claim, record& task);
  void on_claim_over(record& claim, bool used);
  named_limiter* sending_limiter();

  // -- starting -------------------------------------------------------------
  void start(ref<record> task, time_point now);
  std::optional<failure> refused_start(record& task, time_point now);
  void spawn_body(record& task);
  /// Nothing else does: to wake another thread for it would take longer than this turn.
  bool runs_one() const noexcept { return running_.size() == 1; }

  // -- ending ---------------------------------------------------------------
  void on_cancel(record& task, end_reason why);
  void on_strangers_exit(record& task, bool kill);
  void on_cancelled(const end_tasks& asked);
  void read_notifications();
  void on_attempt_ended(ref<record> task);
  void on_down(ref<record> task, time_point now);
  void remove_running(record& task);
  void end_waiting(record& task, failure how);
  void signal(record& task, bool kill);
  void give_end_state(record& task, time_point now);
  void report_end(const record& task);
  void leave_child_observer(record& task);
  void finish_down(record& task, time_point now);
  void back_off_or_finish(record& task, time_point now);
  void discard(record& task, std::uint8_t parts);
  bool has_to_ask(const record& task) const;
  bool waits_for_answer(record& task, time_point now);
  void ask_about(record& task) noexcept;
  void on_retry_answered(record& task, std::size_t attempt, retry_answer answer);
  void give_up_answer(record& task);
  bool asks_to_leave(record& task, time_point now);
  void on_attempt_left(ref<record> task, ref<record> rest);
  void hand_over(record& task, record& rest);
  std::optional<std::chrono::nanoseconds> wait_before_retry(const record& task) const;
  bool back_off(record& task);
  void publish(record& task, state how);
  void settle_soon();
  void settle();
  void tell_ended();

  // -- time -----------------------------------------------------------------
  void on_alarm(time_point rung);
  void on_due(record& task, time_point now);
  void on_run_due(record& task, time_point now);
  void on_ended_due(record& task, time_point now);
  void on_grace_due(record& task, time_point now);
  void end_attempt(record& task, failure how);
  void leave_behind(record& task);
  void begin_overrun(record& task, time_point now);
  void end_overrun(record& task, time_point now);
  void due_at(record& task, time_point when, end_reason why);
  void arm();

  // -- shutdown -------------------------------------------------------------
  void on_stop(const shutdown_options& bounds);
  void next_stage();
  void cancel_all(end_reason why, bool also_shielded);
  void check_stopped();

  manager_core& home_;
  caf::actor limiter_;
  token_account tokens_;
  fifo<record> resuming_; // gave their token back, and want to go on: first (rule 6)
  nested_line nested_;    // in tasks: next, so that what was begun gets finished
  waiting_line waiting_;
  unsigned begun_turns_ = 0;                            // since one of `waiting_` had its turn
  std::vector<ref<record>> running_;                    // each knows its index
  std::unordered_map<record*, ref<record>> successors_; // wait for the key to be gone
  std::unordered_map<caf::actor_id, named_limiter*> lenders_;
  std::size_t backing_off_ = 0, lined_up_ = 0; // the latter at named limiters; without claims
  std::vector<ref<record>> untold_;            // ended, and their listeners don't know yet
  bool settling_ = false;                      // a message to settle is under way
  deadline_heap<record> deadlines_;
  alarm alarm_;
  shutdown_stage stage_ = shutdown_stage::open;
  shutdown_options bounds_;
  time_point stage_due_ = time_point::max();
};

} // namespace taskactor::detail
