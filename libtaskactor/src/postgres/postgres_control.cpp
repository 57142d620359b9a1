// What is done to jobs, queues and limits by hand, and by the clock.

#include "postgres/postgres_backend.hpp"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

namespace taskactor::detail {

namespace {

/// A job, wherever it is; its row there is locked.
struct found_job {
  stored_head job;
  stored_tries tries;
  job_state state{};
};

constexpr int looks = 5;

constexpr const char* lock_ready = "SELECT " TASKACTOR_POSTGRES_JOB ", " TASKACTOR_POSTGRES_TRIES
                                   " FROM @ready r JOIN @job j ON j.id = r.job WHERE r.job = "
                                   "ANY($1::bigint[]) ORDER BY r.job FOR UPDATE OF r";
constexpr const char* lock_delayed = "SELECT " TASKACTOR_POSTGRES_JOB ", " TASKACTOR_POSTGRES_TRIES
                                     " FROM @delayed r JOIN @job j ON j.id = r.job WHERE r.job = "
                                     "ANY($1::bigint[]) ORDER BY r.job FOR UPDATE OF r";
constexpr const char* lock_running = "SELECT " TASKACTOR_POSTGRES_JOB ", " TASKACTOR_POSTGRES_TRIES
                                     " FROM @running r JOIN @job j ON j.id = r.job WHERE r.job = "
                                     "ANY($1::bigint[]) ORDER BY r.job FOR UPDATE OF r";
constexpr const char* lock_ended = "SELECT " TASKACTOR_POSTGRES_JOB ", " TASKACTOR_POSTGRES_TRIES
                                   ", r.state FROM @history r JOIN @job j ON j.id = r.job WHERE r.job = "
                                   "ANY($1::bigint[]) ORDER BY r.job FOR UPDATE OF "
                                   "r";

/// One that moves while it is looked for is looked for again.
std::map<job_id, found_job> find_jobs(postgres_connection& connection, const std::vector<job_id>& ids,
                                      postgres_connection::clock::time_point until) {
  std::map<job_id, found_job> all;
  if (ids.empty())
    return all;
  auto missing = ids;
  for (int look = 0; look < looks && !missing.empty(); ++look) {
    const postgres_values which{array_of(missing)};
    postgres_batch batch;
    batch.add(lock_ready, which).add(lock_delayed, which).add(lock_running, which).add(lock_ended, which);
    batch.add("SELECT id FROM @job WHERE id = ANY($1::bigint[])", which);
    const auto found = connection.run(batch, until);
    constexpr job_state states[]{job_state::ready, job_state::delayed, job_state::running};
    for (std::size_t i = 0; i < 4; ++i)
      for (const auto row : found[i])
        all.insert_or_assign(row.integer(0),
                             found_job{.job = read_job(row),
                                       .tries = read_tries(row, postgres_job_columns),
                                       .state = i < 3 ? states[i]
                                                      : static_cast<job_state>(row.integer(
                                                          postgres_job_columns + postgres_tries_columns))});
    missing.clear();
    for (const auto row : found[4])
      if (!all.contains(row.integer(0)))
        missing.push_back(row.integer(0));
  }
  if (!missing.empty())
    throw postgres_error{errc::store_failed, "a job was moved while it was looked for",
                         postgres_trouble::again, "40001"};
  return all;
}

bool is_of_a_job(control_verb verb) noexcept {
  return verb == control_verb::cancel || verb == control_verb::remove || verb == control_verb::retry;
}

class postgres_controls {
public:
  postgres_controls(postgres_connection& connection, postgres_news& news, store_time now,
                    postgres_connection::clock::time_point until)
      : connection_(connection),
        news_(news),
        now_(now),
        until_(until),
        change_(connection, news, now, until) {}

  /// No job and no name twice.
  std::vector<control_reply> run(std::span<const control_action> actions) {
    std::vector<job_id> ids;
    for (const auto& each : actions)
      if (is_of_a_job(each.verb))
        ids.push_back(each.id);
    found_ = find_jobs(connection_, ids, until_);
    std::vector<control_reply> replies;
    for (const auto& each : actions)
      replies.push_back(one(each));
    change_.flush(std::exchange(rest_, {}));
    return replies;
  }

private:
  control_reply one(const control_action& action) {
    if (!is_of_a_job(action.verb))
      return of_name(action);
    const auto at = found_.find(action.id);
    if (at == found_.end())
      return control_reply::unknown;
    if (action.verb == control_verb::cancel)
      return cancel(at->second);
    if (action.verb == control_verb::remove)
      return remove(at->second);
    return retry(at->second);
  }
  control_reply cancel(const found_job& job) {
    const auto reply = reply_to_cancel(job.state);
    if (reply == control_reply::requested) {
      rest_.add("UPDATE @running SET cancel = true WHERE job = $1", postgres_values{job.job.id});
      rest_.add("INSERT INTO @tally DEFAULT VALUES"); // its runner is to hear of it
    } else if (reply == control_reply::done) {
      change_.leave_waiting(job.job.id);
      change_.count(&store_counters::cancelled);
      change_.end(job.job, job.tries, job_state::cancelled);
    }
    return reply;
  }
  control_reply remove(const found_job& job) {
    if (job.state == job_state::running)
      return control_reply::running;
    change_.drop_key(job.job);
    if (is_final(job.state))
      change_.leave_history(job.job.id);
    else
      change_.leave_waiting(job.job.id);
    change_.forget(job.job.id);
    news_.ended = true;
    return control_reply::done;
  }
  control_reply retry(found_job& job) {
    if (!is_final(job.state))
      return control_reply::ended;
    if (!take_key_again(job.job))
      return control_reply::duplicate;
    change_.leave_history(job.job.id);
    change_.expiry_goes(job.job.id);
    job.job.expires.reset();
    job.tries.counts.attempts = job.tries.counts.losses = 0; // it may fail as often as before
    change_.make_ready(job.job, job.tries, now_);
    return control_reply::done;
  }
  /// False: another job has its key. Rare, so that it is a call of its own.
  bool take_key_again(const stored_head& job) {
    if (job.unique_key.empty())
      return true;
    const postgres_values name{job.unique_scope, job.unique_key};
    postgres_batch ask;
    ask.add("INSERT INTO @unique_key VALUES($1, $2, 0, NULL) ON CONFLICT DO NOTHING", name);
    ask.add("SELECT job, until FROM @unique_key WHERE scope = $1 AND key = $2 FOR UPDATE", name);
    const auto found = connection_.run(ask, until_);
    if (found[1].empty())
      throw postgres_error{errc::store_failed, "a unique key was given back just now",
                           postgres_trouble::again, "40001"};
    const auto owner = found[1].front().integer(0);
    if (owner != 0 && owner != job.id && is_taken(found[1].front().maybe_time(1), now_))
      return false;
    if (job.until != unique_until::period)
      connection_.run("UPDATE @unique_key SET job = $3, until = NULL WHERE scope = $1 AND key = $2",
                      postgres_values{job.unique_scope, job.unique_key, job.id}, until_);
    else if (owner == 0)
      connection_.run("DELETE FROM @unique_key WHERE scope = $1 AND key = $2 AND job = 0", name, until_);
    return true;
  }
  control_reply of_name(const control_action& action) {
    const auto& name = action.name;
    switch (action.verb) {
    case control_verb::pause:
    case control_verb::resume:
      if (action.verb == control_verb::resume)
        news_.ready.insert(name);
      rest_.add(
          "INSERT INTO @queue VALUES($1, $2, 0) ON CONFLICT(name) DO UPDATE SET paused = excluded.paused",
          postgres_values{name, action.verb == control_verb::pause});
      rest_.add("INSERT INTO @tally DEFAULT VALUES");
      return control_reply::done;
    case control_verb::set_limit: {
      news_.all = true;
      std::optional<std::size_t> count, burst;
      std::optional<std::int64_t> period;
      if (action.rate) {
        count = action.rate->count;
        period = std::chrono::nanoseconds{action.rate->period}.count();
        burst = action.rate->burst;
      }
      rest_.add("INSERT INTO @limits VALUES($1, $2, $3, $4, $5) ON CONFLICT(name) DO UPDATE SET capacity = "
                "excluded.capacity, rate_count = excluded.rate_count, rate_period = excluded.rate_period, "
                "rate_burst = "
                "excluded.rate_burst",
                postgres_values{name, action.capacity, count, period, burst});
      rest_.add("INSERT INTO @tally DEFAULT VALUES");
      return control_reply::done;
    }
    default: {
      news_.all = true;
      postgres_batch drop;
      drop.add("DELETE FROM @limits WHERE name = $1", postgres_values{name});
      drop.add("DELETE FROM @bucket WHERE name = $1", postgres_values{name});
      return connection_.run(drop, until_)[0].changed() > 0 ? control_reply::done : control_reply::unknown;
    }
    }
  }

  postgres_connection& connection_;
  postgres_news& news_;
  store_time now_;
  postgres_connection::clock::time_point until_;
  postgres_change change_;
  std::map<job_id, found_job> found_;
  postgres_batch rest_;
};

} // namespace

std::vector<control_reply> postgres_backend::control(std::span<const control_action> actions) {
  return attempt_once<std::vector<control_reply>>([&](time end, auto& replies, auto& committed) {
    const auto begun = connection_.run(begin().add(own_transaction), end);
    const auto now = time_of(begun[postgres_begin_size - 1]);
    std::set<std::pair<job_id, std::string>> seen;
    std::size_t from = 0;
    const auto run = [&](std::size_t to) {
      postgres_controls part{connection_, news_, now, end};
      for (const auto reply : part.run(actions.subspan(from, to - from)))
        replies.push_back(reply);
      from = to;
      seen.clear();
    };
    for (std::size_t i = 0; i < actions.size(); ++i) {
      const std::pair which{is_of_a_job(actions[i].verb) ? actions[i].id : 0, actions[i].name};
      if (seen.contains(which))
        run(i);
      seen.insert(which);
    }
    run(actions.size());
    committed = transaction_of(begun.back());
    connection_.run("COMMIT", {}, end);
  });
}

promote_reply postgres_promote(postgres_session& session, std::size_t most) {
  return session.attempt_once<promote_reply>([&](postgres_session::time end, auto& reply, auto& committed) {
    postgres_values due;
    if (session.clock())
      due.add(session.clock()());
    else
      due.add(nullptr);
    due.add(most);
    auto first = session.begin();
    first.add(session.own_transaction);
    const auto at = first.size();
    first.add("SELECT " TASKACTOR_POSTGRES_JOB ", " TASKACTOR_POSTGRES_TRIES
              " FROM @ready r JOIN @job j ON j.id = r.job WHERE r.expires <= (SELECT coalesce($1::bigint, "
              "@now_us())) "
              "ORDER BY "
              "r.expires, r.job LIMIT $2 FOR UPDATE OF r SKIP LOCKED",
              due);
    first.add("SELECT " TASKACTOR_POSTGRES_JOB ", " TASKACTOR_POSTGRES_TRIES
              " FROM @delayed r JOIN @job j ON j.id = r.job WHERE r.expires <= (SELECT coalesce($1::bigint, "
              "@now_us())) ORDER BY "
              "r.expires, r.job LIMIT $2 FOR UPDATE OF r SKIP LOCKED",
              due);
    first.add("SELECT " TASKACTOR_POSTGRES_JOB ", " TASKACTOR_POSTGRES_TRIES
              " FROM @delayed r JOIN @job j ON j.id = r.job WHERE r.due <= (SELECT coalesce($1::bigint, "
              "@now_us())) "
              "ORDER BY r.due, "
              "r.job LIMIT $2 FOR UPDATE OF r SKIP LOCKED",
              due);
    const auto results = session.connection().run(first, end);
    const auto now = session.time_of(results[postgres_begin_size - 1]);
    postgres_change change{session.connection(), session.news(), now, end};
    std::set<job_id> gone;
    for (std::size_t i = at; i < at + 2; ++i)
      for (const auto row : results[i])
        if (reply.expired < most) {
          const auto job = read_job(row);
          auto tries = read_tries(row, postgres_job_columns);
          tries.error = expired_error;
          gone.insert(job.id);
          change.leave_waiting(job.id);
          change.end(job, tries, job_state::expired);
          change.count(&store_counters::expired);
          ++reply.expired;
        }
    for (const auto row : results[at + 2])
      if (reply.expired + reply.promoted < most && !gone.contains(row.integer(0))) {
        const auto job = read_job(row);
        change.leave_waiting(job.id);
        change.make_ready(job, read_tries(row, postgres_job_columns), now);
        ++reply.promoted;
      }
    postgres_batch rest;
    if (reply.promoted != 0 && reply.expired == 0)
      rest.add("INSERT INTO @tally DEFAULT VALUES"); // others are to hear of it
    const auto place = rest.size();
    rest.add("SELECT least((SELECT min(due) FROM @delayed), (SELECT min(expires) FROM @delayed WHERE expires "
             "IS NOT NULL), "
             "(SELECT min(expires) FROM @ready WHERE expires IS NOT NULL))");
    rest.add("COMMIT");
    reply.more = true; // unless there is an answer, which says what is next
    committed = session.transaction_of(results[postgres_begin_size]);
    const auto made = change.flush(std::move(rest));
    if (const auto next = made[place].front().maybe_time(0))
      reply.next = std::max(*next - now, store_duration{0});
    reply.more = reply.next == store_duration{0};
  });
}

std::size_t postgres_prune(postgres_session& session, std::size_t most) {
  return session.attempt_once<std::size_t>([&](postgres_session::time end, auto& gone, auto& committed) {
    const auto begun = session.connection().run(session.begin().add(session.own_transaction), end);
    const auto now = session.time_of(begun[postgres_begin_size - 1]);
    const auto day_ago = store_time_after(now, -std::chrono::days{1});
    auto left = most;
    const auto some = [&](const char* sql, auto limit) {
      if (left == 0)
        return;
      left -= std::min(left, session.connection().run(sql, postgres_values{limit, left}, end).changed());
    };
    {
      const auto ended = session.connection().run(
          "DELETE FROM @history WHERE job IN (SELECT job FROM @history WHERE kept_until <= $1 "
          "ORDER BY kept_until LIMIT $2 FOR UPDATE SKIP LOCKED) RETURNING job",
          postgres_values{now, left}, end);
      postgres_change change{session.connection(), session.news(), now, end};
      for (const auto row : ended)
        change.forget(row.integer(0));
      change.flush();
      left -= std::min(left, static_cast<std::size_t>(ended.rows()));
    }
    some("DELETE FROM @request WHERE id IN (SELECT id FROM @request WHERE day < $1 LIMIT $2 FOR UPDATE SKIP "
         "LOCKED)",
         std::chrono::floor<std::chrono::days>(day_ago).time_since_epoch().count());
    some("DELETE FROM @unique_key WHERE (scope, key) IN (SELECT scope, key FROM @unique_key WHERE until <= "
         "$1 LIMIT $2 FOR "
         "UPDATE SKIP LOCKED)",
         now);
    some("DELETE FROM @runner WHERE id IN (SELECT id FROM @runner WHERE dead AND seen < $1 LIMIT $2 FOR "
         "UPDATE SKIP "
         "LOCKED)",
         day_ago);
    postgres_batch rest;
    // A bucket that is full again is as none.
    rest.add("DELETE FROM @bucket WHERE (name, key) IN (SELECT name, key FROM @bucket WHERE next <= $1 LIMIT "
             "$2 FOR UPDATE "
             "SKIP LOCKED)",
             postgres_values{std::chrono::nanoseconds{now.time_since_epoch()}.count(), most});
    // What was counted, in one row.
    rest.add(
        "WITH gone AS (DELETE FROM @tally WHERE id IN (SELECT id FROM @tally ORDER BY id LIMIT 10000 FOR "
        "UPDATE SKIP "
        "LOCKED) RETURNING *) INSERT INTO @tally SELECT max(id), sum(pushed), sum(duplicates), sum(claimed), "
        "sum(succeeded), sum(failed), sum(cancelled), sum(expired), sum(quarantined), sum(retried), "
        "sum(snoozed), "
        "sum(released), sum(lost), sum(stale), sum(repeated) FROM gone HAVING count(*) > 0");
    rest.add("SELECT @drop_lanes(array(SELECT l.id FROM @lane l WHERE NOT EXISTS (SELECT 1 FROM @ready r "
             "WHERE r.lane = "
             "l.id) ORDER BY l.id LIMIT 1000))");
    rest.add("COMMIT");
    gone = most - left;
    committed = session.transaction_of(begun.back());
    session.connection().run(rest, end);
  });
}

} // namespace taskactor::detail
