// What holds for the tables between two transactions. Each query finds what breaks one rule: a row's name.

#include "queue/sqlite_backend.hpp"
#include "queue/sqlite_schema.hpp"

#include <taskactor/detail/visible_text.hpp>

#include <array>
#include <utility>

namespace taskactor::detail {

namespace {

/// Of each rule, so many breaches are named, the rest is counted.
constexpr std::size_t named_breaches = 5;

struct table_rule {
  const char* query;
  const char* what; // it finds
  const char* words;
};

constexpr std::array rules{
    table_rule{R"sql(
      SELECT j.id FROM main.taskactor_job j LEFT JOIN (SELECT job, count(*) AS n FROM (SELECT job FROM
      main.taskactor_ready UNION ALL SELECT job FROM main.taskactor_delayed UNION ALL SELECT job FROM
      main.taskactor_running UNION ALL SELECT job FROM main.taskactor_history UNION ALL SELECT job FROM
      main.taskactor_blocked) GROUP BY job) p ON p.job =
      j.id WHERE p.n IS NOT 1)sql",
               "job", "is not in exactly one of ready, delayed, blocked, running and history"},
    table_rule{R"sql(
      SELECT t || ' ' || job FROM (SELECT 'ready' AS t, job FROM main.taskactor_ready UNION ALL SELECT
      'delayed', job FROM main.taskactor_delayed UNION ALL SELECT 'running', job FROM
      main.taskactor_running UNION ALL SELECT 'history', job FROM main.taskactor_history UNION ALL SELECT
      'blocked', job FROM main.taskactor_blocked UNION ALL SELECT 'edge', child FROM main.taskactor_edge UNION ALL SELECT
      'attempt', job FROM main.taskactor_attempt UNION ALL SELECT 'progress', job FROM
      main.taskactor_progress UNION ALL SELECT 'output', job FROM main.taskactor_output UNION ALL SELECT
      'expiry', job FROM main.taskactor_expiry UNION ALL SELECT 'held', job FROM main.taskactor_held)
      WHERE job NOT IN (SELECT id FROM main.taskactor_job))sql",
               "row of", "is of a job that there isn't"},
    table_rule{R"sql(
      SELECT l.id FROM main.taskactor_lane l WHERE l.ready <= 0 OR l.ready <> (SELECT count(*) FROM
      main.taskactor_ready r WHERE r.lane = l.id))sql",
               "lane", "has another number of ready jobs than it says, or none"},
    table_rule{R"sql(
      SELECT r.job FROM main.taskactor_ready r JOIN main.taskactor_job j ON j.id = r.job LEFT JOIN
      main.taskactor_lane l ON l.id = r.lane WHERE l.id IS NULL OR r.priority <> j.priority OR l.queue <>
      j.queue OR l.kind <> j.kind OR l.task <> j.task OR l.version <> j.version OR l.limits <> j.limits OR
      l.fairness <> j.fairness OR l.losses <> min(r.losses, 2))sql",
               "ready job", "stands in a lane, or at a priority, that isn't its own"},
    table_rule{R"sql(
      SELECT q.name FROM main.taskactor_queue q LEFT JOIN (SELECT queue, sum(ready) AS n FROM
      main.taskactor_lane GROUP BY queue) l ON l.queue = q.name LEFT JOIN (SELECT j.queue, count(*) AS n
      FROM main.taskactor_delayed d JOIN main.taskactor_job j ON j.id = d.job GROUP BY j.queue) d ON
      d.queue = q.name LEFT JOIN (SELECT j.queue, count(*) AS n FROM main.taskactor_running r JOIN
      main.taskactor_job j ON j.id = r.job GROUP BY j.queue) r ON r.queue = q.name WHERE q.ready <>
      coalesce(l.n, 0) OR q.delayed <> coalesce(d.n, 0) OR q.running <> coalesce(r.n, 0))sql",
               "queue", "has other numbers of jobs than it says"},
    table_rule{R"sql(
      SELECT queue FROM (SELECT queue, blocked AS n FROM main.taskactor_queue_blocked UNION ALL SELECT
      j.queue, -1 FROM main.taskactor_blocked b JOIN main.taskactor_job j ON j.id = b.job) GROUP BY queue
      HAVING sum(n) <> 0)sql",
               "queue", "has another number of blocked jobs than it says"},
    table_rule{R"sql(
      SELECT job FROM main.taskactor_blocked WHERE job NOT IN (SELECT child FROM main.taskactor_edge WHERE
      state = 0))sql",
               "job", "is blocked, and by nobody"},
    table_rule{R"sql(
      SELECT e.child || ' ' || e.parent FROM main.taskactor_edge e LEFT JOIN main.taskactor_job j ON j.id =
      e.parent LEFT JOIN main.taskactor_history h ON h.job = e.parent WHERE e.parent NOT IN (SELECT parent
      FROM main.taskactor_release) AND (j.id IS NULL OR (e.state = 0) <> (h.job IS NULL)))sql",
               "edge", "says another thing of its parent than is so"},
    table_rule{R"sql(
      SELECT DISTINCT queue FROM main.taskactor_job WHERE queue NOT IN (SELECT name FROM
      main.taskactor_queue))sql",
               "queue", "has jobs, and no row"},
    table_rule{R"sql(
      SELECT queue || ' ' || fairness FROM (SELECT queue, fairness, running AS n FROM main.taskactor_share
      UNION ALL SELECT j.queue, j.fairness, -1 FROM main.taskactor_running r JOIN main.taskactor_job j ON
      j.id = r.job) GROUP BY queue, fairness HAVING sum(n) <> 0)sql",
               "fairness key", "has another number of running jobs than it says"},
    table_rule{R"sql(
      SELECT h.name || ' ' || h.key || ' ' || h.job FROM main.taskactor_held h WHERE h.job NOT IN (SELECT
      job FROM main.taskactor_running))sql",
               "limit", "is held by a job that doesn't run"},
    table_rule{R"sql(
      SELECT r.job FROM main.taskactor_running r JOIN main.taskactor_job j ON j.id = r.job WHERE j.limits
      <> '' AND EXISTS (SELECT 1 FROM json_each(j.limits) e WHERE NOT EXISTS (SELECT 1 FROM
      main.taskactor_held h WHERE h.name = json_extract(e.value, '$[0]') AND h.key = json_extract(e.value,
      '$[1]') AND h.job = r.job AND h.tokens = json_extract(e.value, '$[2]'))))sql",
               "running job", "doesn't hold what it has taken of its limits"},
    table_rule{R"sql(
      SELECT r.job FROM main.taskactor_running r LEFT JOIN main.taskactor_runner n ON n.id = r.runner
      WHERE n.dead IS NOT 0)sql",
               "running job", "has no living runner"},
    table_rule{R"sql(
      SELECT k.scope || ' ' || k.key FROM main.taskactor_unique_key k LEFT JOIN main.taskactor_job j ON
      j.id = k.job WHERE k.until IS NULL AND (j.unique_key IS NOT k.key OR j.unique_scope IS NOT k.scope
      OR k.job IN (SELECT job FROM main.taskactor_history) OR (j.unique_until = 1 AND k.job IN (SELECT job
      FROM main.taskactor_running))))sql",
               "unique key", "is taken by a job that has ended, has begun, or is none"},
    table_rule{R"sql(
      SELECT j.id FROM main.taskactor_job j WHERE j.unique_until = 0 AND j.id NOT IN (SELECT job FROM
      main.taskactor_history) AND NOT EXISTS (SELECT 1 FROM main.taskactor_unique_key k WHERE k.scope =
      j.unique_scope AND k.key = j.unique_key AND k.job = j.id))sql",
               "job", "doesn't have its unique key"},
    table_rule{R"sql(
      SELECT e.job FROM main.taskactor_expiry e JOIN main.taskactor_job j ON j.id = e.job WHERE j.expires
      IS NOT e.at OR e.job IN (SELECT job FROM main.taskactor_running UNION ALL SELECT job FROM
      main.taskactor_history))sql",
               "job", "is to expire, and doesn't wait, or says another time"},
    table_rule{R"sql(
      SELECT j.id FROM main.taskactor_job j WHERE j.expires IS NOT NULL AND j.id NOT IN (SELECT job FROM
      main.taskactor_running UNION ALL SELECT job FROM main.taskactor_history) AND NOT EXISTS (SELECT 1
      FROM main.taskactor_expiry e WHERE e.at = j.expires AND e.job = j.id))sql",
               "job", "waits, and its expiry was forgotten"},
    table_rule{R"sql(
      SELECT n FROM (SELECT max(id) AS n FROM main.taskactor_job UNION ALL SELECT max(seq) FROM
      main.taskactor_ready UNION ALL SELECT max(seq) FROM main.taskactor_running UNION ALL SELECT max(id)
      FROM main.taskactor_lane UNION ALL SELECT max(id) FROM main.taskactor_runner UNION ALL SELECT
      max(job) FROM main.taskactor_push_key UNION ALL SELECT max(parent) FROM main.taskactor_edge) WHERE n > (SELECT value FROM main.taskactor_count WHERE name
      = 'number'))sql",
               "number", "is used, and beyond the last one drawn"},
    table_rule{R"sql(
      SELECT n FROM (SELECT max(token) AS n FROM main.taskactor_running UNION ALL SELECT max(ended_token) FROM main.taskactor_ready UNION ALL
      SELECT max(ended_token) FROM main.taskactor_blocked UNION ALL SELECT max(ended_token) FROM main.taskactor_delayed UNION ALL SELECT max(ended_token) FROM
      main.taskactor_history) WHERE n > (SELECT value FROM main.taskactor_count WHERE name = 'token'))sql",
               "token", "is used, and beyond the last one drawn"},
    table_rule{R"sql(
      SELECT job FROM main.taskactor_attempt GROUP BY job HAVING count(*) > 20)sql",
               "job", "has more attempts than are kept"},
    table_rule{R"sql(
      SELECT name FROM main.taskactor_schedule WHERE stamp = 0)sql",
               "schedule", "has no stamp"},
    table_rule{R"sql(
      SELECT name FROM main.taskactor_schedule WHERE NOT json_valid(spec) OR NOT json_valid(state))sql",
               "schedule", "says what isn't JSON"},
    table_rule{R"sql(
      SELECT name FROM main.taskactor_count WHERE value < 0)sql",
               "count", "is less than nothing"},
};

void check_pages(sqlite_database& db, std::vector<std::string>& breaches) {
  for (auto rows = db.query("PRAGMA main.integrity_check(20)"); rows.next();)
    if (rows.text(0) != "ok")
      breaches.push_back("SQLite says of the file: " + rows.string(0));
}

void check_rule(sqlite_database& db, const table_rule& rule, std::vector<std::string>& breaches) {
  std::size_t found = 0;
  for (auto rows = db.query(rule.query); rows.next();)
    if (++found <= named_breaches)
      breaches.push_back(std::string{rule.what} + ' ' + visible(rows.text(0)) + ' ' + rule.words);
  if (found > named_breaches)
    breaches.push_back(std::to_string(found - named_breaches) + " more: " + rule.what + " ... " + rule.words);
}

} // namespace

std::vector<std::string> sqlite_backend::check() {
  sqlite_transaction look{db_, sqlite_lock::read};
  require_store(db_);
  std::vector<std::string> breaches;
  check_pages(db_, breaches);
  if (breaches.empty())
    for (const auto& rule : rules)
      check_rule(db_, rule, breaches);
  return breaches;
}

} // namespace taskactor::detail
