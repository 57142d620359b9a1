// What is done to jobs, queues and limits by hand, and by the clock.

#include "queue/sqlite_backend.hpp"
#include "queue/sqlite_edges.hpp"

#include <algorithm>
#include <utility>

namespace taskactor::detail {

namespace {

bool has_ended(sqlite_change& change, job_id id) {
  return change.db().number("SELECT EXISTS (SELECT 1 FROM main.taskactor_history WHERE job = ?)", id) != 0;
}

control_reply cancel_job(sqlite_change& change, job_id id) {
  const auto job = change.head(id);
  if (!job)
    return control_reply::unknown;
  change.db().run("UPDATE main.taskactor_running SET cancel = 1 WHERE job = ?", id);
  if (change.db().changes() > 0)
    return control_reply::requested;
  const auto waited = change.take_waiting(*job);
  if (!waited)
    return control_reply::ended;
  change.count(sqlite_count::cancelled);
  change.end(*job, waited->tries, job_state::cancelled);
  return control_reply::done;
}

control_reply remove_job(sqlite_change& change, job_id id) {
  const auto job = change.head(id);
  if (!job)
    return control_reply::unknown;
  if (find_running(change, id))
    return control_reply::running;
  change.drop_key(*job);
  if (change.take_waiting(*job))
    release_children(change, id, job_state::cancelled);
  else
    change.db().run("DELETE FROM main.taskactor_history WHERE job = ?", id);
  change.forget(*job);
  return control_reply::done;
}

control_reply retry_job(sqlite_change& change, job_id id) {
  auto job = change.head(id);
  if (!job)
    return control_reply::unknown;
  if (!has_ended(change, id))
    return control_reply::ended;
  if (!take_key_again(change, *job))
    return control_reply::duplicate;
  const auto tries = take_ended(change, *job);
  place_retried(change, *job, *tries);
  return control_reply::done;
}

control_reply pause_queue(sqlite_change& change, const std::string& name, bool paused) {
  change.db().run(
      "INSERT INTO main.taskactor_queue VALUES(?1, ?2, 0, 0, 0, 0) ON CONFLICT(name) DO UPDATE SET "
      "paused = ?2",
      name, paused);
  return control_reply::done;
}

control_reply set_limit(sqlite_change& change, const control_action& action) {
  std::optional<std::size_t> count, burst;
  std::optional<std::chrono::nanoseconds> period;
  if (action.rate) {
    count = action.rate->count;
    period = action.rate->period;
    burst = action.rate->burst;
  }
  change.db().run("INSERT OR REPLACE INTO main.taskactor_limit VALUES(?, ?, ?, ?, ?)", action.name,
                  action.capacity, count, period, burst);
  return control_reply::done;
}

control_reply drop_limit(sqlite_change& change, const std::string& name) {
  change.db().run("DELETE FROM main.taskactor_bucket WHERE name = ?", name);
  change.db().run("DELETE FROM main.taskactor_limit WHERE name = ?", name);
  return change.db().changes() > 0 ? control_reply::done : control_reply::unknown;
}

control_reply control_one(sqlite_change& change, const control_action& action) {
  switch (action.verb) {
  case control_verb::cancel:
    return cancel_job(change, action.id);
  case control_verb::remove:
    return remove_job(change, action.id);
  case control_verb::retry:
    return retry_job(change, action.id);
  case control_verb::pause:
    return pause_queue(change, action.name, true);
  case control_verb::resume:
    return pause_queue(change, action.name, false);
  case control_verb::set_limit:
    return set_limit(change, action);
  case control_verb::drop_limit:
    return drop_limit(change, action.name);
  }
  return control_reply::unknown;
}

std::size_t expire_some(sqlite_change& change, std::size_t most) {
  std::vector<std::pair<store_time, job_id>> due;
  {
    auto rows = change.db().query(
        "SELECT at, job FROM main.taskactor_expiry WHERE at <= ? ORDER BY at, job LIMIT ?", change.now(),
        most);
    while (rows.next())
      due.emplace_back(rows.time(0), rows.integer(1));
  }
  for (const auto& [at, id] : due)
    if (const auto job = change.head(id))
      if (const auto waited = change.take_waiting(*job)) {
        change.count(sqlite_count::expired);
        auto tries = waited->tries;
        tries.error = expired_error;
        change.end(*job, tries, job_state::expired);
      }
  return due.size();
}

std::size_t promote_some(sqlite_change& change, std::size_t most) {
  std::vector<job_id> due;
  {
    auto rows
        = change.db().query("SELECT job FROM main.taskactor_delayed WHERE due <= ? ORDER BY due, job LIMIT ?",
                            change.now(), most);
    while (rows.next())
      due.push_back(rows.integer(0));
  }
  for (const auto id : due)
    if (const auto job = change.head(id))
      if (const auto waited = change.take_waiting(*job))
        change.make_ready(*job, waited->tries, change.now());
  return due.size() + settle_edges(change, most - due.size());
}

/// One of the prunings: what it deletes is at most what `most` has left.
class pruning {
public:
  pruning(sqlite_change& change, std::size_t most) : change_(change), left_(most) {}

  std::size_t left() const noexcept { return left_; }

  template <class... Values>
  void run(const char* sql, const Values&... values) {
    if (left_ == 0)
      return;
    change_.db().run(sql, values..., left_);
    left_ -= std::min(left_, static_cast<std::size_t>(change_.db().changes()));
  }

  void run_history() {
    std::vector<job_id> ids;
    {
      auto rows = change_.db().query(
          "SELECT job FROM main.taskactor_history WHERE kept_until <= ? ORDER BY kept_until "
          "LIMIT ?",
          change_.now(), left_);
      while (rows.next())
        ids.push_back(rows.integer(0));
    }
    std::sort(ids.begin(), ids.end());
    for (const auto id : ids) {
      if (is_awaited(change_, id)) {
        change_.db().run("UPDATE main.taskactor_history SET kept_until = ? WHERE job = ?",
                         store_time_after(change_.now(), awaited_parents_kept), id);
        continue;
      }
      change_.db().run("DELETE FROM main.taskactor_history WHERE job = ?", id);
      if (const auto job = change_.head(id))
        change_.forget(*job);
    }
    left_ -= ids.size();
  }

private:
  sqlite_change& change_;
  std::size_t left_;
};

} // namespace

std::vector<control_reply> sqlite_backend::control(std::span<const control_action> actions) {
  return write([&](sqlite_change& change) {
    std::vector<control_reply> replies;
    replies.reserve(actions.size());
    for (const auto& action : actions)
      replies.push_back(control_one(change, action));
    return replies;
  });
}

/// From now until the first job is delayed no more, or expires.
std::optional<store_duration> sqlite_backend::next_due() {
  auto rows = db_.query("SELECT min(at) FROM (SELECT min(due) AS at FROM main.taskactor_delayed UNION ALL "
                        "SELECT min(at) FROM main.taskactor_expiry UNION ALL SELECT 0 WHERE EXISTS (SELECT 1 "
                        "FROM main.taskactor_release))");
  if (!rows.next() || rows.is_null(0))
    return {};
  return std::max(rows.time(0) - clock_(), store_duration{0});
}

promote_reply sqlite_backend::promote(std::size_t most) {
  require_place();
  const auto due = read_one([&] { return next_due(); });
  if (!due || due->count() > 0) // others needn't be locked out
    return {.promoted = 0, .expired = 0, .more = false, .next = due};
  return write([&](sqlite_change& change) {
    promote_reply reply;
    reply.expired = expire_some(change, most);
    reply.promoted = promote_some(change, most - std::min(most, reply.expired));
    reply.next = next_due();
    reply.more = reply.next == store_duration{0};
    return reply;
  });
}

std::size_t sqlite_backend::prune(std::size_t most) {
  return write([&](sqlite_change& change) {
    pruning some{change, most};
    const auto now = change.now();
    const auto day_ago = store_time_after(now, -std::chrono::days{1});
    some.run_history();
    some.run(
        // With the pair the other way round SQLite would look for the day alone, and read all of it.
        "DELETE FROM main.taskactor_request WHERE (id, day) IN (SELECT id, day FROM main.taskactor_request "
        "WHERE day < ? LIMIT ?)",
        std::chrono::floor<std::chrono::days>(day_ago).time_since_epoch().count());
    some.run("DELETE FROM main.taskactor_unique_key WHERE (scope, key) IN (SELECT scope, key FROM "
             "main.taskactor_unique_key WHERE until <= ? LIMIT ?)",
             now);
    some.run("DELETE FROM main.taskactor_push_key WHERE push_key IN (SELECT push_key FROM "
             "main.taskactor_push_key k "
             "WHERE at < ? AND NOT EXISTS (SELECT 1 FROM main.taskactor_job j WHERE j.id = k.job) LIMIT ?)",
             day_ago);
    // A bucket that is full again is as none.
    change.db().run("DELETE FROM main.taskactor_bucket WHERE (name, key) IN (SELECT name, key FROM "
                    "main.taskactor_bucket WHERE next <= ? LIMIT ?)",
                    std::chrono::nanoseconds{now.time_since_epoch()}, most);
    some.run("DELETE FROM main.taskactor_runner WHERE id IN (SELECT id FROM main.taskactor_runner WHERE dead "
             "= 1 AND "
             "seen < ? LIMIT ?)",
             day_ago);
    return most - some.left();
  });
}

} // namespace taskactor::detail
