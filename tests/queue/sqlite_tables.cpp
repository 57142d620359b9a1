// What is a SQLite store's alone: its settings, its lock, a full disk, and what its check finds.
#include "sqlite_world.hpp"

#include "queue/sqlite_schema.hpp"
#include "support/soft_limit.hpp"

#include <chrono>
#include <csignal>
#include <filesystem>

namespace sqlite_tables {

using namespace queue_tests;

const auto all_known = std::make_shared<const td::known_tasks>(td::known_tasks{{"a", ""}});

td::claim_reply claim_from(td::sqlite_backend& store, std::size_t free) {
  return store.claim({{"r", 1}, {{.queue = "q", .free = free}}, all_known});
}

} // namespace sqlite_tables

using namespace sqlite_tables;

BOOST_AUTO_TEST_SUITE(sqlite_tables)

BOOST_AUTO_TEST_CASE(a_store_is_migrated_once) {
  test::temporary_directory folder;
  const auto path = folder / "jobs.db";
  open_store(path);
  raw_connection other{path};
  const auto id = other.one("SELECT value FROM taskactor_meta WHERE name = 'store'");
  BOOST_TEST(id.size() == 32U);
  BOOST_TEST(other.one("PRAGMA journal_mode") == "wal");
  BOOST_TEST(other.one("SELECT value FROM taskactor_meta WHERE name = 'schema'")
             == std::to_string(td::sqlite_schema_version));
  open_store(path);
  BOOST_TEST(other.one("SELECT value FROM taskactor_meta WHERE name = 'store'") == id);
  // All names are the store's.
  BOOST_TEST(other
                 .rows("SELECT name FROM sqlite_schema WHERE name NOT LIKE 'taskactor\\_%' ESCAPE '\\' AND "
                       "name NOT LIKE "
                       "'sqlite\\_%' ESCAPE '\\'")
                 .empty());
}

BOOST_AUTO_TEST_CASE(a_call_waits_for_anothers_lock_and_then_says_so) {
  test::temporary_directory folder;
  const auto path = folder / "jobs.db";
  const auto store = open_store(path, true, 30ms);
  const auto job = store_world::job();
  raw_connection other{path};
  BOOST_TEST(other.run("BEGIN IMMEDIATE") == "");
  const auto begun = std::chrono::steady_clock::now();
  refuses(ta::errc::store_failed, "another program has held the store's lock for 30 ms", [&] {
    store->push({&job, 1});
  });
  BOOST_TEST((std::chrono::steady_clock::now() - begun >= 30ms));
  BOOST_TEST(store->list({}).empty()); // reads go on
  BOOST_TEST(other.run("COMMIT") == "");
  store->push({&job, 1});
  BOOST_TEST(store->list({}).size() == 1U);
}

BOOST_AUTO_TEST_CASE(the_newest_of_very_many_that_wait) {
  test::temporary_directory folder;
  const auto store = open_store(folder / "jobs.db", true);
  const std::vector jobs(20'100, store_world::job()); // more than are sorted
  const auto pushed = store->push(jobs);
  BOOST_TEST(claim_from(*store, 50).jobs.size() == 50U);
  const auto newest = store->list({.states = {ta::job_state::ready}, .most = 3});
  BOOST_REQUIRE_EQUAL(newest.size(), 3U);
  BOOST_TEST(newest.front().id - newest.back().id == 2);
  const auto before = pushed[100].id; // the fifty that are claimed, and as many that wait
  BOOST_TEST(store->list({.states = {ta::job_state::ready}, .before = before, .most = 1'000}).size() == 50U);
  BOOST_TEST(store->list({.states = {ta::job_state::running}}).size() == 50U);
}

BOOST_AUTO_TEST_CASE(a_copy_and_a_check_are_made_beside_the_other_calls) {
  test::temporary_directory folder;
  const auto path = folder / "jobs.db";
  const auto store = open_store(path);
  const auto job = store_world::job();
  store->push({&job, 1});
  const auto open_aside = store->beside();
  raw_connection other{path};
  BOOST_TEST(other.run("BEGIN IMMEDIATE") == "");
  const auto aside = open_aside(); // though another program holds the lock
  BOOST_TEST(aside->check().empty());
  aside->backup(folder / "copy.db");
  BOOST_TEST(other.run("COMMIT") == "");
  BOOST_TEST(open_store(folder / "copy.db")->list({}).size() == 1U);
  store->push({&job, 1});
  BOOST_TEST(aside->list({}).size() == 2U);
  std::filesystem::rename(path, folder / "elsewhere.db");
  refuses(ta::errc::store_unusable, "deleted, moved, or replaced", [&] { store->beside(); });
}

BOOST_AUTO_TEST_CASE(the_version_changes_when_another_connection_writes) {
  test::temporary_directory folder;
  const auto path = folder / "jobs.db";
  const auto store = open_store(path), other = open_store(path);
  const auto before = store->version();
  BOOST_TEST(store->version() == before);
  const auto job = store_world::job();
  other->push({&job, 1});
  BOOST_TEST(store->version() != before);
}

BOOST_AUTO_TEST_CASE(a_full_disk_loses_nothing_but_the_call) {
  test::temporary_directory folder;
  const auto path = folder / "jobs.db";
  const auto store = open_store(path);
  const auto job = store_world::job();
  const auto id = store->push({&job, 1}).at(0).id;
  auto huge = job;
  huge.row.arguments = '"' + std::string(64 << 20, 'x') + '"';
  {
    test::soft_limit no_larger{RLIMIT_FSIZE, 8 << 20};
    const auto before = std::signal(SIGXFSZ, SIG_IGN); // NOLINT: else it ends the process
    refuses(ta::errc::store_failed, "disk I/O error", [&] { store->push({&huge, 1}); });
    std::signal(SIGXFSZ, before);
  }
  BOOST_TEST(store->list({}).size() == 1U);
  BOOST_TEST(store->check() == std::vector<std::string>{}, boost::test_tools::per_element());
  BOOST_TEST(ids_of(claim_from(*store, 9).jobs) == std::vector{id}, boost::test_tools::per_element());
  store->push({&huge, 1});
  BOOST_TEST(store->list({}).size() == 2U);
}

BOOST_AUTO_TEST_CASE(a_check_finds_what_is_wrong_in_the_tables) {
  struct breach {
    const char *sql, *words;
  };
  for (const auto& [sql, words] : {
           breach{"DELETE FROM taskactor_ready WHERE job = 3", "job 3 is not in exactly one"},
           breach{"INSERT INTO taskactor_delayed SELECT 3, 0, 0, 0, 0, 0, 0, 0, '', '', NULL",
                  "job 3 is not in exactly"},
           breach{"DELETE FROM taskactor_job WHERE id = 3", "ready 3 is of a job that there isn't"},
           breach{"UPDATE taskactor_lane SET ready = ready + 1", "has another number of ready jobs"},
           breach{"UPDATE taskactor_job SET priority = 9 WHERE id = 3", "ready job 3 stands in a lane"},
           breach{"UPDATE taskactor_queue SET delayed = 7", "queue q has other numbers"},
           breach{"DELETE FROM taskactor_queue", "queue q has jobs, and no row"},
           breach{"UPDATE taskactor_share SET running = 7", "has another number of running jobs"},
           breach{"INSERT INTO taskactor_held VALUES('db', '', 3, 1)",
                  "limit db  3 is held by a job that doesn't run"},
           breach{"UPDATE taskactor_runner SET dead = 1", "has no living runner"},
           breach{"INSERT INTO taskactor_unique_key VALUES('s', 'k', 3, NULL)",
                  "unique key s k is taken by a job"},
           breach{
               "UPDATE taskactor_job SET unique_until = 0, unique_key = 'k', unique_scope = 's' WHERE id = 3",
               "job 3 doesn't have its unique key"},
           breach{"INSERT INTO taskactor_expiry VALUES(5, 3)", "job 3 is to expire"},
           breach{"UPDATE taskactor_job SET expires = 5 WHERE id = 3",
                  "job 3 waits, and its expiry was forgotten"},
           breach{"UPDATE taskactor_count SET value = 1 WHERE name = 'number'", "beyond the last one drawn"},
           breach{"UPDATE taskactor_count SET value = 0 WHERE name = 'token'", "beyond the last one drawn"},
           breach{"UPDATE taskactor_count SET value = -1 WHERE name = 'lost'",
                  "count lost is less than nothing"},
       }) {
    test::temporary_directory folder;
    const auto path = folder / "jobs.db";
    const auto store = open_store(path);
    const std::vector<td::new_job> jobs(5, store_world::job());
    store->push(jobs);
    BOOST_TEST(claim_from(*store, 1).jobs.size() == 1U);
    BOOST_TEST(store->check() == std::vector<std::string>{}, boost::test_tools::per_element());
    BOOST_TEST(raw_connection{path}.run(sql) == "");
    std::string all;
    for (const auto& each : store->check())
      all += each + '\n';
    BOOST_TEST(all.find(words) != std::string::npos, std::string{sql} + " was not found: " + all);
  }
}

BOOST_AUTO_TEST_CASE(two_connections_of_one_process_share_a_store) {
  test::temporary_directory folder;
  const auto path = folder / "jobs.db";
  const auto one = open_store(path), two = open_store(path);
  const std::vector<td::new_job> jobs(10, store_world::job());
  one->push(jobs);
  const auto first = claim_from(*one, 4).jobs, second = claim_from(*two, 9).jobs;
  BOOST_TEST(first.size() == 4U);
  BOOST_TEST(second.size() == 6U);
  BOOST_TEST((first.back().token < second.front().token));
  BOOST_TEST(one->check() == std::vector<std::string>{}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()
