#include "queue/sqlite_push.hpp"

#include "queue/sqlite_edges.hpp"
#include "queue/sqlite_schema.hpp"
#include "queue/stored_limits.hpp"

#include <taskactor/detail/visible_text.hpp>
#include <taskactor/error.hpp>

#include <nlohmann/json.hpp>
#include <sqlite3.h>

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace taskactor::detail {

namespace {

std::int64_t day_of(store_time at) noexcept {
  return std::chrono::floor<std::chrono::days>(at).time_since_epoch().count();
}

/// On which a push may have been made that is made again now: mostly on none but this one.
std::vector<std::int64_t> request_days(sqlite_change& change) {
  const auto today = day_of(change.now());
  std::vector<std::int64_t> days{today};
  for (const auto day : {today - 1, today + 1}) // the last: of a clock that was set back
    if (change.db().number("SELECT EXISTS (SELECT 1 FROM main.taskactor_request WHERE day = ?)", day) != 0)
      days.push_back(day);
  return days;
}

std::optional<push_reply> earlier_request(sqlite_change& change, const new_job& job,
                                          std::span<const std::int64_t> days) {
  if (job.request.empty())
    return {};
  for (const auto day : days) {
    auto rows = change.db().query("SELECT job, how FROM main.taskactor_request WHERE day = ? AND id = ?", day,
                                  sqlite_blob{job.request});
    if (rows.next())
      return push_reply{.id = rows.integer(0), .how = static_cast<push_result>(rows.integer(1))};
  }
  return {};
}

std::optional<store_time> expiry_of(const new_job& job, store_time now) noexcept {
  return job.expires ? std::optional{store_time_after(now, *job.expires)} : std::nullopt;
}

stored_head head_of(const new_job& job, job_id id, store_time now) {
  return {.id = id,
          .queue = job.row.queue,
          .kind = job.row.kind,
          .task = job.row.task,
          .version = job.row.version,
          .limits = limits_text(job.row.limits),
          .fairness_key = job.row.fairness_key,
          .priority = job.row.priority,
          .keep = job.row.keep,
          .pushed = now,
          .expires = expiry_of(job, now),
          .unique_scope = job.unique_scope,
          .unique_key = job.unique_key,
          .until = job.until};
}

void enqueue_row(sqlite_change& change, const stored_head& head, const stored_tries& tries, store_time due,
                 store_time since, std::optional<std::int64_t> seq) {
  if (due > change.now())
    change.make_delayed(head, tries, due);
  else
    change.make_ready(head, tries, since, seq);
}

job_id insert_job(sqlite_change& change, const new_job& job, std::span<const push_reply> earlier) {
  const auto head = head_of(job, change.draw(sqlite_count::number), change.now());
  const auto& row = job.row;
  std::optional<std::string> scope, key;
  std::optional<unique_until> until;
  if (!job.unique_key.empty()) {
    scope = job.unique_scope;
    key = job.unique_key;
    until = job.until;
  }
  change.db().run(
      "INSERT INTO main.taskactor_job VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
      "?, ?, ?, ?)",
      head.id, head.queue, head.kind, head.task, head.version, head.limits, head.fairness_key, head.priority,
      head.keep, head.pushed, head.expires, scope, key, until, row.timeout, row.retry.max_attempts,
      row.retry.backoff.first, row.retry.backoff.factor, row.retry.backoff.max, row.retry.backoff.jitter,
      row.tags.empty() ? std::string{"[]"} : nlohmann::json(row.tags).dump(), row.trace, row.arguments);
  place_row(change, head, job, earlier);
  change.count(sqlite_count::pushed);
  return head.id;
}

/// New arguments, time and priority for a job that waits. False: it doesn't.
bool replace_job(sqlite_change& change, job_id id, const new_job& job) {
  auto head = change.head(id);
  if (!head)
    return false;
  const auto was = change.take_waiting(*head);
  if (!was)
    return false;
  head->priority = job.row.priority;
  head->expires = was->tries.had_begun ? std::nullopt : expiry_of(job, change.now());
  change.db().run("UPDATE main.taskactor_job SET priority = ?, expires = ?, arguments = ? WHERE id = ?",
                  head->priority, head->expires, job.row.arguments, id);
  const auto due = due_of(job, change.now());
  if (was->state == job_state::blocked)
    change.make_delayed(*head, was->tries, due, job_state::blocked);
  else if (was->due)
    enqueue_row(change, *head, was->tries, due, change.now(), {});
  else
    enqueue_row(change, *head, was->tries, due, was->since, was->seq);
  return true;
}

/// What a push finds at its key; empty: nobody has it, and now this one does.
std::optional<push_reply> meet_key(sqlite_change& change, const new_job& job) {
  job_id owner = 0;
  {
    auto rows
        = change.db().query("SELECT job, until FROM main.taskactor_unique_key WHERE scope = ? AND key = ?",
                            job.unique_scope, job.unique_key);
    if (rows.next() && is_taken(rows.maybe_time(1), change.now()))
      owner = rows.integer(0);
  }
  if (owner == 0)
    return {};
  if (job.on_taken == on_taken::replace && replace_job(change, owner, job))
    return push_reply{.id = owner, .how = push_result::replaced};
  change.count(sqlite_count::duplicates);
  return push_reply{.id = owner, .how = push_result::duplicate};
}

push_reply push_row(sqlite_change& change, const new_job& job, std::span<const push_reply> earlier) {
  if (job.unique_key.empty())
    return {.id = insert_job(change, job, earlier), .how = push_result::pushed};
  if (const auto met = meet_key(change, job))
    return *met;
  const auto id = insert_job(change, job, earlier);
  std::optional<store_time> until;
  if (job.until == unique_until::period)
    until = store_time_after(change.now(), job.unique_period);
  change.db().run("INSERT OR REPLACE INTO main.taskactor_unique_key VALUES(?, ?, ?, ?)", job.unique_scope,
                  job.unique_key, id, until);
  return {.id = id, .how = push_result::pushed};
}

[[noreturn]] void refuse_transaction(const std::string& why) {
  throw error{errc::invalid_argument, "a push in a transaction of yours: " + why};
}

void check_open(sqlite3* connection) {
  if (!connection)
    refuse_transaction("there is no connection");
  if (::sqlite3_get_autocommit(connection) != 0)
    refuse_transaction("none is open on this connection; begin one (BEGIN IMMEDIATE)");
}

void check_alone(sqlite_database& db) {
  for (auto rows = db.query("SELECT name FROM pragma_database_list"); rows.next();) {
    const auto name = rows.string(0);
    if (name != "main" && name != "temp"
        && ::sqlite3_txn_state(db.handle(), name.c_str()) == SQLITE_TXN_WRITE)
      refuse_transaction(
          "it writes to the attached database " + visible(name)
          + ", too (BEGIN IMMEDIATE begins to write to all that are attached): of two files a crash "
            "could leave one written; detach it, or begin with BEGIN");
  }
}

/// A part of a transaction that is undone alone.
class savepoint {
public:
  explicit savepoint(sqlite_database& db) : db_(db) { db.script("SAVEPOINT taskactor_push"); }
  savepoint(const savepoint&) = delete;
  savepoint& operator=(const savepoint&) = delete;
  ~savepoint() {
    if (!is_kept_ && ::sqlite3_get_autocommit(db_.handle()) == 0)
      ::sqlite3_exec(db_.handle(), "ROLLBACK TO taskactor_push; RELEASE taskactor_push", nullptr, nullptr,
                     nullptr);
  }
  void keep() {
    db_.script("RELEASE taskactor_push");
    is_kept_ = true;
  }

private:
  sqlite_database& db_;
  bool is_kept_ = false;
};

} // namespace

std::vector<push_reply> push_rows(sqlite_change& change, std::span<const new_job> jobs) {
  std::vector<push_reply> replies;
  replies.reserve(jobs.size());
  const auto days = request_days(change);
  for (const auto& job : jobs) {
    if (const auto before = earlier_request(change, job, days)) {
      replies.push_back(*before);
      continue;
    }
    const auto reply = push_row(change, job, replies);
    if (!job.request.empty())
      change.db().run("INSERT INTO main.taskactor_request VALUES(?, ?, ?, ?)", day_of(change.now()),
                      sqlite_blob{job.request}, reply.id, reply.how);
    replies.push_back(reply);
  }
  return replies;
}

std::vector<push_reply> sqlite_push(sqlite3* connection, std::span<const new_job> jobs, store_time now) {
  check_open(connection);
  sqlite_database db{connection};
  require_store(db);
  check_alone(db);
  savepoint all{db};
  sqlite_change change{db, now};
  std::vector<push_reply> replies;
  replies.reserve(jobs.size());
  for (const auto& job : jobs)
    replies.push_back(push_row(change, job, replies));
  change.flush();
  all.keep();
  return replies;
}

} // namespace taskactor::detail
