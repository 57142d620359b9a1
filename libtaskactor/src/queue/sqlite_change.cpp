#include "queue/sqlite_change.hpp"

#include "queue/lane_choice.hpp"
#include "queue/sqlite_edges.hpp"
#include "queue/store_rate.hpp"
#include "queue/stored_limits.hpp"

#include <algorithm>

namespace taskactor::detail {

namespace {

void add_expiry(sqlite_database& db, const stored_head& job) {
  if (job.expires)
    db.run("INSERT OR IGNORE INTO main.taskactor_expiry VALUES(?, ?)", *job.expires, job.id);
}

} // namespace

stored_head read_head(const sqlite_rows& rows) {
  return {.id = rows.integer(0),
          .queue = rows.string(1),
          .kind = static_cast<job_kind>(rows.integer(2)),
          .task = rows.string(3),
          .version = rows.string(4),
          .limits = rows.string(5),
          .fairness_key = rows.string(6),
          .priority = static_cast<int>(rows.integer(7)),
          .keep = store_duration{rows.integer(8)},
          .pushed = rows.time(9),
          .expires = rows.maybe_time(10),
          .unique_scope = rows.string(11),
          .unique_key = rows.string(12),
          .until = static_cast<unique_until>(rows.integer(13))};
}

stored_tries read_tries(const sqlite_rows& rows, int first) {
  return {.counts
          = {.attempts = rows.size(first), .losses = rows.size(first + 1), .snoozes = rows.size(first + 2)},
          .claims = rows.integer(first + 3),
          .had_begun = rows.integer(first + 4) != 0,
          .ended_token = rows.integer(first + 5),
          .error = rows.string(first + 6),
          .runner = rows.string(first + 7),
          .began = rows.maybe_time(first + 8)};
}

// -- numbers ----------------------------------------------------------------

std::int64_t sqlite_change::draw(sqlite_count which) {
  const auto at = static_cast<std::size_t>(which);
  if (!drawn_.at(at))
    drawn_[at] = db_.number("SELECT value FROM main.taskactor_count WHERE name = ?", sqlite_count_names[at]);
  ++counts_[at];
  return *drawn_[at] + counts_[at];
}

// -- waiting ----------------------------------------------------------------

std::optional<stored_head> sqlite_change::head(job_id id) {
  auto rows = db_.query("SELECT " TASKACTOR_SQLITE_HEAD " FROM main.taskactor_job j WHERE j.id = ?", id);
  if (!rows.next())
    return {};
  return read_head(rows);
}

std::int64_t sqlite_change::find_lane(const stored_head& job, std::size_t losses, bool make) {
  losses = std::min(losses, losses_to_run_alone);
  const auto [at, is_new] = lane_ids_.try_emplace(
      lane_key{job.queue, job.kind, job.task, job.version, job.limits, job.fairness_key, losses}, 0);
  if (is_new) {
    auto rows = db_.query("SELECT id FROM main.taskactor_lane INDEXED BY taskactor_lane_key WHERE queue = ? "
                          "AND kind = ? AND task = ? AND "
                          "version = ? AND limits = ? AND fairness = ? AND losses = ?",
                          job.queue, job.kind, job.task, job.version, job.limits, job.fairness_key, losses);
    if (rows.next())
      at->second = rows.integer(0);
  }
  if (at->second == 0 && make) {
    at->second = draw(sqlite_count::number);
    db_.run("INSERT INTO main.taskactor_lane VALUES(?, ?, ?, ?, ?, ?, ?, ?, 0)", at->second, job.queue,
            job.kind, job.task, job.version, job.limits, job.fairness_key, losses);
  }
  return at->second;
}

void sqlite_change::make_ready(const stored_head& job, const stored_tries& tries, store_time since,
                               std::optional<std::int64_t> seq) {
  const auto lane = find_lane(job, tries.counts.losses, true);
  if (!seq)
    seq = draw(sqlite_count::number);
  db_.run("INSERT INTO main.taskactor_ready VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", lane,
          job.priority, *seq, job.id, since, tries.counts.attempts, tries.counts.losses, tries.counts.snoozes,
          tries.claims, tries.had_begun, tries.ended_token, tries.error, tries.runner, tries.began,
          job.expires);
  ++lanes_[lane];
  ++queues_[job.queue].ready;
  add_expiry(db_, job);
}

void sqlite_change::make_delayed(const stored_head& job, const stored_tries& tries, store_time due,
                                 job_state place) {
  const bool blocked = place == job_state::blocked;
  db_.run(blocked ? "INSERT INTO main.taskactor_blocked VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
                  : "INSERT INTO main.taskactor_delayed VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
          job.id, due, tries.counts.attempts, tries.counts.losses, tries.counts.snoozes, tries.claims,
          tries.had_begun, tries.ended_token, tries.error, tries.runner, tries.began);
  auto& queue = queues_[job.queue];
  ++(blocked ? queue.blocked : queue.delayed);
  add_expiry(db_, job);
}

void sqlite_change::drop_expiry(const stored_head& job) {
  if (job.expires)
    db_.run("DELETE FROM main.taskactor_expiry WHERE at = ? AND job = ?", *job.expires, job.id);
}

void sqlite_change::took_ready(std::int64_t lane, const std::string& queue) {
  --lanes_[lane];
  --queues_[queue].ready;
}

std::optional<sqlite_waiting> sqlite_change::find_waiting(const stored_head& job) {
  const auto with_time = [](sqlite_rows&& rows, job_state state) -> std::optional<sqlite_waiting> {
    if (!rows.next())
      return {};
    return sqlite_waiting{
        .tries = read_tries(rows, 0), .state = state, .due = rows.time(9), .seq = 0, .since = {}};
  };
  if (auto found = with_time(
          db_.query("SELECT attempts, losses, snoozes, claims, had_begun, ended_token, error, runner, began, "
                    "due FROM main.taskactor_delayed WHERE job = ?",
                    job.id),
          job_state::delayed))
    return found;
  if (edges_.has_any())
    if (auto found = with_time(
            db_.query("SELECT attempts, losses, snoozes, claims, had_begun, ended_token, error, runner, "
                      "began, due FROM main.taskactor_blocked WHERE job = ?",
                      job.id),
            job_state::blocked))
      return found;
  // A job that was never moved stands where its id says; the index knows the others. One that was released,
  // or whose runner was lost, keeps its place, maybe in a lane of losses.
  for (std::size_t losses = 0; losses <= losses_to_run_alone; ++losses)
    if (const auto lane = find_lane(job, losses, false)) {
      auto rows = db_.query("SELECT attempts, losses, snoozes, claims, had_begun, ended_token, error, "
                            "runner, began, seq, since FROM "
                            "main.taskactor_ready WHERE lane = ? AND priority = ? AND seq = ? AND job = seq",
                            lane, job.priority, job.id);
      if (rows.next())
        return sqlite_waiting{.tries = read_tries(rows, 0),
                              .state = job_state::ready,
                              .due = {},
                              .seq = rows.integer(9),
                              .since = rows.time(10)};
    }
  auto rows = db_.query("SELECT attempts, losses, snoozes, claims, had_begun, ended_token, error, runner, "
                        "began, seq, since FROM "
                        "main.taskactor_ready WHERE job = ? AND seq <> job",
                        job.id);
  if (rows.next())
    return sqlite_waiting{.tries = read_tries(rows, 0),
                          .state = job_state::ready,
                          .due = {},
                          .seq = rows.integer(9),
                          .since = rows.time(10)};
  return {};
}

std::optional<sqlite_waiting> sqlite_change::take_waiting(const stored_head& job) {
  auto found = find_waiting(job);
  if (!found)
    return {};
  drop_expiry(job);
  if (found->state == job_state::blocked) {
    db_.run("DELETE FROM main.taskactor_blocked WHERE job = ?", job.id);
    --queues_[job.queue].blocked;
    return found;
  }
  if (found->due) {
    db_.run("DELETE FROM main.taskactor_delayed WHERE job = ?", job.id);
    --queues_[job.queue].delayed;
    return found;
  }
  const auto lane = find_lane(job, found->tries.counts.losses, false);
  db_.run("DELETE FROM main.taskactor_ready WHERE lane = ? AND priority = ? AND seq = ?", lane, job.priority,
          found->seq);
  took_ready(lane, job.queue);
  return found;
}

// -- running ----------------------------------------------------------------

void sqlite_change::count_running(const std::string& queue, const std::string& fairness_key,
                                  std::int64_t by) {
  queues_[queue].running += by;
  shares_[{queue, fairness_key}] += by;
}

std::int64_t sqlite_change::count_of_running(const std::string& queue,
                                             const std::string& fairness_key) const {
  std::int64_t running = 0;
  if (auto rows = db_.query("SELECT running FROM main.taskactor_share WHERE queue = ? AND fairness = ?",
                            queue, fairness_key);
      rows.next())
    running = rows.integer(0);
  const auto more = shares_.find({queue, fairness_key});
  return running + (more == shares_.end() ? 0 : more->second);
}

void free_limits(sqlite_change& change, const stored_head& job, bool unused) {
  for (const auto& each : limits_of(job.limits)) {
    change.db().run("DELETE FROM main.taskactor_held WHERE name = ? AND key = ? AND job = ?", each.name,
                    each.key, job.id);
    if (!unused)
      continue;
    std::optional<rate_point> next;
    {
      auto rows = change.db().query(
          "SELECT b.next, l.rate_count, l.rate_period, l.rate_burst FROM main.taskactor_bucket b "
          "JOIN main.taskactor_limit l ON l.name = b.name WHERE b.name = ? AND b.key = ? AND "
          "l.rate_count IS NOT NULL",
          each.name, each.key);
      if (rows.next()) {
        const taskactor::rate rate{.count = rows.size(1),
                                   .period = std::chrono::nanoseconds{rows.integer(2)},
                                   .burst = rows.size(3)};
        const rate_point was{std::chrono::nanoseconds{rows.integer(0)}};
        next = store_rate{rate}.put_back(each.tokens, was, change.now());
      }
    }
    if (next)
      change.db().run("UPDATE main.taskactor_bucket SET next = ? WHERE name = ? AND key = ?",
                      next->time_since_epoch(), each.name, each.key);
  }
}

// -- ended ------------------------------------------------------------------

void sqlite_change::drop_key(const stored_head& job) {
  if (!job.unique_key.empty() && job.until != unique_until::period)
    db_.run("DELETE FROM main.taskactor_unique_key WHERE scope = ? AND key = ? AND job = ?", job.unique_scope,
            job.unique_key, job.id);
}

void sqlite_change::end(const stored_head& job, const stored_tries& tries, job_state how,
                        std::string_view result, bool cancel_requested, bool stays) {
  drop_key(job);
  if (!release_children(*this, job.id, how) && !stays && job.keep.count() <= 0) {
    forget(job);
    return;
  }
  db_.run("INSERT INTO main.taskactor_history VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", job.id,
          how, now_, store_time_after(now_, job.keep), tries.counts.attempts, tries.counts.losses,
          tries.counts.snoozes, tries.claims, tries.had_begun, tries.ended_token, tries.error, tries.runner,
          tries.began, cancel_requested, sqlite_blob{result});
}

void sqlite_change::forget(const stored_head& job) {
  drop_edges(*this, job.id);
  db_.run("DELETE FROM main.taskactor_attempt WHERE job = ?", job.id);
  db_.run("DELETE FROM main.taskactor_progress WHERE job = ?", job.id);
  db_.run("DELETE FROM main.taskactor_output WHERE job = ?", job.id);
  db_.run("DELETE FROM main.taskactor_job WHERE id = ?", job.id);
}

void add_attempt(sqlite_change& change, job_id id, const stored_tries& tries, std::string_view end,
                 std::string_view error) {
  change.db().run("INSERT INTO main.taskactor_attempt VALUES(?, ?, ?, ?, ?, ?, ?)", id, tries.claims,
                  tries.runner, tries.began.value_or(change.now()), change.now(), end, error);
  if (tries.claims > static_cast<std::int64_t>(attempts_kept))
    change.db().run("DELETE FROM main.taskactor_attempt WHERE job = ?1 AND number <= (SELECT number FROM "
                    "main.taskactor_attempt WHERE job = ?1 ORDER BY number DESC LIMIT 1 OFFSET ?2)",
                    id, attempts_kept);
}

// -- counts -----------------------------------------------------------------

void sqlite_change::flush() {
  for (std::size_t i = 0; i < counts_.size(); ++i)
    if (counts_[i] != 0)
      db_.run("UPDATE main.taskactor_count SET value = value + ? WHERE name = ?", counts_[i],
              sqlite_count_names[i]);
  counts_ = {};
  drawn_ = {};
  for (const auto& [lane, more] : lanes_) {
    if (more != 0)
      db_.run("UPDATE main.taskactor_lane SET ready = ready + ? WHERE id = ?", more, lane);
    if (more <= 0)
      db_.run("DELETE FROM main.taskactor_lane WHERE id = ? AND ready = 0", lane);
  }
  lanes_.clear();
  lane_ids_.clear();
  for (const auto& [name, more] : queues_)
    db_.run(
        "INSERT INTO main.taskactor_queue VALUES(?, 0, ?, ?, ?, ?) ON CONFLICT(name) DO UPDATE SET ready = "
        "ready + excluded.ready, delayed = delayed + excluded.delayed, running = running + "
        "excluded.running, turn = turn + excluded.turn",
        name, more.ready, more.delayed, more.running, more.turns);
  for (const auto& [name, more] : queues_)
    if (more.blocked != 0)
      db_.run(
          "INSERT INTO main.taskactor_queue_blocked VALUES(?, ?) ON CONFLICT(queue) DO UPDATE SET blocked "
          "= blocked + excluded.blocked",
          name, more.blocked);
  queues_.clear();
  for (const auto& [key, more] : shares_) {
    if (more != 0)
      db_.run("INSERT INTO main.taskactor_share VALUES(?, ?, ?) ON CONFLICT(queue, fairness) DO UPDATE SET "
              "running = running + excluded.running",
              key.first, key.second, more);
    if (more < 0)
      db_.run("DELETE FROM main.taskactor_share WHERE queue = ? AND fairness = ? AND running = 0", key.first,
              key.second);
  }
  shares_.clear();
}

// -- ended, and to run again ------------------------------------------------

std::optional<stored_tries> take_ended(sqlite_change& change, stored_head& job) {
  auto& db = change.db();
  std::optional<stored_tries> tries;
  {
    auto rows = db.query("SELECT attempts, losses, snoozes, claims, had_begun, ended_token, error, runner, "
                         "began FROM main.taskactor_history WHERE job = ?",
                         job.id);
    if (!rows.next())
      return {};
    tries = read_tries(rows, 0);
  }
  db.run("DELETE FROM main.taskactor_history WHERE job = ?", job.id);
  db.run("UPDATE main.taskactor_job SET expires = NULL WHERE id = ? AND expires IS NOT NULL", job.id);
  job.expires.reset();
  tries->counts.attempts = tries->counts.losses = 0; // it may fail as often as before
  return tries;
}

bool take_key_again(sqlite_change& change, const stored_head& job) {
  if (job.unique_key.empty())
    return true;
  auto& db = change.db();
  {
    auto rows = db.query("SELECT job, until FROM main.taskactor_unique_key WHERE scope = ? AND key = ?",
                         job.unique_scope, job.unique_key);
    if (rows.next() && rows.integer(0) != job.id && is_taken(rows.maybe_time(1), change.now()))
      return false;
  }
  if (job.until != unique_until::period)
    db.run("INSERT OR REPLACE INTO main.taskactor_unique_key VALUES(?, ?, ?, NULL)", job.unique_scope,
           job.unique_key, job.id);
  return true;
}

} // namespace taskactor::detail
