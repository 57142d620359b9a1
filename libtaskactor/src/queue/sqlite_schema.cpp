#include "queue/sqlite_schema.hpp"

#include <taskactor/detail/visible_text.hpp>
#include <taskactor/error.hpp>

#include <array>
#include <random>
#include <string>

namespace taskactor::detail {

namespace {

// -- migration 1 ------------------------------------------------------------

constexpr const char* tables_of_1 = R"sql(
CREATE TABLE main.taskactor_meta(name TEXT PRIMARY KEY, value NOT NULL) WITHOUT ROWID;
CREATE TABLE main.taskactor_count(name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;

CREATE TABLE main.taskactor_job(
  id INTEGER PRIMARY KEY, queue TEXT NOT NULL, kind INTEGER NOT NULL, task TEXT NOT NULL, version TEXT NOT NULL,
  limits TEXT NOT NULL, fairness TEXT NOT NULL, priority INTEGER NOT NULL, keep INTEGER NOT NULL,
  pushed INTEGER NOT NULL, expires INTEGER, unique_scope TEXT, unique_key TEXT, unique_until INTEGER,
  timeout INTEGER, max_attempts INTEGER NOT NULL, backoff_first INTEGER NOT NULL, backoff_factor REAL NOT NULL,
  backoff_max INTEGER NOT NULL, backoff_jitter INTEGER NOT NULL, tags TEXT NOT NULL, trace TEXT NOT NULL,
  arguments TEXT NOT NULL);

CREATE TABLE main.taskactor_lane(
  id INTEGER PRIMARY KEY, queue TEXT NOT NULL, kind INTEGER NOT NULL, task TEXT NOT NULL, version TEXT NOT NULL,
  limits TEXT NOT NULL, fairness TEXT NOT NULL, losses INTEGER NOT NULL, ready INTEGER NOT NULL);
-- Asked for by its name: after an ANALYZE of a file with few lanes SQLite would scan them.
CREATE UNIQUE INDEX main.taskactor_lane_key
  ON taskactor_lane(queue, kind, task, version, limits, fairness, losses);
CREATE INDEX main.taskactor_lane_queue ON taskactor_lane(queue);

CREATE TABLE main.taskactor_ready(
  lane INTEGER NOT NULL, priority INTEGER NOT NULL, seq INTEGER NOT NULL, job INTEGER NOT NULL,
  since INTEGER NOT NULL, attempts INTEGER NOT NULL, losses INTEGER NOT NULL, snoozes INTEGER NOT NULL,
  claims INTEGER NOT NULL, had_begun INTEGER NOT NULL, ended_token INTEGER NOT NULL, error TEXT NOT NULL, runner TEXT NOT NULL, began INTEGER,
  expires INTEGER, PRIMARY KEY(lane, priority, seq)) WITHOUT ROWID;
CREATE INDEX main.taskactor_ready_moved ON taskactor_ready(job) WHERE seq <> job;

CREATE TABLE main.taskactor_delayed(
  job INTEGER PRIMARY KEY, due INTEGER NOT NULL, attempts INTEGER NOT NULL, losses INTEGER NOT NULL,
  snoozes INTEGER NOT NULL, claims INTEGER NOT NULL, had_begun INTEGER NOT NULL, ended_token INTEGER NOT NULL,
  error TEXT NOT NULL, runner TEXT NOT NULL, began INTEGER);
CREATE INDEX main.taskactor_delayed_due ON taskactor_delayed(due);

CREATE TABLE main.taskactor_running(
  job INTEGER PRIMARY KEY, token INTEGER NOT NULL, runner INTEGER NOT NULL, seq INTEGER NOT NULL,
  since INTEGER NOT NULL, begun INTEGER NOT NULL, alone INTEGER NOT NULL, cancel INTEGER NOT NULL,
  attempts INTEGER NOT NULL, losses INTEGER NOT NULL, snoozes INTEGER NOT NULL, claims INTEGER NOT NULL,
  had_begun INTEGER NOT NULL, error TEXT NOT NULL, began INTEGER NOT NULL);
CREATE INDEX main.taskactor_running_alone ON taskactor_running(runner) WHERE alone = 1;
CREATE INDEX main.taskactor_running_cancel ON taskactor_running(runner) WHERE cancel = 1;

CREATE TABLE main.taskactor_history(
  job INTEGER PRIMARY KEY, state INTEGER NOT NULL, ended INTEGER NOT NULL, kept_until INTEGER NOT NULL,
  attempts INTEGER NOT NULL, losses INTEGER NOT NULL, snoozes INTEGER NOT NULL, claims INTEGER NOT NULL,
  had_begun INTEGER NOT NULL, ended_token INTEGER NOT NULL, error TEXT NOT NULL, runner TEXT NOT NULL,
  began INTEGER, cancel INTEGER NOT NULL, result BLOB NOT NULL);
CREATE INDEX main.taskactor_history_kept ON taskactor_history(kept_until);
CREATE INDEX main.taskactor_history_unhappy ON taskactor_history(state, job) WHERE state > 3;

CREATE TABLE main.taskactor_attempt(
  job INTEGER NOT NULL, number INTEGER NOT NULL, runner TEXT NOT NULL, began INTEGER NOT NULL,
  ended INTEGER NOT NULL, "end" TEXT NOT NULL, error TEXT NOT NULL, PRIMARY KEY(job, number)) WITHOUT ROWID;
CREATE TABLE main.taskactor_progress(
  job INTEGER PRIMARY KEY, done INTEGER NOT NULL, total INTEGER NOT NULL, text TEXT NOT NULL);
CREATE TABLE main.taskactor_output(
  job INTEGER NOT NULL, at INTEGER NOT NULL, bytes BLOB NOT NULL, PRIMARY KEY(job, at));
CREATE TABLE main.taskactor_expiry(at INTEGER NOT NULL, job INTEGER NOT NULL, PRIMARY KEY(at, job)) WITHOUT ROWID;
CREATE TABLE main.taskactor_unique_key(
  scope TEXT NOT NULL, key TEXT NOT NULL, job INTEGER NOT NULL, until INTEGER,
  PRIMARY KEY(scope, key)) WITHOUT ROWID;
CREATE INDEX main.taskactor_unique_key_until ON taskactor_unique_key(until) WHERE until IS NOT NULL;
CREATE TABLE main.taskactor_request(
  day INTEGER NOT NULL, id BLOB NOT NULL, job INTEGER NOT NULL, how INTEGER NOT NULL,
  PRIMARY KEY(day, id)) WITHOUT ROWID;

CREATE TABLE main.taskactor_limit(
  name TEXT PRIMARY KEY, capacity INTEGER, rate_count INTEGER, rate_period INTEGER, rate_burst INTEGER) WITHOUT ROWID;
CREATE TABLE main.taskactor_held(
  name TEXT NOT NULL, key TEXT NOT NULL, job INTEGER NOT NULL, tokens INTEGER NOT NULL,
  PRIMARY KEY(name, key, job)) WITHOUT ROWID;
CREATE TABLE main.taskactor_bucket(
  name TEXT NOT NULL, key TEXT NOT NULL, next INTEGER NOT NULL, PRIMARY KEY(name, key)) WITHOUT ROWID;
CREATE INDEX main.taskactor_bucket_next ON taskactor_bucket(next);

CREATE TABLE main.taskactor_queue(
  name TEXT PRIMARY KEY, paused INTEGER NOT NULL, ready INTEGER NOT NULL, delayed INTEGER NOT NULL,
  running INTEGER NOT NULL, turn INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE main.taskactor_share(
  queue TEXT NOT NULL, fairness TEXT NOT NULL, running INTEGER NOT NULL,
  PRIMARY KEY(queue, fairness)) WITHOUT ROWID;

CREATE TABLE main.taskactor_runner(
  id INTEGER PRIMARY KEY, name TEXT NOT NULL, incarnation INTEGER NOT NULL, dead INTEGER NOT NULL,
  beat INTEGER NOT NULL, seen INTEGER NOT NULL, host TEXT NOT NULL, boot_id TEXT NOT NULL, pid INTEGER NOT NULL,
  process_start INTEGER NOT NULL, tasks TEXT NOT NULL, UNIQUE(name, incarnation));
CREATE TABLE main.taskactor_runner_queue(
  queue TEXT NOT NULL, runner INTEGER NOT NULL, free INTEGER NOT NULL, commands INTEGER NOT NULL,
  PRIMARY KEY(queue, runner)) WITHOUT ROWID;
CREATE INDEX main.taskactor_runner_queue_runner ON taskactor_runner_queue(runner);

CREATE TABLE main.taskactor_push_key(
  push_key TEXT PRIMARY KEY, job INTEGER NOT NULL, at INTEGER NOT NULL) WITHOUT ROWID;
)sql";

/// A push by INSERT, from any language:
///
///     INSERT INTO taskactor_push(queue, task, arguments, options, push_key)
///       VALUES('mail', 'send_letter', '["ann"]', '{"priority": 2, "delay": 60}', 'letter-17');
///     SELECT job FROM taskactor_push WHERE push_key = 'letter-17';
///
/// `number` is drawn twice each time: for the job, and for a lane, should there be none.
constexpr const char* push_view_of_1 = R"sql(
CREATE VIEW main.taskactor_push(queue, task, arguments, options, push_key, job) AS
  SELECT j.queue, j.task, j.arguments, NULL, k.push_key, k.job
  FROM taskactor_push_key k LEFT JOIN taskactor_job j ON j.id = k.job;

CREATE TRIGGER main.taskactor_push_insert INSTEAD OF INSERT ON taskactor_push
WHEN NEW.push_key IS NULL OR NOT EXISTS (SELECT 1 FROM taskactor_push_key WHERE push_key = NEW.push_key)
BEGIN
  SELECT RAISE(ABORT, 'taskactor_push: the queue is a text that is not empty')
    WHERE typeof(NEW.queue) <> 'text' OR NEW.queue = '';
  SELECT RAISE(ABORT, 'taskactor_push: the task is a text that is not empty')
    WHERE typeof(NEW.task) <> 'text' OR NEW.task = '';
  SELECT RAISE(ABORT, 'taskactor_push: the push_key is a text that is not empty, or NULL')
    WHERE NEW.push_key IS NOT NULL AND (typeof(NEW.push_key) <> 'text' OR NEW.push_key = '');
  SELECT RAISE(ABORT, 'taskactor_push: the arguments are a JSON array')
    WHERE NEW.arguments IS NOT NULL
      AND (typeof(NEW.arguments) <> 'text'
           OR CASE WHEN json_valid(NEW.arguments) THEN json_type(NEW.arguments) END IS NOT 'array');
  SELECT RAISE(ABORT, 'taskactor_push: queue and task have at most 200 bytes, push_key 1000, arguments 1 MiB, and none a NUL')
    WHERE length(CAST(NEW.queue AS BLOB)) > 200 OR length(CAST(NEW.task AS BLOB)) > 200
      OR length(CAST(NEW.push_key AS BLOB)) > 1000 OR length(CAST(NEW.arguments AS BLOB)) > 1048576
      OR instr(CAST(NEW.queue || NEW.task || coalesce(NEW.push_key, '') || coalesce(NEW.arguments, '')
                    || coalesce(NEW.options, '') AS BLOB), x'00');
  SELECT RAISE(ABORT, 'taskactor_push: the options are a JSON object')
    WHERE NEW.options IS NOT NULL
      AND CASE WHEN json_valid(NEW.options) THEN json_type(NEW.options) END IS NOT 'object';
  SELECT RAISE(ABORT, 'taskactor_push: options are priority, delay, expires, timeout, keep, max_attempts, fairness_key, version')
    FROM json_each(coalesce(NEW.options, '{}'))
    WHERE key NOT IN ('priority', 'delay', 'expires', 'timeout', 'keep', 'max_attempts', 'fairness_key', 'version');
  SELECT RAISE(ABORT, 'taskactor_push: the priority is a number from 0 to 9')
    FROM json_each(coalesce(NEW.options, '{}'))
    WHERE key = 'priority' AND (type <> 'integer' OR value NOT BETWEEN 0 AND 9);
  SELECT RAISE(ABORT, 'taskactor_push: delay, expires, timeout and keep are seconds, from 0 to 1e11')
    FROM json_each(coalesce(NEW.options, '{}'))
    WHERE key IN ('delay', 'expires', 'timeout', 'keep')
      AND (type NOT IN ('integer', 'real') OR value NOT BETWEEN 0 AND 1e11);
  SELECT RAISE(ABORT, 'taskactor_push: max_attempts is a number from 1 to 1000000')
    FROM json_each(coalesce(NEW.options, '{}'))
    WHERE key = 'max_attempts' AND (type <> 'integer' OR value NOT BETWEEN 1 AND 1000000);
  SELECT RAISE(ABORT, 'taskactor_push: fairness_key and version are texts')
    FROM json_each(coalesce(NEW.options, '{}'))
    WHERE key IN ('fairness_key', 'version')
      AND (type <> 'text' OR length(CAST(value AS BLOB)) > 200 OR instr(CAST(value AS BLOB), x'00'));
  SELECT RAISE(ABORT, 'taskactor_push: names of options are written without escapes')
    WHERE instr(coalesce(NEW.options, ''), '\u');

  UPDATE taskactor_count SET value = value + 2 WHERE name = 'number';
  UPDATE taskactor_count SET value = value + 1 WHERE name = 'pushed';
  INSERT INTO taskactor_job
    SELECT n.value - 1, NEW.queue, 0, NEW.task, coalesce(json_extract(o.text, '$.version'), ''), '',
           coalesce(json_extract(o.text, '$.fairness_key'), ''), coalesce(json_extract(o.text, '$.priority'), 4),
           CAST(coalesce(json_extract(o.text, '$.keep'), 604800) * 1000000 AS INTEGER), o.now,
           o.now + CAST(json_extract(o.text, '$.expires') * 1000000 AS INTEGER), NULL, NULL, NULL,
           CAST(json_extract(o.text, '$.timeout') * 1000000 AS INTEGER),
           coalesce(json_extract(o.text, '$.max_attempts'), 1), 1000000000, 2.0, 60000000000, 0, '[]', '',
           coalesce(NEW.arguments, '[]')
    FROM taskactor_count n,
         (SELECT coalesce(NEW.options, '{}') AS text,
                 CAST(round((julianday('now') - 2440587.5) * 86400000.0) AS INTEGER) * 1000 AS now) o
    WHERE n.name = 'number';
  INSERT INTO taskactor_expiry
    SELECT j.expires, j.id FROM taskactor_job j, taskactor_count n
    WHERE n.name = 'number' AND j.id = n.value - 1 AND j.expires IS NOT NULL;
  INSERT INTO taskactor_queue SELECT NEW.queue, 0, 0, 0, 0, 0
    WHERE NOT EXISTS (SELECT 1 FROM taskactor_queue WHERE name = NEW.queue);
  UPDATE taskactor_queue
    SET ready = ready + (coalesce(json_extract(NEW.options, '$.delay'), 0) <= 0),
        delayed = delayed + (coalesce(json_extract(NEW.options, '$.delay'), 0) > 0)
    WHERE name = NEW.queue;

  INSERT INTO taskactor_delayed
    SELECT j.id, j.pushed + CAST(json_extract(NEW.options, '$.delay') * 1000000 AS INTEGER), 0, 0, 0, 0, 0, 0, '', '', NULL
    FROM taskactor_job j, taskactor_count n
    WHERE n.name = 'number' AND j.id = n.value - 1 AND coalesce(json_extract(NEW.options, '$.delay'), 0) > 0;
  INSERT INTO taskactor_lane
    SELECT n.value, j.queue, j.kind, j.task, j.version, '', j.fairness, 0, 0 FROM taskactor_job j, taskactor_count n
    WHERE n.name = 'number' AND j.id = n.value - 1 AND coalesce(json_extract(NEW.options, '$.delay'), 0) <= 0
      AND NOT EXISTS (SELECT 1 FROM taskactor_lane l INDEXED BY taskactor_lane_key
                      WHERE l.queue = j.queue AND l.kind = j.kind AND l.task = j.task AND l.version = j.version
                        AND l.limits = '' AND l.fairness = j.fairness AND l.losses = 0);
  INSERT INTO taskactor_ready
    SELECT l.id, j.priority, j.id, j.id, j.pushed, 0, 0, 0, 0, 0, 0, '', '', NULL, j.expires
    FROM taskactor_count n, taskactor_job j, taskactor_lane l
    WHERE n.name = 'number' AND j.id = n.value - 1 AND coalesce(json_extract(NEW.options, '$.delay'), 0) <= 0
      AND l.queue = j.queue AND l.kind = j.kind AND l.task = j.task AND l.version = j.version AND l.limits = ''
      AND l.fairness = j.fairness AND l.losses = 0;
  UPDATE taskactor_lane SET ready = ready + 1
    WHERE coalesce(json_extract(NEW.options, '$.delay'), 0) <= 0
      AND id = (SELECT l.id FROM taskactor_count n, taskactor_job j, taskactor_lane l
                WHERE n.name = 'number' AND j.id = n.value - 1 AND l.queue = j.queue AND l.kind = j.kind
                  AND l.task = j.task AND l.version = j.version AND l.limits = '' AND l.fairness = j.fairness
                  AND l.losses = 0);
  INSERT INTO taskactor_push_key
    SELECT NEW.push_key, j.id, j.pushed FROM taskactor_job j, taskactor_count n
    WHERE n.name = 'number' AND j.id = n.value - 1 AND NEW.push_key IS NOT NULL;
END;
)sql";

std::string random_store_id() {
  std::random_device random;
  std::string id;
  constexpr std::string_view digits = "0123456789abcdef";
  for (int i = 0; i < 32; ++i)
    id += digits[random() % digits.size()];
  return id;
}

void migrate_to_1(sqlite_database& db) {
  db.script(tables_of_1);
  db.script(push_view_of_1);
  db.run("INSERT INTO main.taskactor_meta VALUES('program', 'taskactor'), ('store', ?)", random_store_id());
  db.script(
      "INSERT INTO main.taskactor_count VALUES('number', 0), ('token', 0), ('pushed', 0), ('duplicates', 0),"
      "('claimed', 0), ('succeeded', 0), ('failed', 0), ('cancelled', 0), ('expired', 0), ('quarantined', 0),"
      "('retried', 0), ('snoozed', 0), ('released', 0), ('lost', 0), ('stale', 0), ('repeated', 0)");
}

// -- migration 2 ------------------------------------------------------------

constexpr const char* tables_of_2 = R"sql(
CREATE TABLE main.taskactor_schedule(
  name TEXT PRIMARY KEY, stamp INTEGER NOT NULL, due INTEGER, spec TEXT NOT NULL, state TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX main.taskactor_schedule_due ON taskactor_schedule(due, name) WHERE due IS NOT NULL;
)sql";

void migrate_to_2(sqlite_database& db) { db.script(tables_of_2); }

// -- migration 3 ------------------------------------------------------------

/// `state`: of `edge_state`. The index of open edges is asked once for each parent that a child has.
constexpr const char* tables_of_3 = R"sql(
CREATE TABLE main.taskactor_blocked(
  job INTEGER PRIMARY KEY, due INTEGER NOT NULL, attempts INTEGER NOT NULL, losses INTEGER NOT NULL,
  snoozes INTEGER NOT NULL, claims INTEGER NOT NULL, had_begun INTEGER NOT NULL, ended_token INTEGER NOT NULL,
  error TEXT NOT NULL, runner TEXT NOT NULL, began INTEGER);
CREATE TABLE main.taskactor_queue_blocked(queue TEXT PRIMARY KEY, blocked INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE main.taskactor_edge(
  child INTEGER NOT NULL, parent INTEGER NOT NULL, on_failure INTEGER NOT NULL, state INTEGER NOT NULL,
  PRIMARY KEY(child, parent)) WITHOUT ROWID;
CREATE INDEX main.taskactor_edge_parent ON taskactor_edge(parent, state);
CREATE INDEX main.taskactor_edge_open ON taskactor_edge(child) WHERE state = 0;
CREATE TABLE main.taskactor_release(parent INTEGER PRIMARY KEY, state INTEGER NOT NULL);
)sql";

void migrate_to_3(sqlite_database& db) { db.script(tables_of_3); }

/// Migration n is the n-th, and leads to schema n. What was released is never changed.
constexpr std::array<void (*)(sqlite_database&), sqlite_schema_version> migrations{
    &migrate_to_1, &migrate_to_2, &migrate_to_3};

// -- what a file has --------------------------------------------------------

[[noreturn]] void refuse_tables(const sqlite_database& db, const std::string& why) {
  throw error{errc::store_unusable, visible(db.path()) + ": " + why};
}

/// Zero: there is no store in it.
std::int64_t schema_of(sqlite_database& db) {
  std::string encoding; // as SQLite says it there: of two bytes a letter, if it is UTF-16
  for (auto rows = db.query("PRAGMA main.encoding"); rows.next();)
    encoding = rows.string(0);
  if (encoding != "UTF-8")
    refuse_tables(db, "its texts aren't UTF-8 (PRAGMA encoding), as a store's are: use another file for it");
  std::string found;
  for (auto rows
       = db.query("SELECT name FROM main.sqlite_schema WHERE name LIKE 'taskactor\\_%' ESCAPE '\\' AND "
                  "type <> 'index' ORDER BY name <> 'taskactor_meta', name LIMIT 1");
       rows.next();)
    found = rows.string(0);
  if (found.empty())
    return 0;
  constexpr const char* other = "another program's: names that begin with taskactor_ are this library's; use "
                                "another file for the store";
  if (found != "taskactor_meta")
    refuse_tables(db, "its table " + visible(found) + " is " + other);
  std::int64_t columns = 0;
  for (auto rows = db.query("SELECT count(*) FROM pragma_table_info('taskactor_meta') WHERE schema = 'main' "
                            "AND name IN ('name', "
                            "'value')");
       rows.next();)
    columns = rows.integer(0);
  std::int64_t schema = 0;
  bool is_ours = false;
  if (columns == 2)
    for (auto rows
         = db.query("SELECT name, value FROM main.taskactor_meta WHERE name IN ('program', 'schema')");
         rows.next();) {
      if (rows.text(0) == "program")
        is_ours = rows.text(1) == "taskactor";
      else
        schema = rows.integer(1);
    }
  if (!is_ours || schema <= 0)
    refuse_tables(db, std::string{"its table taskactor_meta is "} + other);
  if (schema > sqlite_schema_version)
    refuse_tables(db, "the store has schema " + std::to_string(schema)
                          + ", of a newer release; this one knows " + std::to_string(sqlite_schema_version)
                          + ": update this program");
  return schema;
}

} // namespace

bool has_store(sqlite_database& db) { return schema_of(db) != 0; }

void migrate_store(sqlite_database& db) {
  {
    sqlite_transaction look{db, sqlite_lock::read}; // one that others have locked can be looked at
    if (schema_of(db) == sqlite_schema_version)
      return;
  }
  for (;;) {
    sqlite_transaction change{db, sqlite_lock::write};
    const auto schema = schema_of(db); // another program may have migrated it in the meantime
    if (schema == sqlite_schema_version)
      return;
    migrations.at(static_cast<std::size_t>(schema))(db);
    db.run("INSERT OR REPLACE INTO main.taskactor_meta VALUES('schema', ?)", schema + 1);
    change.commit();
  }
}

void require_store(sqlite_database& db) {
  const auto schema = schema_of(db);
  if (schema == 0)
    refuse_tables(db,
                  "the main database of this connection has no store: open it once as a `store`; one that is "
                  "attached doesn't do");
  if (schema != sqlite_schema_version)
    refuse_tables(db, "the store has schema " + std::to_string(schema)
                          + ", of an older release than this one's " + std::to_string(sqlite_schema_version)
                          + ": open it once as a `store`");
}

} // namespace taskactor::detail
