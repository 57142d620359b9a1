/// What one transaction changes in the rows of jobs: they are moved by it from table to table, and all counts
/// that follow from that (of lanes, queues, fairness keys, the store) are kept here, and written once, by
/// `flush`.
///
///     sqlite_transaction change_lock{db, sqlite_lock::write};
///     sqlite_change change{db, now};
///     ...
///     change.flush();
///     change_lock.commit();
#pragma once

#include "queue/job_edges.hpp"
#include "queue/job_moves.hpp"
#include "queue/sqlite_database.hpp"
#include "queue/store_backend.hpp"
#include "queue/stored_job.hpp"

#include <array>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace taskactor::detail {

/// Rows of taskactor_count; `number` is of ids, places in line, and lanes.
enum class sqlite_count : std::uint8_t {
  number,
  token,
  pushed,
  duplicates,
  claimed,
  succeeded,
  failed,
  cancelled,
  expired,
  quarantined,
  retried,
  snoozed,
  released,
  lost,
  stale,
  repeated,
};
inline constexpr std::array<const char*, 16> sqlite_count_names{
    "number",  "token",       "pushed",  "duplicates", "claimed",  "succeeded", "failed", "cancelled",
    "expired", "quarantined", "retried", "snoozed",    "released", "lost",      "stale",  "repeated"};

/// For a SELECT of it, first.
#define TASKACTOR_SQLITE_HEAD                                                                                \
  "j.id, j.queue, j.kind, j.task, j.version, j.limits, j.fairness, j.priority, j.keep, j.pushed, "           \
  "j.expires, j.unique_scope, j.unique_key, j.unique_until"
inline constexpr int sqlite_head_columns = 14;
stored_head read_head(const sqlite_rows& rows);

/// In a SELECT: attempts, losses, snoozes, claims, had_begun, ended_token, error, runner, began.
inline constexpr int sqlite_tries_columns = 9;
stored_tries read_tries(const sqlite_rows& rows, int first);

struct sqlite_waiting {
  stored_tries tries;
  job_state state{};
  std::optional<store_time> due; // unset: it is ready
  std::int64_t seq = 0;
  store_time since{};
};

/// What a transaction knows of edges: see sqlite_edges.hpp.
struct sqlite_edge_notes {
  /// Of any jobs.
  bool has_any() {
    if (!any)
      any = db.number("SELECT EXISTS (SELECT 1 FROM main.taskactor_edge)") != 0;
    return *any;
  }

  sqlite_database& db;
  std::optional<bool> any{};
  bool released = false;     // a parent's are to be brought in line with it
  bool others_ended = false; // jobs whose end no reply tells of
};

class sqlite_change {
public:
  sqlite_change(sqlite_database& db, store_time now) : db_(db), now_(now) {}

  sqlite_database& db() const noexcept { return db_; }
  store_time now() const noexcept { return now_; }

  void count(sqlite_count which, std::int64_t by = 1) { counts_[static_cast<std::size_t>(which)] += by; }
  /// Never drawn before. As a job's id it is its first place in line as well.
  std::int64_t draw(sqlite_count which);

  std::optional<stored_head> head(job_id id);

  /// Into the line: at `seq`; unset: behind all.
  void make_ready(const stored_head& job, const stored_tries& tries, store_time since,
                  std::optional<std::int64_t> seq = {});
  /// `place`: or blocked, until its parents are over.
  void make_delayed(const stored_head& job, const stored_tries& tries, store_time due,
                    job_state place = job_state::delayed);
  /// Of a job that waits no more.
  void drop_expiry(const stored_head& job);

  std::optional<sqlite_waiting> find_waiting(const stored_head& job);
  /// Its row goes; where it goes to is the caller's. Empty: it doesn't wait.
  std::optional<sqlite_waiting> take_waiting(const stored_head& job);
  /// A row of `ready` that the caller has removed.
  void took_ready(std::int64_t lane, const std::string& queue);
  /// Plus or minus one job that runs.
  void count_running(const std::string& queue, const std::string& fairness_key, std::int64_t by);
  std::int64_t count_of_running(const std::string& queue, const std::string& fairness_key) const;

  /// A job that waits or runs no more: its key goes, and, if it isn't kept and has no children, all of it;
  /// `stays`: not before it is pruned.
  void end(const stored_head& job, const stored_tries& tries, job_state how, std::string_view result = {},
           bool cancel_requested = false, bool stays = false);
  /// Nothing stays of it.
  void forget(const stored_head& job);
  /// Unless it is taken for a period.
  void drop_key(const stored_head& job);

  sqlite_edge_notes& edges() noexcept { return edges_; }
  void give_turn(const std::string& queue, std::int64_t turns) { queues_[queue].turns += turns; }
  void flush();

private:
  struct queue_tally {
    std::int64_t ready = 0, delayed = 0, running = 0, turns = 0, blocked = 0;
  };
  using lane_key
      = std::tuple<std::string, job_kind, std::string, std::string, std::string, std::string, std::size_t>;

  std::int64_t find_lane(const stored_head& job, std::size_t losses, bool make);

  sqlite_database& db_;
  store_time now_;
  std::array<std::int64_t, sqlite_count_names.size()> counts_{};
  std::array<std::optional<std::int64_t>, 2> drawn_; // number, token
  std::map<lane_key, std::int64_t> lane_ids_;
  std::map<std::int64_t, std::int64_t> lanes_; // id -> ready rows more
  std::map<std::string, queue_tally> queues_;
  std::map<std::pair<std::string, std::string>, std::int64_t> shares_;
  sqlite_edge_notes edges_{db_};
};

/// The limits that a job has held; `unused`: it gives back what it took of rates.
void free_limits(sqlite_change& change, const stored_head& job, bool unused);
void add_attempt(sqlite_change& change, job_id id, const stored_tries& tries, std::string_view end,
                 std::string_view error);
/// Of an ended job: out of the history, to run again. Empty: it hasn't ended.
std::optional<stored_tries> take_ended(sqlite_change& change, stored_head& job);
/// False: another job has it.
bool take_key_again(sqlite_change& change, const stored_head& job);

} // namespace taskactor::detail
