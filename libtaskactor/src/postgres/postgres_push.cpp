// Pushes: into the store's rows by its own connection, and in a transaction of a caller's.

#include "postgres/postgres_backend.hpp"
#include "queue/stored_limits.hpp"

#include <taskactor/error.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <set>

namespace taskactor::detail {

namespace {

std::int64_t request_day(store_time at) noexcept {
  return std::chrono::floor<std::chrono::days>(at).time_since_epoch().count();
}

using unique_name = std::pair<std::string, std::string>;

struct key_owner {
  job_id job = 0;
  std::optional<store_time> until;
  bool is_changed = false;
};

/// A job that waited in the store, and is replaced.
struct replaced_job {
  stored_head job;
  stored_tries tries;
  std::optional<store_time> due; // unset: it is ready
  std::optional<std::int64_t> seq;
  store_time since{};
  const new_job* by = nullptr;
};

class postgres_pushes {
public:
  postgres_pushes(postgres_connection& connection, postgres_news& news, std::span<const new_job> jobs,
                  postgres_connection::clock::time_point until)
      : connection_(connection), news_(news), jobs_(jobs), until_(until) {
    for (const auto& each : jobs)
      if (!each.unique_key.empty())
        keys_[{each.unique_scope, each.unique_key}];
  }

  /// With keys: from then on nobody else has them.
  void ask(postgres_batch& first) {
    first.add("SELECT nextval('@number') FROM generate_series(1, $1)", postgres_values{jobs_.size()});
    postgres_array requests;
    for (const auto& each : jobs_)
      if (!each.request.empty())
        requests.add(postgres_bytes{each.request});
    first.add("SELECT id, job, how FROM @request WHERE id = ANY($1::bytea[])", postgres_values{requests});
    if (keys_.empty())
      return;
    postgres_columns names{2};
    for (const auto& [name, owner] : keys_)
      names.add(name.first, name.second);
    first.add("INSERT INTO @unique_key SELECT scope, key, 0, NULL FROM unnest($1::text[], $2::text[]) "
              "k(scope, key) "
              "ORDER BY scope, key ON CONFLICT DO NOTHING",
              postgres_values{}.add(names));
    first.add("SELECT u.scope, u.key, u.job, u.until FROM @unique_key u JOIN unnest($1::text[], $2::text[]) "
              "k(scope, "
              "key) ON k.scope = u.scope AND k.key = u.key ORDER BY u.scope, u.key FOR UPDATE OF u",
              postgres_values{}.add(names));
  }
  void hear(std::span<const postgres_result> results, store_time now) {
    now_ = now;
    for (const auto row : results[0])
      ids_.push_back(row.integer(0));
    std::ranges::sort(ids_);
    for (const auto row : results[1])
      requests_[row.bytes(0)] = {.id = row.integer(1), .how = static_cast<push_result>(row.integer(2))};
    if (keys_.empty())
      return;
    if (static_cast<std::size_t>(results[3].rows()) != keys_.size()) // one has gone in between
      throw postgres_error{errc::store_failed, "a unique key was given back just now",
                           postgres_trouble::again, "40001"};
    for (const auto row : results[3])
      keys_[{row.string(0), row.string(1)}] = {.job = row.integer(2), .until = row.maybe_time(3)};
  }

  std::vector<push_reply> run(const char* last) {
    postgres_change change{connection_, news_, now_, until_};
    std::vector<push_reply> replies;
    for (std::size_t i = 0; i < jobs_.size(); ++i)
      replies.push_back(push(jobs_[i], ids_[i], change));
    postgres_batch rest;
    write(change, rest);
    if (last)
      rest.add(last);
    else // somebody else commits, and so nobody tells of it afterwards
      rest.add("SELECT @tell('', $1::text[], false, false, false)", postgres_values{array_of(news_.ready)});
    change.flush(std::move(rest));
    return replies;
  }

private:
  push_reply push(const new_job& job, job_id id, postgres_change& change) {
    if (const auto before = requests_.find(job.request); !job.request.empty() && before != requests_.end())
      return before->second;
    const auto reply = decide(job, id, change);
    if (!job.request.empty()) {
      requests_[job.request] = reply;
      new_requests_.add(postgres_bytes{job.request}, request_day(now_), reply.id, reply.how);
    }
    return reply;
  }
  push_reply decide(const new_job& job, job_id id, postgres_change& change) {
    if (job.unique_key.empty())
      return insert(job, id, change);
    auto& owner = keys_[{job.unique_scope, job.unique_key}];
    if (owner.job != 0 && is_taken(owner.until, now_)) {
      if (job.on_taken == on_taken::replace && replace(owner.job, job))
        return {.id = owner.job, .how = push_result::replaced};
      change.count(&store_counters::duplicates);
      return {.id = owner.job, .how = push_result::duplicate};
    }
    owner = {.job = id, .until = {}, .is_changed = true};
    if (job.until == unique_until::period)
      owner.until = store_time_after(now_, job.unique_period);
    return insert(job, id, change);
  }
  push_reply insert(const new_job& job, job_id id, postgres_change& change) {
    auto& made = new_jobs_[id];
    made.made = &job;
    made.last = &job;
    change.count(&store_counters::pushed);
    return {.id = id, .how = push_result::pushed};
  }
  /// New arguments, time and priority for a job that waits. False: it doesn't, or somebody has it just now.
  bool replace(job_id id, const new_job& by) {
    if (const auto at = new_jobs_.find(id); at != new_jobs_.end()) {
      at->second.keeps_seq &= due_of(*at->second.last, now_) <= now_ || due_of(by, now_) > now_;
      at->second.last = &by;
      return true;
    }
    auto at = replaced_.find(id);
    if (at == replaced_.end()) {
      auto found = find_waiting(id);
      if (!found)
        return false;
      at = replaced_.emplace(id, std::move(*found)).first;
    }
    auto& was = at->second;
    const auto due = due_of(by, now_);
    if (due > now_) {
      was.due = due;
    } else if (was.due) {
      was.due.reset();
      was.seq.reset();
      was.since = now_;
    }
    was.job.priority = by.row.priority;
    was.job.expires = was.tries.had_begun ? std::nullopt : expiry_of(by);
    was.by = &by;
    return true;
  }
  std::optional<store_time> expiry_of(const new_job& job) const {
    return job.expires ? std::optional{store_time_after(now_, *job.expires)} : std::nullopt;
  }

  std::optional<replaced_job> find_waiting(job_id id) {
    constexpr int next = postgres_job_columns + postgres_tries_columns;
    const postgres_values which{id};
    postgres_batch look;
    look.add(
        "SELECT " TASKACTOR_POSTGRES_JOB ", " TASKACTOR_POSTGRES_TRIES
        ", r.seq, r.since FROM @ready r JOIN @job j ON j.id = r.job WHERE r.job = $1 FOR UPDATE OF r SKIP "
        "LOCKED",
        which);
    look.add(
        "SELECT " TASKACTOR_POSTGRES_JOB ", " TASKACTOR_POSTGRES_TRIES
        ", r.due FROM @delayed r JOIN @job j ON j.id = r.job WHERE r.job = $1 FOR UPDATE OF r SKIP LOCKED",
        which);
    const auto found = connection_.run(look, until_);
    for (const auto row : found[0])
      return replaced_job{.job = read_job(row),
                          .tries = read_tries(row, postgres_job_columns),
                          .due = {},
                          .seq = row.integer(next),
                          .since = row.time(next + 1)};
    for (const auto row : found[1])
      return replaced_job{.job = read_job(row),
                          .tries = read_tries(row, postgres_job_columns),
                          .due = row.time(next),
                          .seq = {}};
    return {};
  }

  void write(postgres_change& change, postgres_batch& rest) {
    postgres_columns rows{23};
    for (const auto& [id, each] : new_jobs_) {
      const auto& made = *each.made;
      const auto& row = made.row;
      const stored_head job{.id = id,
                            .queue = row.queue,
                            .kind = row.kind,
                            .task = row.task,
                            .version = row.version,
                            .limits = limits_text(row.limits),
                            .fairness_key = row.fairness_key,
                            .priority = each.last->row.priority,
                            .keep = row.keep,
                            .pushed = now_,
                            .expires = expiry_of(*each.last),
                            .unique_scope = {},
                            .unique_key = {}};
      std::optional<std::string> scope, key;
      std::optional<unique_until> until;
      if (!made.unique_key.empty()) {
        scope = made.unique_scope;
        key = made.unique_key;
        until = made.until;
      }
      rows.add(id, row.queue, row.kind, row.task, row.version, job.limits, row.fairness_key, job.priority,
               row.keep, now_, job.expires, scope, key, until, row.timeout, row.retry.max_attempts,
               row.retry.backoff.first, row.retry.backoff.factor, row.retry.backoff.max,
               row.retry.backoff.jitter,
               row.tags.empty() ? std::string{"[]"} : nlohmann::json(row.tags).dump(), row.trace,
               each.last->row.arguments);
      const auto due = due_of(*each.last, now_);
      if (due > now_)
        change.make_delayed(job, {}, due);
      else
        change.make_ready(job, {}, now_, each.keeps_seq ? std::optional{id} : std::nullopt);
    }
    if (!rows.empty())
      rest.add(
          "INSERT INTO @job SELECT id, queue, kind, task, version, limits, fairness, priority, keep, pushed, "
          "expires, scope, key, until, timeout, max_attempts, first, factor, max, jitter, tags::jsonb, "
          "trace, "
          "arguments FROM unnest($1::bigint[], $2::text[], $3::smallint[], $4::text[], $5::text[], "
          "$6::text[], "
          "$7::text[], $8::smallint[], $9::bigint[], $10::bigint[], $11::bigint[], $12::text[], $13::text[], "
          "$14::smallint[], $15::bigint[], $16::bigint[], $17::bigint[], $18::double precision[], "
          "$19::bigint[], "
          "$20::bigint[], $21::text[], $22::text[], $23::text[]) t(id, queue, kind, task, version, limits, "
          "fairness, priority, keep, pushed, expires, scope, key, until, timeout, max_attempts, first, "
          "factor, "
          "max, jitter, tags, trace, arguments)",
          postgres_values{}.add(rows));
    postgres_columns changed{4};
    for (const auto& [id, each] : replaced_) {
      changed.add(id, each.job.priority, each.job.expires, each.by->row.arguments);
      change.leave_waiting(id);
      if (each.due)
        change.make_delayed(each.job, each.tries, *each.due);
      else
        change.make_ready(each.job, each.tries, each.since, each.seq);
      news_.behind = true;
    }
    if (!changed.empty())
      rest.add("UPDATE @job j SET priority = t.priority, expires = t.expires, arguments = t.arguments FROM "
               "unnest($1::bigint[], $2::smallint[], $3::bigint[], $4::text[]) t(id, priority, expires, "
               "arguments) "
               "WHERE j.id = t.id",
               postgres_values{}.add(changed));
    if (!new_requests_.empty())
      rest.add("INSERT INTO @request SELECT * FROM unnest($1::bytea[], $2::integer[], $3::bigint[], "
               "$4::smallint[])",
               postgres_values{}.add(new_requests_));
    postgres_columns keys{4}, unused{2};
    for (const auto& [name, owner] : keys_)
      if (owner.is_changed)
        keys.add(name.first, name.second, owner.job, owner.until);
      else if (owner.job == 0)
        unused.add(name.first, name.second);
    if (!unused.empty())
      rest.add("DELETE FROM @unique_key u USING unnest($1::text[], $2::text[]) t(scope, key) WHERE u.scope = "
               "t.scope "
               "AND u.key = t.key AND u.job = 0",
               postgres_values{}.add(unused));
    if (!keys.empty())
      rest.add(
          "UPDATE @unique_key u SET job = t.job, until = t.until FROM unnest($1::text[], $2::text[], "
          "$3::bigint[], $4::bigint[]) t(scope, key, job, until) WHERE u.scope = t.scope AND u.key = t.key",
          postgres_values{}.add(keys));
  }

  struct fresh_job {
    const new_job* made = nullptr;
    const new_job* last = nullptr; // whose arguments, time and priority it has
    bool keeps_seq = true;
  };

  postgres_connection& connection_;
  postgres_news& news_;
  std::span<const new_job> jobs_;
  postgres_connection::clock::time_point until_;
  store_time now_{};
  std::vector<job_id> ids_;
  std::map<std::string, push_reply> requests_;
  std::map<unique_name, key_owner> keys_;
  std::map<job_id, fresh_job> new_jobs_;
  std::map<job_id, replaced_job> replaced_;
  postgres_columns new_requests_{4};
};

} // namespace

std::vector<push_reply> postgres_push_rows(postgres_connection& connection, postgres_news& news,
                                           postgres_batch first, std::span<const new_job> jobs,
                                           const std::function<store_time(const postgres_result&)>& time_of,
                                           const char* last, postgres_connection::clock::time_point until) {
  for (const auto& each : jobs)
    if (!each.after.empty())
      throw error{errc::invalid_argument, "after: a store on PostgreSQL has no edges between jobs yet: use "
                                          "one in a file, or in memory"};
  postgres_pushes pushes{connection, news, jobs, until};
  const auto begun = first.size();
  pushes.ask(first);
  const auto results = connection.run(first, until);
  pushes.hear(std::span{results}.subspan(begun), time_of(results[begun - 1]));
  return pushes.run(last);
}

} // namespace taskactor::detail
