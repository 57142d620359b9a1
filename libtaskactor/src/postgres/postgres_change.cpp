#include "postgres/postgres_change.hpp"

#include "queue/lane_choice.hpp"
#include "queue/store_rate.hpp"
#include "queue/stored_limits.hpp"

#include <algorithm>
#include <set>

namespace taskactor::detail {

namespace {

using counter_pointer = std::uint64_t store_counters::*;

/// In the order of the columns of `tally`.
constexpr std::array<counter_pointer, 14> counters{
    &store_counters::pushed,    &store_counters::duplicates,  &store_counters::claimed,
    &store_counters::succeeded, &store_counters::failed,      &store_counters::cancelled,
    &store_counters::expired,   &store_counters::quarantined, &store_counters::retried,
    &store_counters::snoozed,   &store_counters::released,    &store_counters::lost,
    &store_counters::stale,     &store_counters::repeated};

} // namespace

stored_head read_job(const postgres_result::row& row) {
  return {.id = row.integer(0),
          .queue = row.string(1),
          .kind = static_cast<job_kind>(row.integer(2)),
          .task = row.string(3),
          .version = row.string(4),
          .limits = row.string(5),
          .fairness_key = row.string(6),
          .priority = static_cast<int>(row.integer(7)),
          .keep = store_duration{row.integer(8)},
          .pushed = row.time(9),
          .expires = row.maybe_time(10),
          .unique_scope = row.string(11),
          .unique_key = row.string(12),
          .until = static_cast<unique_until>(row.integer(13))};
}

stored_tries read_tries(const postgres_result::row& row, int first) {
  return {.counts
          = {.attempts = row.size(first), .losses = row.size(first + 1), .snoozes = row.size(first + 2)},
          .claims = row.integer(first + 3),
          .had_begun = row.flag(first + 4),
          .ended_token = row.integer(first + 5),
          .error = row.bytes(first + 6),
          .runner = row.string(first + 7),
          .began = row.maybe_time(first + 8)};
}

postgres_running read_running(const postgres_result::row& row) {
  constexpr int next = postgres_job_columns + postgres_tries_columns;
  return {.job = read_job(row),
          .tries = read_tries(row, postgres_job_columns),
          .token = row.integer(next),
          .seq = row.integer(next + 1),
          .since = row.time(next + 2),
          .begun = row.flag(next + 3),
          .cancel = row.flag(next + 4)};
}

postgres_array limit_names_of(std::string_view limits) {
  std::set<std::string> names;
  for (const auto& each : limits_of(limits))
    names.insert(each.name);
  return array_of(names);
}

void postgres_change::count(counter_pointer which, std::int64_t by) {
  counts_.at(static_cast<std::size_t>(std::ranges::find(counters, which) - counters.begin())) += by;
}

// -- moves ------------------------------------------------------------------

void postgres_change::move_running(postgres_running from, const job_move& move, std::string_view error,
                                   std::string_view result) {
  ids_.left_running.push_back(from.job.id);
  if (!from.job.limits.empty()) {
    news_.ready.insert(from.job.queue); // what it held may be what others wait for
    ids_.freed.push_back(from.job.id);
    if (move.gives_rate_back)
      unused_limits_.push_back(from.job.limits);
  }
  if (move.expiry_goes && from.job.expires) {
    expiry_goes(from.job.id);
    from.job.expires.reset();
  }
  from.tries.counts = move.counts;
  from.tries.had_begun |= move.expiry_goes;
  if (move.counter)
    count(move.counter);
  if (error.empty())
    error = move.error;
  if (!move.attempt.empty()) {
    if (move.attempt == lost_attempt)
      count(&store_counters::lost);
    add_attempt(from.job.id, from.tries, move.attempt, error);
  }
  if (!error.empty() || move.to == job_state::succeeded)
    from.tries.error = error;
  news_.behind |= move.to == job_state::ready && move.keeps_place;
  if (move.to == job_state::ready && move.keeps_place)
    make_ready(from.job, from.tries, from.since, from.seq);
  else if (move.to == job_state::ready)
    make_ready(from.job, from.tries, now_);
  else if (move.to == job_state::delayed)
    make_delayed(from.job, from.tries, *move.due);
  else
    end(from.job, from.tries, move.to, result, from.cancel);
}

void postgres_change::make_ready(const stored_head& job, const stored_tries& tries, store_time since,
                                 std::optional<std::int64_t> seq) {
  const auto losses = static_cast<int>(std::min(tries.counts.losses, losses_to_run_alone));
  news_.ready.insert(job.queue);
  const auto lane = lanes_
                        .try_emplace(lane_key{job.queue, static_cast<int>(job.kind), job.task, job.version,
                                              job.limits, job.fairness_key, losses},
                                     lanes_.size())
                        .first->second;
  rows_.ready.add(rows_.ready.rows(), lane, job.priority, seq, job.id, since, job.expires,
                  tries.counts.attempts, tries.counts.losses, tries.counts.snoozes, tries.claims,
                  tries.had_begun, tries.ended_token, postgres_bytes{tries.error}, tries.runner, tries.began);
}

void postgres_change::make_delayed(const stored_head& job, const stored_tries& tries, store_time due) {
  rows_.delayed.add(job.id, job.queue, due, job.expires, tries.counts.attempts, tries.counts.losses,
                    tries.counts.snoozes, tries.claims, tries.had_begun, tries.ended_token,
                    postgres_bytes{tries.error}, tries.runner, tries.began);
}

void postgres_change::end(const stored_head& job, const stored_tries& tries, job_state how,
                          std::string_view result, bool cancel_requested) {
  drop_key(job);
  news_.ended = true;
  if (job.keep.count() <= 0) {
    forget(job.id);
    return;
  }
  rows_.history.add(job.id, how, now_, store_time_after(now_, job.keep), tries.counts.attempts,
                    tries.counts.losses, tries.counts.snoozes, tries.claims, tries.had_begun,
                    tries.ended_token, postgres_bytes{tries.error}, tries.runner, tries.began,
                    cancel_requested, postgres_bytes{result});
}

void postgres_change::drop_key(const stored_head& job) {
  if (!job.unique_key.empty() && job.until != unique_until::period)
    rows_.keys.add(job.unique_scope, job.unique_key, job.id);
}

void postgres_change::add_attempt(job_id id, const stored_tries& tries, std::string_view end,
                                  std::string_view error) {
  rows_.attempts.add(id, tries.claims, tries.runner, tries.began.value_or(now_), now_, end,
                     postgres_bytes{error});
  if (tries.claims > static_cast<std::int64_t>(attempts_kept))
    ids_.trimmed.push_back(id);
}

// -- written ----------------------------------------------------------------

/// Of claims whose bodies haven't begun. Rare, so that it is a call of its own.
void postgres_change::give_rates_back() {
  std::set<std::pair<std::string, std::string>> wanted;
  for (const auto& limits : unused_limits_)
    for (const auto& each : limits_of(limits))
      wanted.emplace(each.name, each.key);
  postgres_columns keys{2};
  for (const auto& [name, key] : wanted)
    keys.add(name, key);
  struct bucket {
    taskactor::rate rate;
    rate_point next;
  };
  std::map<std::pair<std::string, std::string>, bucket> buckets;
  const auto found = connection_.run(
      "SELECT b.name, b.key, b.next, l.rate_count, l.rate_period, l.rate_burst FROM @bucket b JOIN @limits l "
      "ON l.name = b.name JOIN unnest($1::text[], $2::text[]) w(name, key) ON w.name = b.name AND w.key = "
      "b.key "
      "WHERE l.rate_count IS NOT NULL ORDER BY b.name, b.key FOR UPDATE OF b",
      postgres_values{}.add(keys), until_);
  for (const auto row : found)
    buckets[{row.string(0), row.string(1)}]
        = {.rate
           = {.count = row.size(3), .period = std::chrono::nanoseconds{row.integer(4)}, .burst = row.size(5)},
           .next = rate_point{std::chrono::nanoseconds{row.integer(2)}}};
  for (const auto& limits : unused_limits_)
    for (const auto& each : limits_of(limits))
      if (const auto at = buckets.find({each.name, each.key}); at != buckets.end())
        at->second.next = store_rate{at->second.rate}.put_back(each.tokens, at->second.next, now_);
  unused_limits_.clear();
  if (buckets.empty())
    return;
  postgres_columns changed{3};
  for (const auto& [key, each] : buckets)
    changed.add(key.first, key.second, each.next.time_since_epoch());
  connection_.run("UPDATE @bucket b SET next = w.next FROM unnest($1::text[], $2::text[], $3::bigint[]) "
                  "w(name, key, next) WHERE b.name = w.name AND b.key = w.key",
                  postgres_values{}.add(changed), until_);
}

void postgres_change::add_ready(postgres_batch& all) {
  postgres_columns lanes{9};
  for (const auto& [key, number] : lanes_) {
    const auto& [queue, kind, task, version, limits, fairness, losses] = key;
    // An array in an array: as a text, which is cast.
    lanes.add(number, queue, kind, task, version, limits, limit_names_of(limits).text(), fairness, losses);
  }
  all.add(
      "WITH l AS MATERIALIZED (SELECT n, @lane_of(queue, kind, task, version, limits, names::text[], "
      "fairness, "
      "losses) AS id FROM unnest($1::bigint[], $2::text[], $3::smallint[], $4::text[], $5::text[], "
      "$6::text[], "
      "$7::text[], $8::text[], $9::smallint[]) k(n, queue, kind, task, version, limits, names, fairness, "
      "losses)) "
      "INSERT INTO @ready SELECT q.id, q.priority, coalesce(q.seq, nextval('@number')), q.job, q.since, "
      "q.expires, "
      "q.attempts, q.losses, q.snoozes, q.claims, q.had_begun, q.ended_token, q.error, q.runner, q.began "
      "FROM "
      "(SELECT l.id, t.* FROM unnest($10::bigint[], $11::bigint[], $12::smallint[], $13::bigint[], "
      "$14::bigint[], "
      "$15::bigint[], $16::bigint[], $17::integer[], $18::integer[], $19::integer[], $20::integer[], "
      "$21::boolean[], $22::bigint[], $23::bytea[], $24::text[], $25::bigint[]) t(ord, n, priority, seq, "
      "job, "
      "since, "
      "expires, attempts, losses, snoozes, claims, had_begun, ended_token, error, runner, began) JOIN l ON "
      "l.n = t.n ORDER BY t.ord) q",
      postgres_values{}.add(lanes).add(rows_.ready));
}

void postgres_change::add_tally(postgres_batch& all) {
  if (std::ranges::all_of(counts_, [](std::int64_t each) { return each == 0; }))
    return;
  postgres_values values;
  for (const auto each : counts_)
    values.add(each);
  all.add(
      "INSERT INTO @tally(pushed, duplicates, claimed, succeeded, failed, cancelled, expired, quarantined, "
      "retried, snoozed, released, lost, stale, repeated) VALUES($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, "
      "$11, "
      "$12, $13, $14)",
      values);
}

void postgres_change::add_moves(postgres_batch& all) {
  const auto of = [&](const char* sql, const std::vector<job_id>& ids) {
    if (!ids.empty())
      all.add(sql, postgres_values{array_of(ids)});
  };
  of("DELETE FROM @ready WHERE job = ANY($1::bigint[])", ids_.left_waiting);
  of("DELETE FROM @delayed WHERE job = ANY($1::bigint[])", ids_.left_waiting);
  of("DELETE FROM @running WHERE job = ANY($1::bigint[])", ids_.left_running);
  of("DELETE FROM @history WHERE job = ANY($1::bigint[])", ids_.left_history);
  of("DELETE FROM @held WHERE job = ANY($1::bigint[])", ids_.freed);
  if (!rows_.delayed.empty())
    all.add("INSERT INTO @delayed SELECT * FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::bigint[], "
            "$5::integer[], $6::integer[], $7::integer[], $8::integer[], $9::boolean[], $10::bigint[], "
            "$11::bytea[], "
            "$12::text[], $13::bigint[])",
            postgres_values{}.add(rows_.delayed));
  if (!rows_.history.empty())
    all.add(
        "INSERT INTO @history SELECT * FROM unnest($1::bigint[], $2::smallint[], $3::bigint[], $4::bigint[], "
        "$5::integer[], $6::integer[], $7::integer[], $8::integer[], $9::boolean[], $10::bigint[], "
        "$11::bytea[], "
        "$12::text[], $13::bigint[], $14::boolean[], $15::bytea[])",
        postgres_values{}.add(rows_.history));
  if (!rows_.attempts.empty())
    all.add(
        "INSERT INTO @attempt SELECT * FROM unnest($1::bigint[], $2::integer[], $3::text[], $4::bigint[], "
        "$5::bigint[], $6::text[], $7::bytea[])",
        postgres_values{}.add(rows_.attempts));
  if (!ids_.trimmed.empty())
    all.add("DELETE FROM @attempt a USING (SELECT job, number, row_number() OVER (PARTITION BY job ORDER BY "
            "number "
            "DESC) AS n FROM @attempt WHERE job = ANY($1::bigint[])) o WHERE a.job = o.job AND a.number = "
            "o.number "
            "AND o.n > $2",
            postgres_values{array_of(ids_.trimmed), attempts_kept});
  of("DELETE FROM @attempt WHERE job = ANY($1::bigint[])", ids_.forgotten);
  of("DELETE FROM @progress WHERE job = ANY($1::bigint[])", ids_.forgotten);
  of("DELETE FROM @output WHERE job = ANY($1::bigint[])", ids_.forgotten);
  of("DELETE FROM @job WHERE id = ANY($1::bigint[])", ids_.forgotten);
  of("UPDATE @job SET expires = NULL WHERE id = ANY($1::bigint[]) AND expires IS NOT NULL", ids_.unexpiring);
  if (!rows_.keys.empty())
    all.add(
        "WITH k AS MATERIALIZED (SELECT u.scope, u.key FROM @unique_key u JOIN unnest($1::text[], "
        "$2::text[], "
        "$3::bigint[]) w(scope, key, job) ON w.scope = u.scope AND w.key = u.key AND w.job = u.job ORDER BY "
        "u.scope, u.key FOR UPDATE OF u) DELETE FROM @unique_key u USING k WHERE u.scope = k.scope AND u.key "
        "= "
        "k.key",
        postgres_values{}.add(rows_.keys));
}

void postgres_change::clear() {
  counts_ = {};
  ids_ = {};
  lanes_.clear();
  rows_ = {};
}

std::vector<postgres_result> postgres_change::flush(postgres_batch also) {
  if (!unused_limits_.empty())
    give_rates_back();
  postgres_batch all;
  add_moves(all);
  if (!rows_.ready.empty())
    add_ready(all);
  add_tally(all);
  const auto first = static_cast<std::ptrdiff_t>(all.size());
  for (const auto& each : also.all())
    all.add(each.sql, each.values);
  clear();
  if (all.empty())
    return {};
  auto results = connection_.run(all, until_);
  results.erase(results.begin(), results.begin() + first);
  return results;
}

} // namespace taskactor::detail
