/// The tables of a store in memory, with their indexes, and the moves between them. See store_backend.hpp.
///
/// Threads: none.
#pragma once

#include "queue/job_edges.hpp"
#include "queue/job_moves.hpp"
#include "queue/lane_choice.hpp"
#include "queue/store_backend.hpp"

#include <taskactor/queue/job_info.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace taskactor::detail {

struct memory_runner;
struct memory_queue;

/// What few jobs have, or only those that have been claimed.
struct memory_job_extras {
  std::deque<job_attempt> attempts;
  kept_output output;
  std::string runner, result, error, progress_text;
  std::uint64_t progress_done = 0, progress_total = 0;
  std::optional<store_time> began, ended, kept_until;
};

struct memory_job {
  job_id id = 0;
  job_row row;
  std::string unique_scope, unique_key;
  unique_until until{};
  store_time pushed{};

  job_state state{};
  job_counts counts;
  std::int64_t seq = 0;
  store_time since{}; // when it became ready
  store_time due{};   // of a delayed or blocked one
  std::optional<store_time> expires;
  claim_token token = 0, ended_token = 0; // of the last claim; zero: its finish wasn't written
  memory_runner* runner = nullptr;        // of a running one
  std::size_t claims = 0;
  bool begun = false;     // of this claim
  bool had_begun = false; // of any
  bool cancel_requested = false;

  memory_job_extras& extras() {
    if (!extras_)
      extras_ = std::make_unique<memory_job_extras>();
    return *extras_;
  }
  const memory_job_extras* find_extras() const noexcept { return extras_.get(); }

private:
  std::unique_ptr<memory_job_extras> extras_;
};

struct memory_lane {
  job_lane lane;
  std::map<lane_place, memory_job*> ready;

  /// Null: it is empty.
  memory_job* at(lane_end which) const;
};

using memory_lane_key = std::tuple<job_kind, std::string, std::string, std::string, std::size_t,
                                   std::vector<std::tuple<std::string, std::string, std::size_t>>>;

struct memory_queue {
  bool paused = false;
  std::uint64_t turn = 0;
  std::map<memory_lane_key, std::int64_t> lane_ids;
  std::map<std::int64_t, memory_lane> lanes;
  std::int64_t window = 0;                 // where the next claim begins to look
  std::map<std::string, std::size_t> runs; // by fairness key; none that is zero
  std::size_t ready = 0, delayed = 0, running = 0, blocked = 0;
};

struct memory_runner {
  runner_key key;
  std::uint64_t beat = 0;
  std::string host, boot_id;
  std::int64_t pid = 0;
  std::uint64_t process_start = 0;
  std::vector<queue_share> shares; // free: what its last claim has left of it
  std::shared_ptr<const known_tasks> tasks;
  store_time seen{};
  std::optional<store_time> dead; // since when
  std::set<job_id> running;
};

struct memory_edge {
  taskactor::on_failure on_failure;
  edge_state state;
};

/// Which jobs run after which others: see memory_edges.hpp.
class memory_edges {
public:
  void add(job_id child, job_id parent, on_failure wish, edge_state state);
  void set(job_id child, job_id parent, edge_state to);
  bool has_children(job_id parent) const;
  bool has_open(job_id child) const { return open_.contains(child); }
  /// Of a job that is forgotten.
  void drop(job_id of);
  void drop_children(job_id of);

  std::map<std::pair<job_id, job_id>, memory_edge> parents;  // by child and parent
  std::set<std::tuple<job_id, edge_state, job_id>> children; // the same: parent, state, child
  std::map<job_id, job_state> releases; // parents that have ended or were retried: see job_edges.hpp

private:
  void count(job_id child, edge_state state, int by);

  std::map<job_id, int> open_; // edges of a child; none that is zero
};

struct memory_limit {
  std::optional<std::size_t> capacity;
  std::optional<taskactor::rate> rate;
};

struct memory_unique {
  job_id job;
  std::optional<store_time> until; // of a period
};

struct memory_request {
  job_id job;
  push_result how;
  store_time at;
};

/// The last of each that was given out.
struct memory_numbers {
  job_id job = 0;
  std::int64_t seq = 0, lane = 0;
  claim_token token = 0;
};

/// What its end has left goes: it is to run again.
void reset_end(memory_job& job);

class memory_tables {
public:
  using name_key = std::pair<std::string, std::string>;

  std::map<job_id, memory_job> jobs;
  std::map<std::string, memory_queue> queues;
  std::map<runner_key, memory_runner> runners;
  std::map<std::string, memory_limit> limits;
  std::map<name_key, std::size_t> held;      // tokens of running jobs by limit and key; none that is zero
  std::map<name_key, rate_point> rates;      // by limit and key
  std::map<name_key, memory_unique> uniques; // by scope and key
  std::map<std::string, memory_request> requests;
  std::set<std::pair<store_time, job_id>> delayed, expiry, history;
  std::set<std::pair<store_time, name_key>> periods;
  std::deque<std::pair<store_time, std::string>> request_times;
  memory_edges edges;
  store_counters counters;
  memory_numbers last;
  std::vector<std::pair<memory_queue*, std::int64_t>> emptied_lanes;

  // -- places: each takes a job that has none -------------------------------

  void make_ready(memory_job& job, store_time now, bool with_new_seq);
  void delay(memory_job& job, store_time until);
  void block(memory_job& job, store_time due);
  void run(memory_job& job, memory_runner& runner, store_time now);
  /// Its key goes, and, if it isn't to be kept, the job; `stays`: not before it is pruned.
  void end(memory_job& job, job_state how, store_time now, bool stays = false);
  /// Of one that waits.
  void expire(memory_job& job, store_time now);

  // -- out of its place, or of the store ------------------------------------

  void take_out(memory_job& job);
  /// One that has been taken out.
  void forget(memory_job& job);

  /// A lane stays while a claim may look at it.
  void drop_empty_lanes();

  /// Of a running job: what has become of its claim.
  void move(memory_job& job, const job_move& move, store_time now, std::string error, std::string result);
  void write_attempt(memory_job& job, std::string_view word, store_time now, std::string error);
  void give_rate_back(const memory_job& job, store_time now);

  // -- keys -----------------------------------------------------------------

  /// The one that has the key now.
  std::optional<job_id> unique_holder(const name_key& key, store_time now);
  void take_unique(memory_job& job, std::optional<store_time> until);
  void drop_unique(const memory_job& job);
};

} // namespace taskactor::detail
