#include "queues.hpp"
#include "works.hpp"

#include <algorithm>
#include <sqlite3.h>
#include <stdexcept>
#include <string>

namespace bench {

namespace {

/// Runs statements on a store's file, as nobody else has it open.
class plain_sql {
public:
  explicit plain_sql(const std::string& file) {
    if (sqlite3_open_v2(file.c_str(), &db_, SQLITE_OPEN_READWRITE, nullptr) != SQLITE_OK)
      fail();
    sqlite3_busy_timeout(db_, 10'000); // who has just closed it may have it a moment longer
  }
  plain_sql(const plain_sql&) = delete;
  plain_sql& operator=(const plain_sql&) = delete;
  ~plain_sql() { sqlite3_close(db_); }

  void run(const std::string& script) {
    if (sqlite3_exec(db_, script.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK)
      fail();
  }

private:
  [[noreturn]] void fail() {
    const std::string why = sqlite3_errmsg(db_);
    throw std::runtime_error{"the store can't be filled: " + why};
  }

  sqlite3* db_ = nullptr;
};

/// The rows that so many jobs would have left behind, each a copy of one that was run: the delayed ones are
/// due in a year.
void fill(const std::string& file, std::size_t finished, std::size_t delayed) {
  {
    queue_world world{file, 0};
    check_equal(world.line().push(same_job, 1).get().value().job.wait()->value(), 1);
    world.line().push({.delay = std::chrono::hours{24 * 365}}, same_job, 1).get().value();
  }
  plain_sql db{file};
  const auto numbers = [](std::size_t count) {
    return "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < " + std::to_string(count)
           + ") ";
  };
  /// All columns of a row but the first, which is its number.
  const auto copies = [&](const std::string& table, const std::string& key, const std::string& rest,
                          std::size_t count, const std::string& which) {
    return "INSERT INTO taskactor_" + table + ' ' + numbers(count) + "SELECT (SELECT value FROM first) + i, "
           + rest + " FROM n, taskactor_" + table + " t WHERE t." + key + " = " + which + ';';
  };
  const std::string job = "queue, kind, task, version, limits, fairness, priority, keep, pushed, expires, "
                          "unique_scope, unique_key, unique_until, timeout, max_attempts, backoff_first, "
                          "backoff_factor, backoff_max, backoff_jitter, tags, trace, arguments";
  const std::string history
      = "state, ended, kept_until, attempts, losses, snoozes, claims, had_begun, ended_token, error, runner, "
        "began, cancel, result";
  const std::string waiting
      = "due, attempts, losses, snoozes, claims, had_begun, ended_token, error, runner, began";
  const std::string begin
      = "CREATE TEMP TABLE first AS SELECT value FROM taskactor_count WHERE name = 'number';";
  const auto end = [](std::size_t count) {
    return "UPDATE taskactor_count SET value = value + " + std::to_string(count)
           + " WHERE name = 'number'; UPDATE taskactor_count SET value = value + " + std::to_string(count)
           + " WHERE name = 'pushed'; DROP TABLE first;";
  };
  const std::string ended = "(SELECT min(job) FROM taskactor_history)",
                    delayed_one = "(SELECT min(job) FROM taskactor_delayed)";
  db.run("PRAGMA synchronous = OFF; BEGIN;" + begin + copies("job", "id", job, finished, ended)
         + copies("history", "job", history, finished, ended) + "UPDATE taskactor_count SET value = value + "
         + std::to_string(finished) + " WHERE name = 'succeeded';" + end(finished));
  db.run(begin + copies("job", "id", job, delayed, delayed_one)
         + copies("delayed", "job", waiting, delayed, delayed_one)
         + "UPDATE taskactor_queue SET delayed = delayed + " + std::to_string(delayed) + ';' + end(delayed)
         + "COMMIT; PRAGMA synchronous = FULL; PRAGMA wal_checkpoint(TRUNCATE)");
}

} // namespace

sample run_queue_big(std::size_t size, std::size_t scheduler_threads) {
  const store_folder place;
  const auto big = place.file("big.db");
  fill(big, size * finished_rows, size * delayed_rows);
  double with = 0, without = 0;
  for (int i = 0; i < big_rounds; ++i) {
    without
        += run_jobs(place.file("small" + std::to_string(i) + ".db"), size, scheduler_threads).at("seconds");
    with += run_jobs(big, size, scheduler_threads).at("seconds");
  }
  const taskactor::store filled{big};
  const auto breaches = filled.check().get().value();
  for (const auto& breach : breaches)
    throw std::runtime_error{"the filled store isn't sound: " + breach};
  return {{"slowdown", with / without}};
}

} // namespace bench
