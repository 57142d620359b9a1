// What is asked of a store: lists, details, the survey.

#include "queue/sqlite_backend.hpp"
#include "queue/sqlite_edges.hpp"
#include "queue/sqlite_output.hpp"
#include "queue/stored_job.hpp"
#include "queue/stored_limits.hpp"

#include <taskactor/queue/job_state.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <functional>
#include <limits>
#include <map>
#include <set>

namespace taskactor::detail {

namespace {

constexpr std::size_t most_lanes_for_age = 1'000;

struct job_texts {
  std::optional<time_span> timeout;
  job_retry retry;
  std::vector<std::string> tags;
  std::string trace, arguments;
};

std::optional<job_texts> read_texts(sqlite_database& db, job_id id, bool with_arguments) {
  auto rows
      = db.query("SELECT timeout, max_attempts, backoff_first, backoff_factor, backoff_max, backoff_jitter, "
                 "tags, trace, CASE WHEN ? THEN arguments ELSE '' END FROM main.taskactor_job WHERE id = ?",
                 with_arguments, id);
  if (!rows.next())
    return {};
  job_texts texts{.timeout = {},
                  .retry = {.max_attempts = rows.size(1),
                            .backoff = {.first = std::chrono::nanoseconds{rows.integer(2)},
                                        .factor = rows.real(3),
                                        .max = std::chrono::nanoseconds{rows.integer(4)},
                                        .jitter = std::chrono::nanoseconds{rows.integer(5)}}},
                  .tags = nlohmann::json::parse(rows.text(6)).get<std::vector<std::string>>(),
                  .trace = rows.string(7),
                  .arguments = rows.string(8)};
  if (!rows.is_null(0))
    texts.timeout = store_duration{rows.integer(0)};
  return texts;
}

void tell_tries(job_info& info, const stored_tries& tries) {
  info.attempts = tries.counts.attempts;
  info.losses = tries.counts.losses;
  info.snoozes = tries.counts.snoozes;
  info.error = tries.error;
  info.runner = tries.runner;
  info.began = tries.began;
}

bool tell_running(sqlite_change& look, job_info& info) {
  const auto runs = find_running(look, info.id);
  if (!runs)
    return false;
  info.state = job_state::running;
  tell_tries(info, runs->tries);
  info.cancel_requested = runs->cancel;
  return true;
}

/// `result`: where it goes, if somebody wants it.
bool tell_ended(sqlite_database& db, job_info& info, std::string* result) {
  auto rows
      = db.query("SELECT attempts, losses, snoozes, claims, had_begun, ended_token, error, runner, began, "
                 "state, ended, kept_until, "
                 "cancel, CASE WHEN ? THEN result ELSE x'' END FROM main.taskactor_history WHERE job = ?",
                 result != nullptr, info.id);
  if (!rows.next())
    return false;
  constexpr int next = sqlite_tries_columns;
  tell_tries(info, read_tries(rows, 0));
  info.state = static_cast<job_state>(rows.integer(next));
  info.ended = rows.time(next + 1);
  info.kept_until = rows.time(next + 2);
  info.cancel_requested = rows.integer(next + 3) != 0;
  if (result)
    *result = rows.string(next + 4);
  return true;
}

void tell_progress(sqlite_database& db, job_info& info) {
  auto rows = db.query("SELECT done, total, text FROM main.taskactor_progress WHERE job = ?", info.id);
  if (!rows.next())
    return;
  info.progress_done = static_cast<std::uint64_t>(rows.integer(0));
  info.progress_total = static_cast<std::uint64_t>(rows.integer(1));
  info.progress_text = rows.string(2);
}

std::optional<job_info> read_info(sqlite_change& look, job_id id, const job_texts& texts,
                                  std::string* result) {
  const auto head = look.head(id);
  if (!head)
    return {};
  job_info info{.id = id,
                .kind = head->kind,
                .queue = head->queue,
                .task = head->task,
                .priority = head->priority,
                .fairness_key = head->fairness_key,
                .tags = texts.tags,
                .pushed = head->pushed,
                .expires = head->expires};
  if (!tell_running(look, info) && !tell_ended(look.db(), info, result))
    if (const auto waits = look.find_waiting(*head)) {
      info.state = waits->state;
      info.due = waits->due;
      tell_tries(info, waits->tries);
    }
  if (info.began)
    tell_progress(look.db(), info);
  return info;
}

std::vector<job_attempt> read_attempts(sqlite_database& db, job_id id) {
  std::vector<job_attempt> attempts;
  auto rows = db.query(
      "SELECT number, runner, began, ended, \"end\", error FROM main.taskactor_attempt WHERE job = ? "
      "ORDER BY number",
      id);
  while (rows.next())
    attempts.push_back({.number = rows.size(0),
                        .runner = rows.string(1),
                        .began = rows.time(2),
                        .ended = rows.time(3),
                        .end = rows.string(4),
                        .error = rows.string(5)});
  return attempts;
}

constexpr unsigned live_states = bit_of(job_state::ready) | bit_of(job_state::delayed)
                                 | bit_of(job_state::running) | bit_of(job_state::blocked);
/// So many rows are sorted sooner than as many jobs that have ended are passed over, one by one.
constexpr std::int64_t most_live_rows = 20'000;

/// Of jobs that haven't ended, in these states: as the queues' rows count them; of all queues, since that is
/// what is read.
std::int64_t count_live(sqlite_database& db, unsigned states) {
  const auto one_if = [states](job_state state) { return (states & bit_of(state)) != 0 ? 1 : 0; };
  return db.number("SELECT coalesce(sum(ready * ? + delayed * ? + running * ?), 0) FROM main.taskactor_queue",
                   one_if(job_state::ready), one_if(job_state::delayed), one_if(job_state::running))
         + db.number("SELECT coalesce(sum(blocked * ?), 0) FROM main.taskactor_queue_blocked",
                     one_if(job_state::blocked));
}

/// Few rows, of which the ids are read first; null: there are too many of them for that.
const char* few_of(sqlite_database& db, unsigned states) {
  constexpr unsigned unhappy = bit_of(job_state::failed) | bit_of(job_state::cancelled)
                               | bit_of(job_state::expired) | bit_of(job_state::quarantined);
  if (states != 0 && (states & live_states) == states && count_live(db, states) <= most_live_rows)
    return "SELECT j.id FROM (SELECT job FROM main.taskactor_ready WHERE ?5 & 1 UNION ALL SELECT job FROM "
           "main.taskactor_delayed WHERE ?5 & 2 UNION ALL SELECT job FROM main.taskactor_running "
           "WHERE ?5 & 4 UNION ALL SELECT job FROM main.taskactor_blocked WHERE ?5 & 256) s JOIN "
           "main.taskactor_job j ON j.id = s.job WHERE j.id < ?1 "
           "AND (?2 = '' OR j.queue = ?2) AND (?3 = '' OR j.task = ?3) AND (?4 = '' OR EXISTS (SELECT 1 "
           "FROM json_each(j.tags) WHERE value = ?4)) ORDER BY j.id DESC LIMIT ?6";
  if (states != 0 && (states & unhappy) == states)
    return "SELECT j.id FROM main.taskactor_job j WHERE j.id IN (SELECT job FROM main.taskactor_history "
           "WHERE state > 3 "
           "AND ((?5 >> state) & 1) AND job < ?1) AND (?2 = '' OR j.queue = ?2) AND (?3 = '' OR j.task = ?3) "
           "AND "
           "(?4 = '' OR EXISTS (SELECT 1 FROM json_each(j.tags) WHERE value = ?4)) ORDER BY j.id DESC LIMIT "
           "?6";
  return nullptr;
}

/// In the order of job_state: ready is what is nowhere else.
constexpr const char* any_of_them
    = "SELECT j.id FROM main.taskactor_job j LEFT JOIN main.taskactor_running r ON r.job = j.id LEFT JOIN "
      "main.taskactor_delayed d ON d.job = j.id LEFT JOIN main.taskactor_history h ON h.job = j.id LEFT JOIN "
      "main.taskactor_blocked b ON b.job = j.id WHERE "
      "j.id < ?1 AND "
      "(?2 = '' OR j.queue = ?2) AND (?3 = '' OR j.task = ?3) AND (?4 = '' OR EXISTS (SELECT 1 FROM "
      "json_each(j.tags) "
      "WHERE value = ?4)) AND (?5 = 0 OR ((?5 >> CASE WHEN r.job IS NOT NULL THEN 2 WHEN d.job IS NOT NULL "
      "THEN 1 WHEN "
      "h.job IS NOT NULL THEN h.state WHEN b.job IS NOT NULL THEN 8 ELSE 0 END) & 1)) ORDER BY j.id DESC "
      "LIMIT ?6";

std::vector<job_id> find_page(sqlite_database& db, const job_query& filter) {
  const auto states = state_bits(filter);
  const auto before = filter.before > 0 ? filter.before : std::numeric_limits<job_id>::max();
  const char* const few = few_of(db, states);
  std::vector<job_id> ids;
  auto rows
      = db.query(few ? few : any_of_them, before, filter.queue, filter.task, filter.tag, states, filter.most);
  while (rows.next())
    ids.push_back(rows.integer(0));
  return ids;
}

bool fits(const job_query& filter, const job_info& info) {
  return (filter.states.empty() || std::ranges::find(filter.states, info.state) != filter.states.end())
         && (filter.queue.empty() || filter.queue == info.queue)
         && (filter.task.empty() || filter.task == info.task)
         && (filter.tag.empty() || std::ranges::find(info.tags, filter.tag) != info.tags.end());
}

std::vector<job_id> asked_ids(const job_query& filter) {
  auto ids = filter.ids;
  std::ranges::sort(ids, std::greater{});
  const auto twice = std::ranges::unique(ids);
  ids.erase(twice.begin(), twice.end());
  if (filter.before > 0)
    std::erase_if(ids, [&](job_id id) { return id >= filter.before; });
  return ids;
}

/// Of each of the first lanes the oldest, by which it waits for longest: of very many, those come first that
/// were made first.
std::optional<store_time> oldest_ready(sqlite_database& db, const std::string& queue) {
  auto rows = db.query(
      "SELECT r.since FROM (SELECT id FROM main.taskactor_lane WHERE queue = ? ORDER BY id LIMIT ?) l "
      "JOIN (SELECT 0 AS n UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4 "
      "UNION ALL SELECT 5 UNION ALL SELECT 6 UNION ALL SELECT 7 UNION ALL SELECT 8 UNION ALL SELECT 9) "
      "p JOIN main.taskactor_ready r ON r.lane = l.id AND r.priority = p.n AND r.seq = (SELECT "
      "min(seq) FROM main.taskactor_ready m WHERE m.lane = l.id AND m.priority = p.n) ORDER BY r.seq "
      "LIMIT 1",
      queue, most_lanes_for_age);
  if (!rows.next())
    return {};
  return rows.time(0);
}

/// What the living runners of a queue know; a task without a name stands for commands.
std::map<std::string, known_tasks> served_tasks(sqlite_database& db) {
  std::map<std::string, known_tasks> served;
  auto rows = db.query("SELECT q.queue, q.commands, r.tasks FROM main.taskactor_runner_queue q JOIN "
                       "main.taskactor_runner r ON r.id = q.runner WHERE r.dead = 0");
  while (rows.next()) {
    auto& tasks = served[rows.string(0)];
    if (rows.integer(1) != 0)
      tasks.emplace();
    for (const auto& each : nlohmann::json::parse(rows.text(2)))
      tasks.emplace(each.at(0).get<std::string>(), each.at(1).get<std::string>());
  }
  return served;
}

std::vector<std::string> unserved_tasks(sqlite_database& db, const std::string& queue,
                                        const known_tasks& served) {
  std::set<std::string> tasks;
  auto rows = db.query("SELECT DISTINCT kind, task, version FROM main.taskactor_lane WHERE queue = ?", queue);
  while (rows.next()) {
    const job_lane lane{.kind = static_cast<job_kind>(rows.integer(0)),
                        .task = rows.string(1),
                        .version = rows.string(2),
                        .limits = {},
                        .fairness_key = {}};
    if (!is_known(lane, served, served.contains({})))
      tasks.insert(lane.task);
  }
  return {tasks.begin(), tasks.end()};
}

/// Those that have jobs, are paused, or are served.
std::vector<queue_info> survey_queues(sqlite_database& db) {
  auto served = served_tasks(db);
  std::map<std::string, queue_info> queues;
  for (const auto& [name, tasks] : served)
    queues[name].name = name;
  {
    auto rows
        = db.query("SELECT q.name, q.paused, q.ready, q.delayed, q.running, coalesce(b.blocked, 0) FROM "
                   "main.taskactor_queue q LEFT JOIN main.taskactor_queue_blocked b ON b.queue = q.name");
    while (rows.next()) {
      queue_info info{.name = rows.string(0),
                      .paused = rows.integer(1) != 0,
                      .ready = rows.size(2),
                      .delayed = rows.size(3),
                      .running = rows.size(4),
                      .blocked = rows.size(5)};
      if (info.paused || info.ready + info.delayed + info.running + info.blocked != 0)
        queues[info.name] = std::move(info);
    }
  }
  std::vector<queue_info> all;
  for (auto& [name, queue] : queues) {
    if (queue.ready != 0) {
      queue.oldest_ready = oldest_ready(db, name);
      queue.unserved = unserved_tasks(db, name, served[name]);
    }
    all.push_back(std::move(queue));
  }
  return all;
}

std::vector<limit_info> survey_limits(sqlite_database& db) {
  std::vector<limit_info> limits;
  auto rows = db.query("SELECT l.name, l.capacity, l.rate_count, l.rate_period, l.rate_burst, (SELECT "
                       "coalesce(sum(tokens), 0) FROM main.taskactor_held h WHERE h.name = l.name) FROM "
                       "main.taskactor_limit l ORDER BY l.name");
  while (rows.next()) {
    auto& limit = limits.emplace_back();
    limit.name = rows.string(0);
    if (!rows.is_null(1))
      limit.capacity = rows.size(1);
    if (!rows.is_null(2))
      limit.rate = taskactor::rate{
          .count = rows.size(2), .period = std::chrono::nanoseconds{rows.integer(3)}, .burst = rows.size(4)};
    limit.taken = rows.size(5);
  }
  return limits;
}

std::vector<runner_info> survey_runners(sqlite_database& db) {
  std::vector<runner_info> runners;
  auto rows
      = db.query("SELECT r.name, r.incarnation, r.host, r.pid, r.seen, coalesce(c.claims, 0), r.id FROM "
                 "main.taskactor_runner r LEFT JOIN (SELECT runner, count(*) AS claims FROM "
                 "main.taskactor_running GROUP BY "
                 "runner) c ON c.runner = r.id WHERE r.dead = 0 ORDER BY r.name, r.id");
  while (rows.next()) {
    auto& runner = runners.emplace_back();
    runner.name = rows.string(0);
    runner.incarnation = static_cast<std::uint64_t>(rows.integer(1));
    runner.host = rows.string(2);
    runner.pid = rows.integer(3);
    runner.seen = rows.time(4);
    runner.running = rows.size(5);
    auto queues = db.query("SELECT queue FROM main.taskactor_runner_queue WHERE runner = ? ORDER BY queue",
                           rows.integer(6));
    while (queues.next())
      runner.queues.push_back(queues.string(0));
  }
  return runners;
}

store_counters survey_counters(sqlite_database& db) {
  store_counters counters;
  const std::pair<const char*, std::uint64_t*> names[]{
      {"pushed", &counters.pushed},     {"duplicates", &counters.duplicates},
      {"claimed", &counters.claimed},   {"succeeded", &counters.succeeded},
      {"failed", &counters.failed},     {"cancelled", &counters.cancelled},
      {"expired", &counters.expired},   {"quarantined", &counters.quarantined},
      {"retried", &counters.retried},   {"snoozed", &counters.snoozed},
      {"released", &counters.released}, {"lost", &counters.lost},
      {"stale", &counters.stale},       {"repeated", &counters.repeated}};
  auto rows = db.query("SELECT name, value FROM main.taskactor_count");
  while (rows.next())
    for (const auto& [name, counter] : names)
      if (rows.text(0) == name)
        *counter = static_cast<std::uint64_t>(rows.integer(1));
  return counters;
}

} // namespace

std::vector<job_info> sqlite_backend::list(const job_query& filter) {
  sqlite_transaction look{db_, sqlite_lock::read};
  sqlite_change rows{db_, clock_()};
  std::vector<job_info> infos;
  for (const auto id : filter.ids.empty() ? find_page(db_, filter) : asked_ids(filter)) {
    if (infos.size() == filter.most)
      break;
    const auto texts = read_texts(db_, id, false);
    auto info = texts ? read_info(rows, id, *texts, nullptr) : std::nullopt;
    if (info && fits(filter, *info))
      infos.push_back(std::move(*info));
  }
  return infos;
}

std::vector<job_details> sqlite_backend::find(std::span<const job_id> ids) {
  sqlite_transaction look{db_, sqlite_lock::read};
  sqlite_change rows{db_, clock_()};
  std::vector<job_details> found;
  for (const auto id : ids) {
    auto texts = read_texts(db_, id, true);
    if (!texts)
      continue;
    auto& job = found.emplace_back();
    if (auto info = read_info(rows, id, *texts, &job.result))
      job.info = std::move(*info);
    const auto head = rows.head(id);
    job.limits = limits_of(head->limits);
    job.parents = parents_of(db_, id);
    job.version = head->version;
    job.timeout = texts->timeout;
    job.retry = texts->retry;
    job.trace = std::move(texts->trace);
    job.arguments = std::move(texts->arguments);
    job.attempts = read_attempts(db_, id);
    const auto output = read_output(db_, id);
    job.output = output.head + output.tail;
    job.output_lost = output.lost;
  }
  return found;
}

store_survey sqlite_backend::survey() {
  sqlite_transaction look{db_, sqlite_lock::read};
  return {.now = clock_(),
          .queues = survey_queues(db_),
          .limits = survey_limits(db_),
          .runners = survey_runners(db_),
          .counters = survey_counters(db_)};
}

} // namespace taskactor::detail
