#include "postgres_server.hpp"
#include "queues.hpp"
#include "works.hpp"

#include <taskactor/queue/postgres_store.hpp>

#include <libpq-fe.h>
#include <stdexcept>
#include <string>

namespace bench {

namespace {

taskactor::store store_in(const postgres_schema& schema) {
  return taskactor::postgres_store(postgres_address(), {.schema = schema.name()});
}

/// The rows that so many jobs would have left behind, each a copy of one that was run: the delayed ones are
/// due in a year.
void fill(const postgres_schema& schema, std::size_t finished, std::size_t delayed) {
  {
    queue_world world{store_in(schema), 0};
    check_equal(world.line().push(same_job, 1).get().value().job.wait()->value(), 1);
    world.line().push({.delay = std::chrono::hours{24 * 365}}, same_job, 1).get().value();
  }
  /// Copies of a row: all its columns, but for the number of the job.
  const auto copies
      = [](const std::string& table, const std::string& key, std::size_t count, const std::string& which) {
          return "INSERT INTO " + table + " SELECT (jsonb_populate_record(t, jsonb_build_object('" + key
                 + "', first.value + i))).* FROM " + table + " t, first, generate_series(1, "
                 + std::to_string(count) + ") i WHERE t." + key + " = " + which + ';';
        };
  const auto both = [&](const std::string& table, std::size_t count) {
    const auto which = "(SELECT min(job) FROM " + table + ')';
    return "CREATE TEMP TABLE first AS SELECT last_value AS value FROM number; SELECT setval('number', value "
           "+ "
           + std::to_string(count) + ") FROM first;" + copies("job", "id", count, which)
           + copies(table, "job", count, which) + "INSERT INTO tally(pushed"
           + (table == "history" ? ", succeeded) VALUES(" + std::to_string(count) + ", " : ") VALUES(")
           + std::to_string(count) + "); DROP TABLE first;";
  };
  schema.run("BEGIN;" + both("history", finished) + both("delayed", delayed) + "COMMIT");
  for (const auto* const each : {"job", "history", "delayed"})
    schema.run(std::string{"ANALYZE "} + each);
}

/// A transaction that goes on, and has a snapshot that nothing may be cleaned behind.
class pinned_snapshot {
public:
  pinned_snapshot() : connection_(::PQconnectdb(postgres_address().c_str())) {
    auto* const made
        = ::PQexec(connection_, "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM pg_class");
    const bool good = ::PQresultStatus(made) == PGRES_TUPLES_OK;
    ::PQclear(made);
    if (!good)
      throw std::runtime_error{"PostgreSQL takes no snapshot"};
  }
  pinned_snapshot(const pinned_snapshot&) = delete;
  pinned_snapshot& operator=(const pinned_snapshot&) = delete;
  ~pinned_snapshot() { ::PQfinish(connection_); }

private:
  PGconn* connection_;
};

double seconds_in(const postgres_schema& schema, std::size_t size, std::size_t scheduler_threads) {
  queue_world world{store_in(schema), scheduler_threads};
  return run_jobs(world, size).at("seconds");
}

} // namespace

sample run_postgres(std::size_t size, std::size_t scheduler_threads) {
  const postgres_schema schema;
  queue_world world{store_in(schema), scheduler_threads};
  return run_jobs(world, size);
}

sample run_postgres_brief(std::size_t size, std::size_t scheduler_threads) {
  const postgres_schema schema;
  queue_world world{store_in(schema), scheduler_threads};
  return run_jobs(world, size, {.keep = std::chrono::seconds{0}});
}

sample run_postgres_one(std::size_t size, std::size_t scheduler_threads) {
  const postgres_schema schema;
  queue_world world{store_in(schema), scheduler_threads};
  return run_one_by_one(world, size);
}

sample run_postgres_big(std::size_t size, std::size_t scheduler_threads) {
  const postgres_schema big;
  fill(big, size * finished_rows, size * delayed_rows);
  double with = 0, without = 0;
  for (int i = 0; i < big_rounds; ++i) {
    const postgres_schema small;
    without += seconds_in(small, size, scheduler_threads);
    with += seconds_in(big, size, scheduler_threads);
  }
  for (const auto& breach : store_in(big).check().get().value())
    throw std::runtime_error{"the filled store isn't sound: " + breach};
  return {{"slowdown", with / without}};
}

sample run_postgres_pinned(std::size_t size, std::size_t scheduler_threads) {
  const postgres_schema schema;
  const auto without = seconds_in(schema, size, scheduler_threads);
  const pinned_snapshot snapshot;
  double with = 0;
  for (int i = 0; i < big_rounds; ++i) // the last round has the dead rows of all before
    with = seconds_in(schema, size, scheduler_threads);
  return {{"slowdown", with / without}};
}

} // namespace bench
