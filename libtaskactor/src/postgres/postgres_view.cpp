// What is asked of a store: lists, details, the survey.

#include "postgres/postgres_backend.hpp"
#include "queue/stored_job.hpp"
#include "queue/stored_limits.hpp"

#include <taskactor/detail/duration_text.hpp>
#include <taskactor/detail/visible_text.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <functional>
#include <limits>
#include <set>

namespace taskactor::detail {

namespace {

/// All of a job but what may be large, wherever it is. The state is a number of `job_state`.
#define TASKACTOR_POSTGRES_STATE                                                                             \
  "CASE WHEN u.job IS NOT NULL THEN 2 WHEN d.job IS NOT NULL THEN 1 WHEN h.job IS NOT NULL THEN h.state "    \
  "ELSE 0 END"
#define TASKACTOR_POSTGRES_PLACES                                                                            \
  " LEFT JOIN @running u ON u.job = j.id LEFT JOIN @delayed d ON d.job = j.id LEFT JOIN @history h ON "      \
  "h.job = j.id LEFT JOIN @ready q ON q.job = j.id LEFT JOIN @progress p ON p.job = j.id "
#define TASKACTOR_POSTGRES_INFO                                                                              \
  "j.id, " TASKACTOR_POSTGRES_STATE ", j.kind, j.queue, j.task, j.priority, j.fairness, j.tags, j.pushed, "  \
  "j.expires, d.due, coalesce(u.began, d.began, h.began, q.began), h.ended, h.kept_until, "                  \
  "coalesce(u.attempts, d.attempts, h.attempts, q.attempts, 0), coalesce(u.losses, d.losses, h.losses, "     \
  "q.losses, 0), coalesce(u.snoozes, d.snoozes, h.snoozes, q.snoozes, 0), coalesce(u.runner, d.runner, "     \
  "h.runner, q.runner, ''), coalesce(u.cancel, h.cancel, false), coalesce(u.error, d.error, h.error, "       \
  "q.error, ''), p.done, p.total, p.text"
constexpr int info_columns = 23;

/// From when on it is said.
constexpr std::chrono::minutes long_snapshot{5};
constexpr std::uint64_t many_dead_rows = 1'000'000;

std::vector<std::string> tags_of(std::string_view json) {
  if (json == "[]")
    return {};
  return nlohmann::json::parse(json).get<std::vector<std::string>>();
}

job_info read_info(const postgres_result::row& row) {
  job_info info;
  info.id = row.integer(0);
  info.state = static_cast<job_state>(row.integer(1));
  info.kind = static_cast<job_kind>(row.integer(2));
  info.queue = row.string(3);
  info.task = row.string(4);
  info.priority = static_cast<int>(row.integer(5));
  info.fairness_key = row.string(6);
  info.tags = tags_of(row.text(7));
  info.pushed = row.time(8);
  info.expires = row.maybe_time(9);
  info.due = row.maybe_time(10);
  info.began = row.maybe_time(11);
  info.ended = row.maybe_time(12);
  info.kept_until = row.maybe_time(13);
  info.attempts = row.size(14);
  info.losses = row.size(15);
  info.snoozes = row.size(16);
  info.runner = row.string(17);
  info.cancel_requested = row.flag(18);
  info.error = row.bytes(19);
  if (info.began && !row.is_null(20)) {
    info.progress_done = static_cast<std::uint64_t>(row.integer(20));
    info.progress_total = static_cast<std::uint64_t>(row.integer(21));
    info.progress_text = row.string(22);
  }
  return info;
}

#define TASKACTOR_POSTGRES_WANTED                                                                            \
  " AND ($2 = '' OR j.queue = $2) AND ($3 = '' OR j.task = $3) AND ($4 = '' OR jsonb_exists(j.tags, $4)) "

/// Few rows, of which the ids are read first; else any.
const char* list_of(unsigned states, bool by_ids) noexcept {
  constexpr unsigned unhappy = bit_of(job_state::failed) | bit_of(job_state::cancelled)
                               | bit_of(job_state::expired) | bit_of(job_state::quarantined);
  if (by_ids)
    return "SELECT " TASKACTOR_POSTGRES_INFO " FROM @job j" TASKACTOR_POSTGRES_PLACES
           "WHERE j.id < $1 AND j.id = ANY($7::bigint[])" TASKACTOR_POSTGRES_WANTED
           "AND ($5::integer = 0 OR (($5::integer >> (" TASKACTOR_POSTGRES_STATE
           ")) & 1) = 1) ORDER BY j.id DESC LIMIT $6";
  if (states == bit_of(job_state::running))
    return "SELECT " TASKACTOR_POSTGRES_INFO " FROM @job j" TASKACTOR_POSTGRES_PLACES
           "WHERE j.id < $1 AND u.job IS NOT NULL AND $7::bigint[] IS NOT NULL" TASKACTOR_POSTGRES_WANTED
           "AND $5::integer <> 0 ORDER BY j.id DESC LIMIT $6";
  if (states != 0 && (states & unhappy) == states)
    return "SELECT " TASKACTOR_POSTGRES_INFO " FROM @job j" TASKACTOR_POSTGRES_PLACES
           "WHERE j.id IN (SELECT job FROM @history x WHERE x.state > 3 AND (($5::integer >> x.state) & 1) = "
           "1 AND x.job < "
           "$1) AND $7::bigint[] IS NOT NULL" TASKACTOR_POSTGRES_WANTED "ORDER BY j.id DESC LIMIT $6";
  return "SELECT " TASKACTOR_POSTGRES_INFO " FROM @job j" TASKACTOR_POSTGRES_PLACES
         "WHERE j.id < $1 AND $7::bigint[] IS NOT NULL" TASKACTOR_POSTGRES_WANTED
         "AND ($5::integer = 0 OR (($5::integer >> (" TASKACTOR_POSTGRES_STATE
         ")) & 1) = 1) ORDER BY j.id DESC LIMIT $6";
}

/// The head is whole, of what is behind it there may be more than is kept.
void read_output(job_details& job, const std::vector<std::pair<std::int64_t, std::string>>& pieces) {
  if (pieces.empty())
    return;
  constexpr auto head = static_cast<std::int64_t>(kept_output::head_size);
  const auto total = pieces.back().first + static_cast<std::int64_t>(pieces.back().second.size());
  const auto tail = std::max(head, total - static_cast<std::int64_t>(kept_output::tail_size));
  for (const auto& [at, bytes] : pieces) {
    std::string_view part{bytes};
    if (at >= head && at < tail)
      part.remove_prefix(std::min(part.size(), static_cast<std::size_t>(tail - at)));
    job.output += part;
  }
  if (total > head)
    job.output_lost = static_cast<std::uint64_t>(tail - head);
}

/// A snapshot's owner may be a session, a prepared transaction or a standby's; of others' sessions only a
/// member of pg_read_all_stats sees anything.
constexpr const char* health_now
    = "SELECT floor(1000000 * extract(epoch FROM clock_timestamp() - least((SELECT min(xact_start) FROM "
      "pg_catalog.pg_stat_activity WHERE (backend_xmin IS NOT NULL OR backend_xid IS NOT NULL) AND pid <> "
      "pg_backend_pid() AND (datid IS NULL OR datname = current_database())), (SELECT min(prepared) FROM "
      "pg_catalog.pg_prepared_xacts WHERE database = current_database()))))::bigint, (SELECT "
      "coalesce(sum(n_dead_tup), 0)::bigint FROM pg_catalog.pg_stat_all_tables WHERE schemaname = $1)";

void read_health(store_health& health, const postgres_result::row& row) {
  if (!row.is_null(0))
    health.oldest_snapshot = std::chrono::microseconds{std::max<std::int64_t>(row.integer(0), 0)};
  health.dead_rows = static_cast<std::uint64_t>(row.integer(1));
}

void read_queues(store_survey& survey, std::span<const postgres_result> results) {
  std::map<std::string, queue_info> queues;
  std::map<std::string, known_tasks> served;
  const auto at = [&](const std::string& name) -> queue_info& {
    auto& queue = queues[name];
    queue.name = name;
    return queue;
  };
  for (const auto row : results[0])
    if (row.flag(1))
      at(row.string(0)).paused = true;
  for (const auto row : results[1]) {
    auto& queue = at(row.string(0));
    queue.ready = row.size(1);
    queue.oldest_ready = row.maybe_time(2);
  }
  for (const auto row : results[2])
    at(row.string(0)).delayed = row.size(1);
  for (const auto row : results[3])
    at(row.string(0)).running = row.size(1);
  for (const auto row : results[4]) { // a task without a name stands for commands
    at(row.string(0));
    auto& tasks = served[row.string(0)];
    if (row.flag(1))
      tasks.emplace();
    for (const auto& each : nlohmann::json::parse(row.text(2)))
      tasks.emplace(each.at(0).get<std::string>(), each.at(1).get<std::string>());
  }
  std::map<std::string, std::set<std::string>> unserved;
  for (const auto row : results[5]) {
    const job_lane lane{.kind = static_cast<job_kind>(row.integer(1)),
                        .task = row.string(2),
                        .version = row.string(3),
                        .limits = {},
                        .fairness_key = {}};
    const auto& known = served[row.string(0)];
    if (!is_known(lane, known, known.contains({})))
      unserved[row.string(0)].insert(lane.task);
  }
  for (auto& [name, queue] : queues) {
    if (const auto tasks = unserved.find(name); tasks != unserved.end() && queue.ready != 0)
      queue.unserved = {tasks->second.begin(), tasks->second.end()};
    survey.queues.push_back(std::move(queue));
  }
}

} // namespace

std::vector<job_info> postgres_list(postgres_session& session, const job_query& filter) {
  const auto states = state_bits(filter);
  const bool by_ids = !filter.ids.empty();
  const auto before = filter.before > 0 ? filter.before : std::numeric_limits<job_id>::max();
  const postgres_values values{before,
                               filter.queue,
                               filter.task,
                               filter.tag,
                               states,
                               std::min<std::size_t>(filter.most, std::numeric_limits<std::int64_t>::max()),
                               array_of(filter.ids)};
  return session.attempt([&](postgres_session::time end) {
    std::vector<job_info> infos;
    const auto found
        = run_limited(session.connection(), list_of(states, by_ids), values, end); // one snapshot
    for (const auto row : found)
      infos.push_back(read_info(row));
    return infos;
  });
}

std::vector<job_details> postgres_find(postgres_session& session, std::span<const job_id> ids) {
  if (ids.empty())
    return {};
  return session.read([&](postgres_session::time end) {
    const postgres_values which{array_of(ids)};
    postgres_batch look;
    look.add("SELECT " TASKACTOR_POSTGRES_INFO
             ", j.limits, j.version, j.timeout, j.max_attempts, j.backoff_first, "
             "j.backoff_factor, j.backoff_max, j.backoff_jitter, j.trace, j.arguments, coalesce(h.result, "
             "'') FROM @job "
             "j" TASKACTOR_POSTGRES_PLACES "WHERE j.id = ANY($1::bigint[])",
             which);
    look.add("SELECT job, number, runner, began, ended, \"end\", error FROM @attempt WHERE job = "
             "ANY($1::bigint[]) ORDER BY "
             "job, number",
             which);
    look.add("SELECT job, at, bytes FROM @output WHERE job = ANY($1::bigint[]) ORDER BY job, at", which);
    const auto results = session.connection().run(look, end);
    std::map<job_id, job_details> all;
    for (const auto row : results[0]) {
      auto& job = all[row.integer(0)];
      job.info = read_info(row);
      constexpr int next = info_columns;
      job.limits = limits_of(row.text(next));
      job.version = row.string(next + 1);
      if (!row.is_null(next + 2))
        job.timeout = store_duration{row.integer(next + 2)};
      job.retry = {.max_attempts = row.size(next + 3),
                   .backoff = {.first = std::chrono::nanoseconds{row.integer(next + 4)},
                               .factor = row.real(next + 5),
                               .max = std::chrono::nanoseconds{row.integer(next + 6)},
                               .jitter = std::chrono::nanoseconds{row.integer(next + 7)}}};
      job.trace = row.string(next + 8);
      job.arguments = row.string(next + 9);
      job.result = row.bytes(next + 10);
    }
    for (const auto row : results[1])
      if (const auto at = all.find(row.integer(0)); at != all.end())
        at->second.attempts.push_back({.number = row.size(1),
                                       .runner = row.string(2),
                                       .began = row.time(3),
                                       .ended = row.time(4),
                                       .end = row.string(5),
                                       .error = row.bytes(6)});
    std::map<job_id, std::vector<std::pair<std::int64_t, std::string>>> pieces;
    for (const auto row : results[2])
      pieces[row.integer(0)].emplace_back(row.integer(1), row.bytes(2));
    std::vector<job_details> found;
    for (const auto id : ids)
      if (const auto at = all.find(id); at != all.end()) {
        if (const auto output = pieces.find(id); output != pieces.end() && at->second.output.empty())
          read_output(at->second, output->second);
        found.push_back(at->second);
      }
    return found;
  });
}

store_survey postgres_survey(postgres_session& session) {
  return session.read([&](postgres_session::time end) {
    postgres_batch look;
    look.add("SELECT name, paused FROM @queue");
    look.add("SELECT l.queue, count(*), min(r.since) FROM @ready r JOIN @lane l ON l.id = r.lane GROUP BY "
             "l.queue");
    look.add("SELECT queue, count(*) FROM @delayed GROUP BY queue");
    look.add("SELECT queue, count(*) FROM @running GROUP BY queue");
    look.add("SELECT q.queue, q.commands, r.tasks FROM @runner_queue q JOIN @runner r ON r.id = q.runner "
             "WHERE NOT r.dead");
    look.add("SELECT DISTINCT l.queue, l.kind, l.task, l.version FROM @lane l WHERE EXISTS (SELECT 1 FROM "
             "@ready r WHERE "
             "r.lane = l.id)");
    look.add("SELECT l.name, l.capacity, l.rate_count, l.rate_period, l.rate_burst, (SELECT "
             "coalesce(sum(tokens), 0)::bigint "
             "FROM @held h WHERE h.name = l.name) FROM @limits l ORDER BY l.name");
    look.add("SELECT name, incarnation, host, pid, seen, (SELECT count(*) FROM @running c WHERE c.runner_id "
             "= r.id), "
             "to_json(array(SELECT queue FROM @runner_queue q WHERE q.runner = r.id ORDER BY queue)) FROM "
             "@runner r WHERE "
             "NOT dead ORDER BY name, id");
    look.add("SELECT coalesce(sum(pushed), 0)::bigint, coalesce(sum(duplicates), 0)::bigint, "
             "coalesce(sum(claimed), "
             "0)::bigint, coalesce(sum(succeeded), 0)::bigint, coalesce(sum(failed), 0)::bigint, "
             "coalesce(sum(cancelled), "
             "0)::bigint, coalesce(sum(expired), 0)::bigint, coalesce(sum(quarantined), 0)::bigint, "
             "coalesce(sum(retried), 0)::bigint, coalesce(sum(snoozed), 0)::bigint, coalesce(sum(released), "
             "0)::bigint, "
             "coalesce(sum(lost), 0)::bigint, coalesce(sum(stale), 0)::bigint, coalesce(sum(repeated), "
             "0)::bigint FROM "
             "@tally");
    look.add("SELECT @now_us()");
    look.add(health_now, postgres_values{session.connection().options().schema});
    const auto results = session.connection().run(look, end);
    store_survey survey;
    read_health(survey.health, results[10].front());
    survey.now = session.time_of(results[9]);
    read_queues(survey, std::span{results}.first(6));
    for (const auto row : results[6]) {
      auto& limit = survey.limits.emplace_back();
      limit.name = row.string(0);
      if (!row.is_null(1))
        limit.capacity = row.size(1);
      if (!row.is_null(2))
        limit.rate = taskactor::rate{
            .count = row.size(2), .period = std::chrono::nanoseconds{row.integer(3)}, .burst = row.size(4)};
      limit.taken = row.size(5);
    }
    for (const auto row : results[7]) {
      auto& runner = survey.runners.emplace_back();
      runner.name = row.string(0);
      runner.incarnation = static_cast<std::uint64_t>(row.integer(1));
      runner.host = row.string(2);
      runner.pid = row.integer(3);
      runner.seen = row.time(4);
      runner.running = row.size(5);
      runner.queues = nlohmann::json::parse(row.text(6)).get<std::vector<std::string>>();
    }
    std::uint64_t* const counters[]{
        &survey.counters.pushed,    &survey.counters.duplicates,  &survey.counters.claimed,
        &survey.counters.succeeded, &survey.counters.failed,      &survey.counters.cancelled,
        &survey.counters.expired,   &survey.counters.quarantined, &survey.counters.retried,
        &survey.counters.snoozed,   &survey.counters.released,    &survey.counters.lost,
        &survey.counters.stale,     &survey.counters.repeated};
    const auto counted = results[8].front();
    for (int i = 0; i < 14; ++i)
      *counters[i] = static_cast<std::uint64_t>(counted.integer(i));
    return survey;
  });
}

void postgres_look_after(store_health& health, const store_survey& seen, const postgres_listener& listener) {
  health.notices = listener.is_on;
  health.silence = listener.silence;
  std::optional<store_time> oldest;
  for (const auto& queue : seen.queues) {
    if (!queue.paused && queue.oldest_ready && (!oldest || *queue.oldest_ready < *oldest))
      oldest = queue.oldest_ready;
    for (const auto& task : queue.unserved)
      health.warnings.push_back("queue " + visible(queue.name) + ": no runner knows the task " + visible(task)
                                + ": start one that has it, or cancel these jobs");
  }
  if (oldest)
    health.oldest_ready = std::max(seen.now - *oldest, store_duration{0});
  if (health.oldest_snapshot && std::chrono::nanoseconds{*health.oldest_snapshot} >= long_snapshot)
    health.warnings.push_back("a transaction has been open for " + to_text(*health.oldest_snapshot)
                              + ", so that no dead row can be cleared away: end it (pg_stat_activity, "
                                "pg_prepared_xacts), and set idle_in_transaction_session_timeout");
  if (health.dead_rows.value_or(0) >= many_dead_rows)
    health.warnings.push_back(std::to_string(*health.dead_rows)
                              + " dead rows wait for a vacuum: see that autovacuum is on and keeps up");
  if (!health.silence.empty())
    health.warnings.push_back("nothing is heard of others at once, but within a second: " + health.silence
                              + "; behind a pooler, open the store without notices");
}

} // namespace taskactor::detail
