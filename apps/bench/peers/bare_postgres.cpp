/// A peer of taskactor-bench: what PostgreSQL itself takes, by the shortest loops that keep jobs in tables.
///
/// One connection, three tables, of which a job has a row in one at a time, and its result at the end; each
/// set is one statement, and one commit. It lacks everything around: tasks that run, runners that may die,
/// priorities, limits, keys, retries, who else takes jobs.
#include "peer.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <libpq-fe.h>
#include <stdexcept>
#include <string>

using namespace bench;

namespace {

constexpr std::size_t together = 500; // as a store of ours

class bare_tables {
public:
  bare_tables() {
    const char* const address = std::getenv("TASKACTOR_BENCH_POSTGRES");
    if (address == nullptr)
      throw std::runtime_error{"TASKACTOR_BENCH_POSTGRES isn't set: there is no server to ask"};
    connection_ = ::PQconnectdb(address);
    run("SET client_min_messages = error; DROP SCHEMA IF EXISTS bare CASCADE; CREATE SCHEMA bare; "
        "SET search_path = bare;"
        "CREATE TABLE ready(id bigint PRIMARY KEY, task text NOT NULL, arguments text NOT NULL);"
        "CREATE TABLE running(id bigint PRIMARY KEY, task text NOT NULL, arguments text NOT NULL);"
        "CREATE TABLE history(id bigint PRIMARY KEY, task text NOT NULL, arguments text NOT NULL, "
        "result text NOT NULL)");
    prepare("push", "INSERT INTO ready SELECT i, 'same', '[' || i || ']' FROM generate_series($1::bigint, "
                    "$2::bigint) i");
    prepare("claim",
            "WITH gone AS (DELETE FROM ready WHERE id IN (SELECT id FROM ready WHERE id BETWEEN $1::bigint "
            "AND $2::bigint FOR UPDATE SKIP LOCKED) RETURNING *) INSERT INTO running SELECT * FROM gone "
            "RETURNING *");
    prepare("finish",
            "WITH gone AS (DELETE FROM running WHERE id BETWEEN $1::bigint AND $2::bigint RETURNING *) "
            "INSERT INTO history SELECT id, task, arguments, id::text FROM gone");
  }
  bare_tables(const bare_tables&) = delete;
  bare_tables& operator=(const bare_tables&) = delete;
  ~bare_tables() { ::PQfinish(connection_); }

  /// From the first to before the last.
  void commit(const char* what, std::size_t from, std::size_t to) {
    const auto first = std::to_string(from), last = std::to_string(to - 1);
    const std::array<const char*, 2> values{first.c_str(), last.c_str()};
    take(::PQexecPrepared(connection_, what, 2, values.data(), nullptr, nullptr, 0));
  }
  void check(std::size_t size) {
    auto* const found = ::PQexec(connection_, "SELECT count(*) FROM history WHERE result = id::text");
    check_equal(std::stoul(::PQgetvalue(found, 0, 0)), size);
    ::PQclear(found);
  }

private:
  void take(PGresult* made) const {
    const auto status = ::PQresultStatus(made);
    ::PQclear(made);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
      throw std::runtime_error{::PQerrorMessage(connection_)};
  }
  void run(const char* sql) { take(::PQexec(connection_, sql)); }
  void prepare(const char* name, const char* sql) { take(::PQprepare(connection_, name, sql, 0, nullptr)); }

  PGconn* connection_ = nullptr;
};

sample run_sets(std::size_t size, std::size_t in_set) {
  bare_tables jobs;
  const stopwatch watch;
  for (std::size_t from = 0; from < size; from += in_set)
    for (const auto* const what : {"push", "claim", "finish"})
      jobs.commit(what, from, std::min(size, from + in_set));
  auto taken = watch.read();
  jobs.check(size);
  return taken;
}

sample run_many(std::size_t size) { return run_sets(size, together); }
sample run_one(std::size_t size) { return run_sets(size, 1); }

} // namespace

int main(int argc, char** argv) {
  return serve(
      {.name = "bare libpq",
       .version = std::to_string(::PQlibVersion() / 10'000) + '.' + std::to_string(::PQlibVersion() % 10'000),
       .works = {{"postgres", run_many}, {"postgres-one", run_one}}},
      argc, argv);
}
