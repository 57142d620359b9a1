/// `runner_claims`: what a runner has claimed, and what it asks for next: slots, what is at hand, and who may
/// begin. No store, no manager in it.
///
///     claimed --> at hand --next()--> in a slot --down--> the slot is free
///        \           \                    \--ended--> offered to the store --settled--> forgotten
///
/// It has at hand twice as many as leave their slots while it asks for more, as fast as they do: then no slot
/// stands empty. A queue of whose jobs some have limits has none at hand: others may have their tokens. A job
/// that runs alone (its runners have died under it) waits until nothing else of the runner runs, and nothing
/// begins meanwhile. The runner's thread alone.
#pragma once

#include "queue/job_task.hpp"
#include "queue/runner_plan.hpp"

#include <taskactor/detail/ref.hpp>

#include <cstddef>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace taskactor::detail {

class runner_claims {
public:
  explicit runner_claims(const runner_plan& plan);

  // -- asking ---------------------------------------------------------------
  /// There may be more in the store than it knows of.
  void may_have_more() noexcept;
  bool may_want() const noexcept;
  /// What it would take; empty: nothing.
  std::vector<queue_share> wanted();
  /// The slots that stand empty, for others to know.
  std::vector<queue_share> shares() const;
  /// That was asked for. None is under way already.
  void asked(std::vector<queue_share> what, time_point now);
  void took(const std::vector<ref<job_task>>& jobs, time_point now);
  /// The answer to that is an error.
  void failed() { asked_.what.clear(); }

  // -- beginning ------------------------------------------------------------
  /// Of those at hand the next that may begin: its slot is taken. Null: none may.
  ref<job_task> next();
  std::optional<run_where> where(const job_task& which) const;
  /// It couldn't begin now: its slot is free, and it is the first again.
  void put_back(ref<job_task> which);
  /// It never will: its slot is free.
  void drop(job_task& which);
  /// All that hasn't begun.
  std::vector<ref<job_task>> take_at_hand();

  // -- the end --------------------------------------------------------------
  ref<job_task> find(job_id id, claim_token token) const;
  /// Takes it out of what is at hand. False: it has a slot.
  bool withdraw(const ref<job_task>& which);
  void down(job_task& which);
  void settled(claim_token token);
  /// Another runner has it by now.
  void forget(claim_token token);
  void forget_all();

  void for_each_running(const std::function<void(job_task&)>& what) const;
  std::size_t running() const noexcept { return queues_.running; }
  std::size_t at_hand() const noexcept;
  bool is_empty() const noexcept { return held_.empty(); }

private:
  struct asking {
    std::vector<queue_share> what;
    time_point at{}, before{}; // this time, and the time before
  };
  struct queue {
    runner_queue what;
    std::deque<ref<job_task>> at_hand{};
    std::size_t running = 0; // slots that are taken
    std::size_t freed = 0;   // slots, since it last asked
    std::size_t before = 0;  // the same, from the time before that
    std::size_t ahead = 0;   // how many beyond the slots it is to have
    bool may_have = true;
    bool hinted = false; // since it last asked

    std::size_t free() const noexcept;
    std::size_t spare() const noexcept;
    std::size_t wanted_ahead(const asking& answered, time_point now) const noexcept;
  };
  struct queue_table {
    std::deque<queue> all;
    std::unordered_map<std::string, queue*> by_name;
    std::size_t turn = 0;    // the queue that is looked at first
    std::size_t running = 0; // slots that are taken, in all of them

    queue& of(const job_task& which) const { return *by_name.at(which.job().row.queue); }
    ref<job_task> next();
  };
  struct lone_jobs {
    std::deque<ref<job_task>> waiting;
    claim_token running = 0; // zero: none
  };
  struct held {
    ref<job_task> task;
    bool in_slot = false, settled = false;
  };
  void leave_slot(job_task& which);
  void let_go(std::unordered_map<claim_token, held>::iterator which);

  const std::size_t most_ahead_;
  queue_table queues_;
  lone_jobs alone_;
  std::unordered_map<claim_token, held> held_;
  asking asked_;
};

} // namespace taskactor::detail
