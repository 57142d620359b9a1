/// What one transaction changes in the rows of jobs. What is decided one by one, by job_moves.hpp, is
/// gathered here, and written in sets, in one order: `flush`.
///
/// Locks are taken in one order, so that nobody waits for who waits for him: schedules (sorted by name),
/// queues (advisory, sorted), limits (sorted), runners (sorted), rows of ready, delayed, running, history
/// (each sorted by job), buckets (sorted), unique keys (sorted), lanes. A push takes keys first: it locks no
/// row of a job but such that nobody has locked.
#pragma once

#include "postgres/postgres_connection.hpp"
#include "postgres/postgres_news.hpp"
#include "queue/job_moves.hpp"
#include "queue/store_backend.hpp"
#include "queue/stored_job.hpp"

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace taskactor::detail {

/// For a SELECT of it, first.
#define TASKACTOR_POSTGRES_JOB                                                                               \
  "j.id, j.queue, j.kind, j.task, j.version, j.limits, j.fairness, j.priority, j.keep, j.pushed, "           \
  "j.expires, coalesce(j.unique_scope, ''), coalesce(j.unique_key, ''), coalesce(j.unique_until, 0)"
inline constexpr int postgres_job_columns = 14;
stored_head read_job(const postgres_result::row& row);

#define TASKACTOR_POSTGRES_TRIES                                                                             \
  "r.attempts, r.losses, r.snoozes, r.claims, r.had_begun, r.ended_token, r.error, r.runner, r.began"
inline constexpr int postgres_tries_columns = 9;
stored_tries read_tries(const postgres_result::row& row, int first);

/// A row of `running`.
struct postgres_running {
  stored_head job;
  stored_tries tries;
  claim_token token = 0;
  std::int64_t seq = 0;
  store_time since{};
  bool begun = false, cancel = false;
};
/// For a SELECT, behind the job and the tries.
#define TASKACTOR_POSTGRES_RUNNING "r.token, r.seq, r.since, r.begun, r.cancel"
postgres_running read_running(const postgres_result::row& row);

/// Of rows that go, or change.
struct postgres_ids {
  std::vector<job_id> left_waiting, left_history, left_running, freed, forgotten, unexpiring, trimmed;
};

/// Of tables, each with its columns; of keys that are given back: scope, key, job.
struct postgres_new_rows {
  postgres_columns ready{16}, delayed{13}, history{15}, attempts{7}, keys{3};
};

class postgres_change {
public:
  /// `news`: what it changes is noted there, for others.
  postgres_change(postgres_connection& connection, postgres_news& news, store_time now,
                  postgres_connection::clock::time_point until)
      : connection_(connection), news_(news), now_(now), until_(until) {}

  postgres_connection& connection() const noexcept { return connection_; }
  postgres_connection::clock::time_point until() const noexcept { return until_; }
  store_time now() const noexcept { return now_; }

  void count(std::uint64_t store_counters::*which, std::int64_t by = 1);

  // -- rows that the caller has locked, and which go ------------------------
  void leave_waiting(job_id id) { ids_.left_waiting.push_back(id); }
  void leave_history(job_id id) { ids_.left_history.push_back(id); }
  /// Out of `running`, with the limits that it has held, and to where the move says.
  void move_running(postgres_running from, const job_move& move, std::string_view error,
                    std::string_view result);

  // -- where they go to -----------------------------------------------------
  /// Into the line: at `seq`; unset: behind all.
  void make_ready(const stored_head& job, const stored_tries& tries, store_time since,
                  std::optional<std::int64_t> seq = {});
  void make_delayed(const stored_head& job, const stored_tries& tries, store_time due);
  /// A job that waits or runs no more: its key goes, and, if it isn't kept, all of it.
  void end(const stored_head& job, const stored_tries& tries, job_state how, std::string_view result = {},
           bool cancel_requested = false);
  /// Nothing stays of it.
  void forget(job_id id) { ids_.forgotten.push_back(id); }
  /// Unless it is taken for a period.
  void drop_key(const stored_head& job);
  void expiry_goes(job_id id) { ids_.unexpiring.push_back(id); }
  void add_attempt(job_id id, const stored_tries& tries, std::string_view end, std::string_view error);

  /// All of it, and then what `also` has, which may end with COMMIT: the results of that.
  std::vector<postgres_result> flush(postgres_batch also = {});

private:
  using lane_key = std::tuple<std::string, int, std::string, std::string, std::string, std::string, int>;

  void add_moves(postgres_batch& all);
  void add_ready(postgres_batch& all);
  void add_tally(postgres_batch& all);
  void give_rates_back();
  void clear();

  postgres_connection& connection_;
  postgres_news& news_;
  store_time now_;
  postgres_connection::clock::time_point until_;
  std::array<std::int64_t, 14> counts_{};
  postgres_ids ids_;
  std::vector<std::string> unused_limits_; // of jobs, as in their rows
  std::map<lane_key, std::size_t> lanes_;
  postgres_new_rows rows_;
};

/// JSON, as it stands in a row; the names of these limits.
postgres_array limit_names_of(std::string_view limits);

} // namespace taskactor::detail
