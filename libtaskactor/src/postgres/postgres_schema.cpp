#include "postgres/postgres_schema.hpp"

#include "postgres/postgres_limits.hpp"

#include <taskactor/detail/visible_text.hpp>

#include <array>
#include <string>

namespace taskactor::detail {

namespace {

// -- migration 1 ------------------------------------------------------------

#define TASKACTOR_TRIES                                                                                      \
  "attempts integer NOT NULL, losses integer NOT NULL, snoozes integer NOT NULL, claims integer NOT NULL, "  \
  "had_begun boolean NOT NULL, ended_token bigint NOT NULL, error bytea NOT NULL, runner text NOT NULL, "    \
  "began bigint"
/// Rows that come and go: vacuumed by their number, not by their part of the table, and with room for HOT.
#define TASKACTOR_BUSY                                                                                       \
  " WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000, "                       \
  "autovacuum_vacuum_cost_delay = 0, fillfactor = 80)"

/// Times are microseconds since 1970, as everywhere in a store: a time that is too far away is never.
constexpr const char* tables_of_1
    = "CREATE TABLE @meta(name text PRIMARY KEY, value text NOT NULL);"
      "CREATE SEQUENCE @number;" // of jobs, places in line, lanes and runners
      "CREATE SEQUENCE @token;"
      "CREATE TABLE @job(id bigint PRIMARY KEY, queue text NOT NULL, kind smallint NOT NULL, task text NOT "
      "NULL, "
      "version text NOT NULL, limits text NOT NULL, fairness text NOT NULL, priority smallint NOT NULL, "
      "keep bigint NOT NULL, pushed bigint NOT NULL, expires bigint, unique_scope text, unique_key text, "
      "unique_until smallint, timeout bigint, max_attempts bigint NOT NULL, backoff_first bigint NOT NULL, "
      "backoff_factor double precision NOT NULL, backoff_max bigint NOT NULL, backoff_jitter bigint NOT "
      "NULL, "
      "tags jsonb NOT NULL, trace text NOT NULL, arguments text NOT NULL);"
      "CREATE TABLE @lane(id bigint PRIMARY KEY, queue text NOT NULL, kind smallint NOT NULL, task text NOT "
      "NULL, "
      "version text NOT NULL, limits text NOT NULL, limit_names text[] NOT NULL, fairness text NOT NULL, "
      "losses smallint NOT NULL, key bigint NOT NULL);"
      "CREATE INDEX ON @lane(queue, id);"
      "CREATE INDEX ON @lane(key);"
      "CREATE TABLE @ready(lane bigint NOT NULL, priority smallint NOT NULL, seq bigint NOT NULL, "
      "job bigint NOT NULL, since bigint NOT NULL, expires bigint, " TASKACTOR_TRIES
      ", PRIMARY KEY(lane, priority, seq))" TASKACTOR_BUSY ";"
      "CREATE UNIQUE INDEX ON @ready(job);"
      "CREATE INDEX ON @ready(expires) WHERE expires IS NOT NULL;"
      "CREATE TABLE @delayed(job bigint PRIMARY KEY, queue text NOT NULL, due bigint NOT NULL, expires "
      "bigint, " TASKACTOR_TRIES ")" TASKACTOR_BUSY ";"
      "CREATE INDEX ON @delayed(due, job);"
      "CREATE INDEX ON @delayed(expires) WHERE expires IS NOT NULL;"
      "CREATE TABLE @running(job bigint PRIMARY KEY, token bigint NOT NULL, runner_id bigint NOT NULL, "
      "queue text NOT NULL, fairness text NOT NULL, seq bigint NOT NULL, since bigint NOT NULL, "
      "begun boolean NOT NULL, alone boolean NOT NULL, cancel boolean NOT NULL, " TASKACTOR_TRIES
      ")" TASKACTOR_BUSY ";"
      "CREATE INDEX ON @running(runner_id, token);"
      "CREATE INDEX ON @running(queue, fairness);"
      "CREATE TABLE @history(job bigint PRIMARY KEY, state smallint NOT NULL, ended bigint NOT NULL, "
      "kept_until bigint NOT NULL, " TASKACTOR_TRIES ", cancel boolean NOT NULL, result bytea NOT NULL);"
      "CREATE INDEX ON @history(kept_until);"
      "CREATE INDEX ON @history(state, job) WHERE state > 3;"
      "CREATE TABLE @attempt(job bigint NOT NULL, number integer NOT NULL, runner text NOT NULL, "
      "began bigint NOT NULL, ended bigint NOT NULL, \"end\" text NOT NULL, error bytea NOT NULL, "
      "PRIMARY KEY(job, number));"
      "CREATE TABLE @progress(job bigint PRIMARY KEY, done bigint NOT NULL, total bigint NOT NULL, text text "
      "NOT NULL)" TASKACTOR_BUSY ";"
      "CREATE TABLE @output(job bigint NOT NULL, at bigint NOT NULL, bytes bytea NOT NULL, PRIMARY KEY(job, "
      "at));"
      "CREATE TABLE @unique_key(scope text NOT NULL, key text NOT NULL, job bigint NOT NULL, until bigint, "
      "PRIMARY KEY(scope, key));"
      "CREATE INDEX ON @unique_key(until) WHERE until IS NOT NULL;"
      "CREATE TABLE @request(id bytea PRIMARY KEY, day integer NOT NULL, job bigint NOT NULL, how smallint "
      "NOT NULL);"
      "CREATE INDEX ON @request(day);"
      "CREATE TABLE @limits(name text PRIMARY KEY, capacity bigint, rate_count bigint, rate_period bigint, "
      "rate_burst bigint);"
      "CREATE TABLE @held(name text NOT NULL, key text NOT NULL, job bigint NOT NULL, tokens bigint NOT "
      "NULL, "
      "PRIMARY KEY(name, key, job))" TASKACTOR_BUSY ";"
      "CREATE INDEX ON @held(job);"
      "CREATE TABLE @bucket(name text NOT NULL, key text NOT NULL, next bigint NOT NULL, PRIMARY KEY(name, "
      "key))" TASKACTOR_BUSY ";"
      "CREATE INDEX ON @bucket(next);"
      "CREATE TABLE @queue(name text PRIMARY KEY, paused boolean NOT NULL, turn bigint NOT "
      "NULL)" TASKACTOR_BUSY ";"
      "CREATE TABLE @runner(id bigint PRIMARY KEY, name text NOT NULL, incarnation bigint NOT NULL, "
      "dead boolean NOT NULL, beat bigint NOT NULL, seen bigint NOT NULL, host text NOT NULL, boot_id text "
      "NOT NULL, "
      "pid bigint NOT NULL, process_start bigint NOT NULL, tasks text NOT NULL, UNIQUE(name, "
      "incarnation))" TASKACTOR_BUSY ";"
      "CREATE TABLE @runner_queue(queue text NOT NULL, runner bigint NOT NULL, free bigint NOT NULL, "
      "commands boolean NOT NULL, PRIMARY KEY(queue, runner))" TASKACTOR_BUSY ";"
      "CREATE INDEX ON @runner_queue(runner);"
      "CREATE TABLE @tally(id bigserial PRIMARY KEY, pushed bigint NOT NULL DEFAULT 0, "
      "duplicates bigint NOT NULL DEFAULT 0, claimed bigint NOT NULL DEFAULT 0, succeeded bigint NOT NULL "
      "DEFAULT 0, "
      "failed bigint NOT NULL DEFAULT 0, cancelled bigint NOT NULL DEFAULT 0, expired bigint NOT NULL "
      "DEFAULT 0, "
      "quarantined bigint NOT NULL DEFAULT 0, retried bigint NOT NULL DEFAULT 0, snoozed bigint NOT NULL "
      "DEFAULT 0, "
      "released bigint NOT NULL DEFAULT 0, lost bigint NOT NULL DEFAULT 0, stale bigint NOT NULL DEFAULT 0, "
      "repeated bigint NOT NULL DEFAULT 0)" TASKACTOR_BUSY ";";

constexpr const char* functions_of_1 = R"sql(
CREATE FUNCTION @now_us() RETURNS bigint LANGUAGE sql VOLATILE AS
  $f$SELECT floor(extract(epoch FROM pg_catalog.clock_timestamp()) * 1000000)::bigint$f$;

-- Others hear that these queues have ready jobs, if somebody has an empty slot for them; or any; or that jobs have
-- ended. `from_`: who says so; `canary_`: to hear it himself.
CREATE FUNCTION @tell(from_ text, queues_ text[], all_ boolean, ended_ boolean, canary_ boolean) RETURNS void
  LANGUAGE plpgsql AS $f$
BEGIN
  PERFORM pg_catalog.pg_notify('@channel', from_ || ':' || what) FROM (
    SELECT 'q' || q AS what FROM unnest(queues_) q WHERE NOT all_ AND EXISTS (SELECT 1 FROM @runner_queue r WHERE r.queue = q
      AND r.free > 0)
    UNION ALL SELECT 'a' WHERE all_ UNION ALL SELECT 'e' WHERE ended_ UNION ALL SELECT 'c' WHERE canary_) n;
END $f$;

-- A lane of these, which stays until this transaction is over. Two may make one at once: that doesn't matter.
CREATE FUNCTION @lane_of(queue_ text, kind_ smallint, task_ text, version_ text, limits_ text, names_ text[],
                         fairness_ text, losses_ smallint) RETURNS bigint LANGUAGE plpgsql AS $f$
DECLARE
  key_ constant bigint := pg_catalog.hashtextextended(pg_catalog.concat_ws(E'\x1f', queue_, kind_, task_, version_,
                                                                           limits_, fairness_, losses_), 0);
  found_ bigint;
BEGIN
  SELECT id INTO found_ FROM @lane l WHERE l.key = key_ AND l.queue = queue_ AND l.kind = kind_ AND l.task = task_
    AND l.version = version_ AND l.limits = limits_ AND l.fairness = fairness_ AND l.losses = losses_
    LIMIT 1 FOR KEY SHARE;
  IF found_ IS NULL THEN
    found_ := pg_catalog.nextval('@number');
    INSERT INTO @lane VALUES(found_, queue_, kind_, task_, version_, limits_, names_, fairness_, losses_, key_);
  END IF;
  RETURN found_;
END $f$;

-- Of these lanes those that have no jobs, and get none just now. The count is in a later statement than the lock.
CREATE FUNCTION @drop_lanes(lanes_ bigint[]) RETURNS bigint LANGUAGE plpgsql AS $f$
DECLARE
  locked bigint[];
  gone bigint;
BEGIN
  SELECT array_agg(id) INTO locked
    FROM (SELECT id FROM @lane WHERE id = ANY(lanes_) ORDER BY id FOR UPDATE SKIP LOCKED) l;
  DELETE FROM @lane l WHERE l.id = ANY(locked) AND NOT EXISTS (SELECT 1 FROM @ready r WHERE r.lane = l.id);
  GET DIAGNOSTICS gone = ROW_COUNT;
  RETURN gone;
END $f$;

-- A push from any language, in anyone's transaction. Durations are seconds.
CREATE FUNCTION @push(queue text, task text, args jsonb DEFAULT '[]', options jsonb DEFAULT '{}') RETURNS bigint
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $f$
#variable_conflict use_variable
DECLARE
  o constant jsonb := coalesce(options, '{}'::jsonb);
  now_ constant bigint := @now_us();
  id_ bigint;
  due_ bigint;
  bad_ text;
  expires_ bigint;
BEGIN
  IF queue IS NULL OR queue = '' OR task IS NULL OR task = '' OR octet_length(queue) > 200 OR octet_length(task) > 200 THEN
    RAISE EXCEPTION 'taskactor.push: queue and task have from 1 to 200 bytes' USING ERRCODE = '22023';
  END IF;
  IF jsonb_typeof(coalesce(args, '[]')) <> 'array' THEN
    RAISE EXCEPTION 'taskactor.push: the arguments are a JSON array' USING ERRCODE = '22023';
  END IF;
  IF octet_length(args::text) > 1048576 THEN
    RAISE EXCEPTION 'taskactor.push: the arguments have at most 1 MiB' USING ERRCODE = '22023';
  END IF;
  IF jsonb_typeof(o) <> 'object' THEN
    RAISE EXCEPTION 'taskactor.push: the options are a JSON object' USING ERRCODE = '22023';
  END IF;
  SELECT k INTO bad_ FROM jsonb_object_keys(o) k
    WHERE k NOT IN ('priority', 'delay', 'expires', 'timeout', 'keep', 'max_attempts', 'fairness_key', 'version') LIMIT 1;
  IF bad_ IS NOT NULL THEN
    RAISE EXCEPTION 'taskactor.push: there is no option "%"; there are priority, delay, expires, timeout, keep, max_attempts, fairness_key, version', bad_
      USING ERRCODE = '22023';
  END IF;
  SELECT key INTO bad_ FROM jsonb_each(o) WHERE key IN ('delay', 'expires', 'timeout', 'keep')
    AND CASE WHEN jsonb_typeof(value) = 'number' THEN value::numeric NOT BETWEEN 0 AND 1e11 ELSE true END LIMIT 1;
  IF bad_ IS NOT NULL THEN
    RAISE EXCEPTION 'taskactor.push: % is a number of seconds, from 0 to 1e11', bad_ USING ERRCODE = '22023';
  END IF;
  IF (o ? 'priority' AND CASE WHEN jsonb_typeof(o->'priority') = 'number' THEN (o->>'priority')::numeric NOT IN (0,1,2,3,4,5,6,7,8,9) ELSE true END) THEN
    RAISE EXCEPTION 'taskactor.push: the priority is a number from 0 to 9' USING ERRCODE = '22023';
  END IF;
  IF (o ? 'max_attempts' AND CASE WHEN jsonb_typeof(o->'max_attempts') = 'number' THEN (o->>'max_attempts')::numeric NOT BETWEEN 1 AND 1000000
      OR (o->>'max_attempts')::numeric % 1 <> 0 ELSE true END) THEN
    RAISE EXCEPTION 'taskactor.push: max_attempts is a number from 1 to 1000000' USING ERRCODE = '22023';
  END IF;
  SELECT key INTO bad_ FROM jsonb_each(o) WHERE key IN ('fairness_key', 'version')
    AND (jsonb_typeof(value) <> 'string' OR octet_length(value #>> '{}') > 200) LIMIT 1;
  IF bad_ IS NOT NULL THEN
    RAISE EXCEPTION 'taskactor.push: % is a text of at most 200 bytes', bad_ USING ERRCODE = '22023';
  END IF;

  id_ := nextval('@number');
  due_ := now_ + floor(coalesce((o->>'delay')::numeric, 0) * 1000000)::bigint;
  expires_ := now_ + floor((o->>'expires')::numeric * 1000000)::bigint;
  INSERT INTO @job VALUES(id_, queue, 0, task, coalesce(o->>'version', ''), '', coalesce(o->>'fairness_key', ''),
    coalesce((o->>'priority')::numeric::smallint, 4::smallint), floor(coalesce((o->>'keep')::numeric, 604800) * 1000000)::bigint,
    now_, expires_, NULL, NULL, NULL, floor((o->>'timeout')::numeric * 1000000)::bigint,
    coalesce((o->>'max_attempts')::numeric::bigint, 1), 1000000000, 2, 60000000000, 0, '[]', '', coalesce(args, '[]')::text);
  IF due_ > now_ THEN
    INSERT INTO @delayed VALUES(id_, queue, due_, expires_, 0, 0, 0, 0, false, 0, '', '', NULL);
  ELSE
    INSERT INTO @ready VALUES(@lane_of(queue, 0::smallint, task, coalesce(o->>'version', ''), '', '{}',
                                       coalesce(o->>'fairness_key', ''), 0::smallint),
      coalesce((o->>'priority')::numeric::smallint, 4::smallint), id_, id_, now_, expires_, 0, 0, 0, 0, false, 0, '', '', NULL);
  END IF;
  INSERT INTO @tally(pushed) VALUES(1);
  IF due_ <= now_ THEN
    PERFORM @tell('', ARRAY[queue], false, false, false);
  END IF;
  RETURN id_;
END $f$;

REVOKE ALL ON FUNCTION @push(text, text, jsonb, jsonb) FROM PUBLIC;
)sql";

/// Roles are the whole server's: who may not make them does without; they can be made later.
constexpr const char* roles_of_1 = R"sql(
DO $f$
DECLARE
  each_ text;
BEGIN
  FOREACH each_ IN ARRAY ARRAY['taskactor_push', 'taskactor_run', 'taskactor_read'] LOOP
    IF NOT EXISTS (SELECT 1 FROM pg_catalog.pg_roles WHERE rolname = each_) THEN
      BEGIN
        EXECUTE pg_catalog.format('CREATE ROLE %I NOLOGIN', each_);
      EXCEPTION WHEN insufficient_privilege OR duplicate_object OR unique_violation THEN
        NULL;
      END;
    END IF;
  END LOOP;
  IF (SELECT count(*) FROM pg_catalog.pg_roles WHERE rolname IN ('taskactor_push', 'taskactor_run', 'taskactor_read')) = 3 THEN
    GRANT USAGE ON SCHEMA @@ TO taskactor_push, taskactor_run, taskactor_read;
    GRANT EXECUTE ON FUNCTION @push(text, text, jsonb, jsonb) TO taskactor_push, taskactor_run;
    GRANT SELECT ON ALL TABLES IN SCHEMA @@ TO taskactor_run, taskactor_read;
    GRANT SELECT ON ALL SEQUENCES IN SCHEMA @@ TO taskactor_read;
    GRANT SELECT ON @meta TO taskactor_push;
    GRANT INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA @@ TO taskactor_run;
    REVOKE INSERT, UPDATE, DELETE ON @meta FROM taskactor_run;
    GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA @@ TO taskactor_run;
  END IF;
END $f$;
)sql";

void replace_all(std::string& in, std::string_view what, const std::string& by) {
  for (auto at = in.find(what); at != std::string::npos; at = in.find(what, at + by.size()))
    in.replace(at, what.size(), by);
}

std::string with_schema(const postgres_connection& connection, std::string sql) {
  replace_all(sql, "@channel", postgres_channel(connection.options().schema));
  replace_all(sql, "@@", '"' + connection.options().schema + '"');
  return connection.in_schema(sql);
}

std::string script_of_1(const postgres_connection& connection) {
  return with_schema(connection, std::string{tables_of_1} + functions_of_1 + roles_of_1
                                     + "INSERT INTO @meta VALUES('program', 'taskactor'), ('store', "
                                       "pg_catalog.gen_random_uuid()::text);");
}

// -- migration 2 ------------------------------------------------------------

/// Names in the order of their bytes, as in all stores.
constexpr const char* tables_of_2
    = "CREATE TABLE @schedule(name text COLLATE \"C\" PRIMARY KEY, stamp bigint NOT NULL, due bigint, spec "
      "text NOT NULL, state text NOT NULL)" TASKACTOR_BUSY ";"
      "CREATE INDEX ON @schedule(due, name) WHERE due IS NOT NULL;";

constexpr const char* rights_of_2 = R"sql(
DO $f$
BEGIN
  IF (SELECT count(*) FROM pg_catalog.pg_roles WHERE rolname IN ('taskactor_run', 'taskactor_read')) = 2 THEN
    GRANT SELECT, INSERT, UPDATE, DELETE ON @schedule TO taskactor_run;
    GRANT SELECT ON @schedule TO taskactor_read;
  END IF;
END $f$;
)sql";

std::string script_of_2(const postgres_connection& connection) {
  return with_schema(connection, std::string{tables_of_2} + rights_of_2);
}

/// Migration n is the n-th, and leads to schema n. What was released is never changed.
constexpr std::array<std::string (*)(const postgres_connection&), postgres_schema_version> migrations{
    &script_of_1, &script_of_2};

// -- what a database has ----------------------------------------------------

[[noreturn]] void refuse_schema(const postgres_connection& connection, const std::string& why) {
  throw error{errc::store_unusable,
              connection.place() + ": the schema " + visible(connection.options().schema) + ' ' + why};
}

/// Zero: there is no store in it.
std::int64_t schema_of(postgres_connection& connection, postgres_connection::clock::time_point until,
                       postgres_owner whose = postgres_owner::store) {
  const auto& schema = connection.options().schema;
  postgres_batch look;
  look.add("SELECT current_setting('server_encoding'), current_setting('server_version_num')::int, "
           "has_schema_privilege(n.oid, 'USAGE') FROM (SELECT 1) one LEFT JOIN pg_catalog.pg_namespace n ON "
           "n.nspname = $1",
           postgres_values{schema});
  look.add(
      "SELECT c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = "
      "c.relnamespace WHERE n.nspname = $1 AND c.relkind IN ('r', 'p', 'v') ORDER BY c.relname <> 'meta', "
      "c.relname LIMIT 1",
      postgres_values{schema});
  const auto found = connection.run(look, until);
  const auto about = found[0].front();
  if (about.text(0) != "UTF8")
    throw error{errc::store_unusable, connection.place() + ": the database's texts aren't UTF-8 but "
                                          + about.string(0)
                                          + ": make one with ENCODING 'UTF8' for the store"};
  if (about.integer(1) < 130000)
    throw error{errc::store_unusable,
                connection.place() + ": the server is older than PostgreSQL 13, which a store needs"};
  if (!about.is_null(2) && !about.flag(2))
    refuse_schema(connection,
                  "may not be used by this user: grant it taskactor_push, taskactor_run or taskactor_read");
  if (found[1].empty())
    return 0;
  constexpr const char* other = "is another program's: name another one for the store (its option `schema`)";
  if (found[1].front().text(0) != "meta")
    refuse_schema(connection, other);
  std::int64_t version = 0;
  bool is_ours = false;
  try {
    constexpr const char* said = "SELECT name, value FROM @meta WHERE name IN ('program', 'schema')";
    const auto rows = whose == postgres_owner::caller ? connection.run(said, {}, until)
                                                      : run_limited(connection, said, {}, until);
    for (const auto row : rows)
      if (row.text(0) == "program")
        is_ours = row.text(1) == "taskactor";
      else
        version = row.integer(1);
  } catch (const postgres_error& why) {
    if (why.state() == "42703")
      refuse_schema(connection, other);
    throw;
  }
  if (!is_ours || version <= 0)
    refuse_schema(connection, other);
  if (version > postgres_schema_version)
    refuse_schema(connection, "is of a newer release: it has number " + std::to_string(version)
                                  + ", this one knows " + std::to_string(postgres_schema_version)
                                  + ": update this program");
  return version;
}

} // namespace

void migrate_store(postgres_connection& connection, postgres_connection::clock::time_point until) {
  if (schema_of(connection, until) == postgres_schema_version)
    return;
  for (;;) {
    // One at a time: what is locked is the schema's name.
    const postgres_values name{"taskactor migration of " + connection.options().schema};
    postgres_batch begin;
    begin.add("BEGIN ISOLATION LEVEL READ COMMITTED")
        .add("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", name)
        .add(limit_statements, postgres_limits(connection.options()));
    connection.run(begin, until);
    std::int64_t version = 0;
    try {
      version = schema_of(connection, until); // another program may have migrated it in the meantime
    } catch (const postgres_error&) {
      throw;
    } catch (const error&) {
      connection.run("ROLLBACK", {}, until);
      throw;
    }
    if (version == postgres_schema_version) {
      connection.run("COMMIT", {}, until);
      return;
    }
    if (version == 0 && !connection.options().create) {
      connection.run("ROLLBACK", {}, until);
      throw error{errc::store_unusable, connection.place() + ": there is no store in it"};
    }
    auto script = migrations.at(static_cast<std::size_t>(version))(connection);
    if (version == 0)
      script = "CREATE SCHEMA IF NOT EXISTS \"" + connection.options().schema + "\";" + script;
    script += "INSERT INTO @meta VALUES('schema', '" + std::to_string(version + 1)
              + "') ON CONFLICT(name) DO UPDATE SET value = excluded.value; COMMIT";
    connection.script(script, until);
  }
}

void require_store(postgres_connection& connection, postgres_connection::clock::time_point until,
                   postgres_owner whose) {
  const auto version = schema_of(connection, until, whose);
  if (version == 0)
    refuse_schema(connection, "has no store: open it once as a `store`");
  if (version != postgres_schema_version)
    refuse_schema(connection, "is of an older release: open it once as a `store`");
}

} // namespace taskactor::detail
