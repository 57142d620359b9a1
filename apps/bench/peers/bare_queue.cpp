/// A peer of taskactor-bench: what SQLite itself takes, by the shortest loops that keep jobs in a file.
///
/// One thread, one connection, WAL and synchronous FULL, as a store of ours has them; three tables, of which
/// a job has a row in one at a time, and its result at the end. It lacks everything around: tasks that run,
/// runners that may die, priorities, limits, keys, retries, who else looks.
#include "peer.hpp"
#include "store_folder.hpp"

#include <algorithm>
#include <chrono>
#include <memory>
#include <sqlite3.h>
#include <stdexcept>
#include <string>
#include <thread>

using namespace bench;

namespace {

constexpr std::size_t together = 500; // as a store of ours

using statement = std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)>;

class bare_store {
public:
  bare_store() {
    if (sqlite3_open(place_.file("jobs.db").c_str(), &db_) != SQLITE_OK)
      fail();
    run("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
        "CREATE TABLE ready(id INTEGER PRIMARY KEY, task TEXT NOT NULL, arguments TEXT NOT NULL);"
        "CREATE TABLE running(id INTEGER PRIMARY KEY, task TEXT NOT NULL, arguments TEXT NOT NULL);"
        "CREATE TABLE history(id INTEGER PRIMARY KEY, task TEXT NOT NULL, arguments TEXT NOT NULL, "
        "result TEXT NOT NULL);");
    push_ = prepare("INSERT INTO ready VALUES(?1, 'same', '[' || ?1 || ']')");
    claim_ = prepare("INSERT INTO running SELECT * FROM ready WHERE id = ?1");
    unready_ = prepare("DELETE FROM ready WHERE id = ?1");
    finish_ = prepare("INSERT INTO history SELECT id, task, arguments, ?1 FROM running WHERE id = ?1");
    unrun_ = prepare("DELETE FROM running WHERE id = ?1");
  }
  bare_store(const bare_store&) = delete;
  bare_store& operator=(const bare_store&) = delete;
  ~bare_store() {
    for (auto* each : {&push_, &claim_, &unready_, &finish_, &unrun_})
      each->reset();
    sqlite3_close(db_);
  }

  void push(std::size_t from, std::size_t to) { commit({push_.get()}, from, to); }
  void claim(std::size_t from, std::size_t to) { commit({claim_.get(), unready_.get()}, from, to); }
  void finish(std::size_t from, std::size_t to) { commit({finish_.get(), unrun_.get()}, from, to); }

  void check(std::size_t size) {
    const auto count = prepare("SELECT count(*) FROM history WHERE CAST(result AS INTEGER) = id");
    sqlite3_step(count.get());
    check_equal(static_cast<std::size_t>(sqlite3_column_int64(count.get(), 0)), size);
  }

private:
  [[noreturn]] void fail() const { throw std::runtime_error{sqlite3_errmsg(db_)}; }

  void run(const char* sql) {
    if (sqlite3_exec(db_, sql, nullptr, nullptr, nullptr) != SQLITE_OK)
      fail();
  }

  statement prepare(const char* sql) {
    sqlite3_stmt* made = nullptr;
    if (sqlite3_prepare_v3(db_, sql, -1, SQLITE_PREPARE_PERSISTENT, &made, nullptr) != SQLITE_OK)
      fail();
    return {made, sqlite3_finalize};
  }

  /// These statements for each of the ids, in one transaction.
  void commit(std::initializer_list<sqlite3_stmt*> what, std::size_t from, std::size_t to) {
    run("BEGIN IMMEDIATE");
    for (auto id = from; id < to; ++id)
      for (auto* each : what) {
        sqlite3_bind_int64(each, 1, static_cast<sqlite3_int64>(id));
        if (sqlite3_step(each) != SQLITE_DONE)
          fail();
        sqlite3_reset(each);
      }
    run("COMMIT");
  }

  const store_folder place_;
  sqlite3* db_ = nullptr;
  statement push_{nullptr, sqlite3_finalize}, claim_{nullptr, sqlite3_finalize},
      unready_{nullptr, sqlite3_finalize}, finish_{nullptr, sqlite3_finalize},
      unrun_{nullptr, sqlite3_finalize};
};

sample run_sets(std::size_t size, std::size_t in_set) {
  bare_store jobs;
  const stopwatch watch;
  for (std::size_t from = 0; from < size; from += in_set) {
    const auto to = std::min(size, from + in_set);
    jobs.push(from, to);
    jobs.claim(from, to);
    jobs.finish(from, to);
  }
  auto taken = watch.read();
  jobs.check(size);
  return taken;
}

sample run_queue(std::size_t size) { return run_sets(size, together); }
sample run_single(std::size_t size) { return run_sets(size, 1); }

sample run_latency(std::size_t size) {
  bare_store jobs;
  std::vector<double> taken(size);
  for (std::size_t i = 0; i < size; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds{1});
    const stopwatch watch;
    jobs.push(i, i + 1);
    jobs.claim(i, i + 1);
    taken[i] = watch.seconds();
    jobs.finish(i, i + 1);
  }
  jobs.check(size);
  return percentiles(std::move(taken));
}

} // namespace

int main(int argc, char** argv) {
  return serve(
      {.name = "bare SQLite",
       .version = SQLITE_VERSION,
       .works = {{"queue", run_queue}, {"queue-single", run_single}, {"queue-latency", run_latency}}},
      argc, argv);
}
