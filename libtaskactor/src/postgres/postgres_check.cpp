// What holds for the tables between two transactions. Each query finds what breaks one rule: a row's name.

#include "postgres/postgres_backend.hpp"
#include "postgres/postgres_schema.hpp"

#include <taskactor/detail/visible_text.hpp>

#include <utility>

namespace taskactor::detail {

namespace {

/// Of each rule, so many breaches are named, the rest is counted.
constexpr int named_breaches = 5;

struct table_rule {
  const char* query;
  const char* what; // it finds
  const char* words;
};

constexpr table_rule rules[]{
    {R"sql(SELECT j.id FROM @job j LEFT JOIN (SELECT job, count(*) AS n FROM (SELECT job FROM @ready UNION ALL SELECT job
      FROM @delayed UNION ALL SELECT job FROM @running UNION ALL SELECT job FROM @history) a GROUP BY job) p ON p.job = j.id
      WHERE p.n IS DISTINCT FROM 1)sql",
     "job", "is not in exactly one of ready, delayed, running and history"},
    {R"sql(SELECT t || ' ' || job FROM (SELECT 'ready' AS t, job FROM @ready UNION ALL SELECT 'delayed', job FROM @delayed
      UNION ALL SELECT 'running', job FROM @running UNION ALL SELECT 'history', job FROM @history UNION ALL SELECT 'attempt',
      job FROM @attempt UNION ALL SELECT 'progress', job FROM @progress UNION ALL SELECT 'output', job FROM @output UNION ALL
      SELECT 'held', job FROM @held) a WHERE NOT EXISTS (SELECT 1 FROM @job j WHERE j.id = a.job))sql",
     "row of", "is of a job that there isn't"},
    {R"sql(SELECT r.job FROM @ready r JOIN @job j ON j.id = r.job LEFT JOIN @lane l ON l.id = r.lane WHERE l.id IS NULL OR
      r.priority <> j.priority OR l.queue <> j.queue OR l.kind <> j.kind OR l.task <> j.task OR l.version <> j.version OR
      l.limits <> j.limits OR l.fairness <> j.fairness OR l.losses <> least(r.losses, 2))sql",
     "ready job", "stands in a lane, or at a priority, that isn't its own"},
    {R"sql(SELECT job FROM (SELECT d.job FROM @delayed d JOIN @job j ON j.id = d.job WHERE d.queue <> j.queue UNION ALL SELECT
      r.job FROM @running r JOIN @job j ON j.id = r.job WHERE r.queue <> j.queue OR r.fairness <> j.fairness) a)sql",
     "job", "is said to be of another queue or fairness key"},
    {R"sql(SELECT job FROM (SELECT r.job FROM @ready r JOIN @job j ON j.id = r.job WHERE r.expires IS DISTINCT FROM j.expires
      UNION ALL SELECT d.job FROM @delayed d JOIN @job j ON j.id = d.job WHERE d.expires IS DISTINCT FROM j.expires) a)sql",
     "job", "waits, and is to expire at another time than it says"},
    {R"sql(SELECT h.name || ' ' || h.key || ' ' || h.job FROM @held h WHERE NOT EXISTS (SELECT 1 FROM @running r WHERE r.job =
      h.job))sql",
     "limit", "is held by a job that doesn't run"},
    {R"sql(SELECT r.job FROM @running r JOIN @job j ON j.id = r.job WHERE j.limits <> '' AND EXISTS (SELECT 1 FROM
      jsonb_array_elements(nullif(j.limits, '')::jsonb) e WHERE NOT EXISTS (SELECT 1 FROM @held h WHERE h.name = e->>0 AND
      h.key = e->>1 AND h.job = r.job AND h.tokens = (e->>2)::bigint)))sql",
     "running job", "doesn't hold what it has taken of its limits"},
    {R"sql(SELECT r.job FROM @running r LEFT JOIN @runner n ON n.id = r.runner_id WHERE n.dead IS DISTINCT FROM false)sql",
     "running job", "has no living runner"},
    {R"sql(SELECT k.scope || ' ' || k.key FROM @unique_key k LEFT JOIN @job j ON j.id = k.job WHERE k.until IS NULL AND
      (j.unique_key IS DISTINCT FROM k.key OR j.unique_scope IS DISTINCT FROM k.scope OR EXISTS (SELECT 1 FROM @history h WHERE
      h.job = k.job) OR (j.unique_until = 1 AND EXISTS (SELECT 1 FROM @running r WHERE r.job = k.job))))sql",
     "unique key", "is taken by a job that has ended, has begun, or is none"},
    {R"sql(SELECT j.id FROM @job j WHERE j.unique_until = 0 AND NOT EXISTS (SELECT 1 FROM @history h WHERE h.job = j.id) AND
      NOT EXISTS (SELECT 1 FROM @unique_key k WHERE k.scope = j.unique_scope AND k.key = j.unique_key AND k.job = j.id))sql",
     "job", "doesn't have its unique key"},
    {R"sql(SELECT n FROM (SELECT max(id) AS n FROM @job UNION ALL SELECT max(seq) FROM @ready UNION ALL SELECT max(seq) FROM
      @running UNION ALL SELECT max(id) FROM @lane UNION ALL SELECT max(id) FROM @runner) a WHERE n > (SELECT last_value FROM
      @number))sql",
     "number", "is used, and beyond the last one drawn"},
    {R"sql(SELECT n FROM (SELECT max(token) AS n FROM @running UNION ALL SELECT max(ended_token) FROM @ready UNION ALL SELECT
      max(ended_token) FROM @delayed UNION ALL SELECT max(ended_token) FROM @history) a WHERE n > (SELECT last_value FROM
      @token))sql",
     "token", "is used, and beyond the last one drawn"},
    {R"sql(SELECT name FROM @schedule WHERE stamp = 0)sql", "schedule", "has no stamp"},
    {R"sql(SELECT job FROM @attempt GROUP BY job HAVING count(*) > 20)sql", "job",
     "has more attempts than are kept"},
};

} // namespace

std::vector<std::string> postgres_check(postgres_session& session) {
  require_store(session.connection(), session.until());
  return session.read([&](postgres_session::time end) {
    postgres_batch look;
    for (const auto& rule : rules)
      look.add(rule.query);
    const auto results = session.connection().run(look, end);
    std::vector<std::string> breaches;
    for (std::size_t i = 0; i < results.size(); ++i) {
      const auto& found = results[i];
      for (int row = 0; row < std::min(found.rows(), named_breaches); ++row)
        breaches.push_back(std::string{rules[i].what} + ' ' + visible(found.at(row).string(0)) + ' '
                           + rules[i].words);
      if (found.rows() > named_breaches)
        breaches.push_back(std::to_string(found.rows() - named_breaches) + " more: " + rules[i].what + " ... "
                           + rules[i].words);
    }
    return breaches;
  });
}

} // namespace taskactor::detail
