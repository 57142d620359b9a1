/// The manager: starts what has a token, learns of every end by a down message, keeps the deadlines, and is
/// the only one that writes end states (rules 2 to 4, 7 to 9, 12).
///
///     admitted -> waiting --token--> running --(cancel | deadline)--> in_grace --> killed --> overrun
///                    \                  \________________ down message ____________________/
///                     \--cancelled, timed out--> gone                  gone
#pragma once

#include "../messages.hpp"
#include "deadline.hpp"
#include "fifo.hpp"
#include "limiter.hpp"

#include <taskactor/run/record.hpp>

#include <caf/event_based_actor.hpp>

#include <optional>
#include <unordered_map>
#include <vector>

namespace taskactor::detail {

/// Why a waiting task's time is up.
failure waited_too_long(const record& task);

class manager_actor final : public caf::event_based_actor {
public:
  manager_actor(caf::actor_config& config, runtime& home, caf::actor limiter);
  caf::behavior make_behavior() override;
  const char* name() const override { return "taskactor.manager"; }

private:
  /// The stages of a shutdown, in order.
  enum class stage : std::uint8_t { open, draining, cancelling, killing, over };

  // -- starting
  // ------------------------------------------------------------------------------------------------------
  void take_in();
  void line_up(ref<record> task);
  void start_ready();
  fifo<record>* next_list() noexcept;
  void start(ref<record> task);
  std::optional<failure> refused_start(record& task, time_point now);
  void spawn_body(record& task);
  void lend_back();
  void want_back(ref<record> task);
  void release(std::size_t count);

  // -- ending
  // --------------------------------------------------------------------------------------------------------
  void on_cancel(record& task, end_reason why);
  void on_strangers_exit(record& task, bool kill);
  void on_down(caf::actor_id who);
  void end_waiting(record& task, failure how);
  void signal(record& task, bool kill);
  void give_end_state(record& task);
  void report_end(const record& task);
  void leave_nursery(record& task);
  void publish(record& task, state how);
  void settle_soon();
  void settle();
  void tell_ended();

  // -- time
  // ----------------------------------------------------------------------------------------------------------
  void on_alarm(time_point rung);
  void on_due(record& task, time_point now);
  void on_run_due(record& task, time_point now);
  void on_grace_due(record& task, time_point now);
  void leave_behind(record& task);
  void due_at(record& task, time_point when, end_reason why);
  void arm();

  // -- shutdown
  // ------------------------------------------------------------------------------------------------------
  void on_stop(const shutdown_options& bounds);
  void next_stage();
  void cancel_all(end_reason why);
  void check_stopped();

  runtime& home_;
  caf::actor limiter_;
  token_account tokens_;
  fifo<record> resuming_; // gave their token back, and want to go on: first (rule 6)
  fifo<record> nested_;   // lanes of gathers inside tasks: next, so that what was begun gets finished
  fifo<record> waiting_;
  std::unordered_map<caf::actor_id, ref<record>> running_;
  std::vector<ref<record>> untold_; // ended, and their listeners don't know yet
  bool settling_ = false;           // a message to settle is under way
  deadline_heap<record> deadlines_;
  alarm alarm_;
  stage stage_ = stage::open;
  shutdown_options bounds_;
  time_point stage_due_ = time_point::max();
};

} // namespace taskactor::detail
