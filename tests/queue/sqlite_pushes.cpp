// Pushes beside the store's own: in a caller's transaction, and by INSERT from any language.
#include "sqlite_world.hpp"

#include "queue/sqlite_push.hpp"

namespace sqlite_pushes {

using namespace queue_tests;
using ta::job_state;

const auto tasks_known = std::make_shared<const td::known_tasks>(td::known_tasks{{"a", ""}});

struct push_world {
  push_world() : store(open_store(path)), other(path) {}

  std::vector<td::push_reply> push(const std::vector<td::new_job>& jobs) {
    return td::sqlite_push(other.get(), jobs, store->now());
  }
  ta::job_details details(ta::job_id id) {
    auto found = store->find({&id, 1});
    BOOST_REQUIRE_EQUAL(found.size(), 1U);
    return found.front();
  }
  std::vector<ta::job_id> claim(std::size_t free) {
    return ids_of(store->claim({{"r", 1}, {{.queue = "q", .free = free}}, tasks_known}).jobs);
  }
  void is_well() {
    BOOST_TEST(store->check() == std::vector<std::string>{}, boost::test_tools::per_element());
  }
  std::string insert(const std::string& values) {
    return other.run("INSERT INTO taskactor_push(queue, task, arguments, options, push_key) VALUES(" + values
                     + ")");
  }

  test::temporary_directory folder;
  std::string path = folder / "jobs.db";
  std::unique_ptr<td::sqlite_backend> store;
  raw_connection other;
};

void refuses_push(push_world& at, ta::errc code, const std::string& words) {
  refuses(code, words, [&] { at.push({store_world::job()}); });
}

} // namespace sqlite_pushes

using namespace sqlite_pushes;

BOOST_AUTO_TEST_SUITE(sqlite_pushes)

// -- in a transaction of the caller's ---------------------------------------

BOOST_AUTO_TEST_CASE(a_job_is_there_if_the_callers_transaction_is_committed) {
  push_world at;
  BOOST_TEST(at.other.run("CREATE TABLE orders(n); BEGIN IMMEDIATE; INSERT INTO orders VALUES(1)") == "");
  auto late = store_world::job();
  late.delay = 1h;
  const auto replies
      = at.push({store_world::job(), late, store_world::unique("k"), store_world::unique("k")});
  BOOST_REQUIRE_EQUAL(replies.size(), 4U);
  BOOST_TEST(replies[3].how == ta::push_result::duplicate);
  BOOST_TEST(at.store->list({}).empty()); // not yet
  BOOST_TEST(at.other.run("COMMIT") == "");
  BOOST_TEST(at.details(replies[0].id).info.state == job_state::ready);
  BOOST_TEST(at.details(replies[1].id).info.state == job_state::delayed);
  BOOST_TEST(at.claim(9) == (std::vector{replies[0].id, replies[2].id}), boost::test_tools::per_element());
  at.is_well();
}

BOOST_AUTO_TEST_CASE(nothing_is_left_of_what_was_rolled_back_and_a_loser_gets_in) {
  push_world at;
  BOOST_TEST(at.other.run("BEGIN IMMEDIATE") == "");
  const auto lost = at.push({store_world::unique("k")}).at(0);
  BOOST_TEST(lost.how == ta::push_result::pushed);
  BOOST_TEST(at.other.run("ROLLBACK") == "");
  BOOST_TEST(at.store->list({}).empty());
  const auto job = store_world::unique("k");
  BOOST_TEST(at.store->push({&job, 1}).at(0).how == ta::push_result::pushed);
  at.is_well();
}

BOOST_AUTO_TEST_CASE(a_push_that_fails_takes_back_its_own_part_alone) {
  push_world at;
  BOOST_TEST(at.other.run("CREATE TABLE orders(n); PRAGMA max_page_count = 70; BEGIN IMMEDIATE; INSERT INTO "
                          "orders VALUES(1)")
             == "");
  auto huge = store_world::job();
  huge.row.arguments = '"' + std::string(1'000'000, 'x') + '"';
  refuses(ta::errc::store_failed, "full", [&] { at.push({store_world::job(), huge}); });
  // A full disk ends the whole transaction, by SQLite's rules.
  BOOST_TEST((::sqlite3_get_autocommit(at.other.get()) != 0 || at.other.run("COMMIT") == ""));
  BOOST_TEST(at.store->list({}).empty());
  BOOST_TEST(at.other.run("PRAGMA max_page_count = 100000; BEGIN IMMEDIATE; INSERT INTO orders VALUES(2)")
             == "");
  at.push({huge});
  BOOST_TEST(at.other.run("COMMIT") == "");
  BOOST_TEST(at.store->list({}).size() == 1U);
  at.is_well();
}

BOOST_AUTO_TEST_CASE(transactions_that_are_none_or_not_the_stores) {
  push_world at;
  refuses_push(at, ta::errc::invalid_argument, "none is open");
  refuses(ta::errc::invalid_argument, "no connection",
          [&] { td::sqlite_push(nullptr, {}, at.store->now()); });

  raw_connection elsewhere{at.folder / "other.db"};
  const auto job = store_world::job();
  BOOST_TEST(elsewhere.run("BEGIN IMMEDIATE") == "");
  refuses(ta::errc::store_unusable, "has no store", [&] {
    td::sqlite_push(elsewhere.get(), {&job, 1}, at.store->now());
  });
  BOOST_TEST(elsewhere.run("COMMIT; ATTACH '" + at.path + "' AS jobs; BEGIN IMMEDIATE") == "");
  refuses(ta::errc::store_unusable, "one that is attached doesn't do", [&] {
    td::sqlite_push(elsewhere.get(), {&job, 1}, at.store->now());
  });
  BOOST_TEST(elsewhere.run("COMMIT; DETACH jobs") == "");

  BOOST_TEST(at.other.run("ATTACH '" + (at.folder / "third.db")
                          + "' AS more; CREATE TABLE more.t(a); BEGIN; INSERT "
                            "INTO more.t VALUES(1)")
             == "");
  refuses_push(at, ta::errc::invalid_argument, "attached database more");
  BOOST_TEST(at.other.run("COMMIT; BEGIN; SELECT * FROM more.t") == ""); // to read it does no harm
  BOOST_TEST(at.push({job}).size() == 1U);
  BOOST_TEST(at.other.run("COMMIT") == "");

  BOOST_TEST(at.other.run("UPDATE taskactor_meta SET value = value + 1 WHERE name = 'schema'; BEGIN") == "");
  refuses_push(at, ta::errc::store_unusable, "of a newer release");
  BOOST_TEST(at.other.run("COMMIT; UPDATE taskactor_meta SET value = value - 1 WHERE name = 'schema'") == "");
  at.is_well();
}

BOOST_AUTO_TEST_CASE(tables_of_the_connections_own_do_not_hide_the_stores) {
  push_world at;
  BOOST_TEST(at.other.run("CREATE TEMP TABLE taskactor_job(a); CREATE TEMP TABLE taskactor_count(a); BEGIN")
             == "");
  BOOST_TEST(at.push({store_world::job()}).size() == 1U);
  BOOST_TEST(at.other.run("COMMIT") == "");
  BOOST_TEST(at.store->list({}).size() == 1U);
  at.is_well();
}

// -- by INSERT --------------------------------------------------------------

BOOST_AUTO_TEST_CASE(an_insert_pushes_a_job) {
  push_world at;
  BOOST_TEST(at.insert("'q', 'a', '[1, \"x\"]', NULL, 'first'") == "");
  BOOST_TEST(at.insert("'q', 'a', NULL, '{}', NULL") == "");
  const auto id = std::stoll(at.other.one("SELECT job FROM taskactor_push WHERE push_key = 'first'"));
  const auto all = at.details(id);
  BOOST_TEST(all.info.state == job_state::ready);
  BOOST_TEST(all.info.priority == ta::default_priority);
  BOOST_TEST(all.arguments == "[1, \"x\"]");
  BOOST_TEST(all.retry.max_attempts == 1U);
  BOOST_CHECK(all.retry.backoff.first == ta::backoff{}.first && all.retry.backoff.max == ta::backoff{}.max);
  BOOST_CHECK(!all.timeout && !all.info.expires);
  const auto since = at.store->now() - all.info.pushed;
  BOOST_CHECK(since >= -1ms && since < 1min);
  BOOST_TEST(at.store->survey().counters.pushed == 2U);
  const auto ids = at.claim(9);
  BOOST_REQUIRE_EQUAL(ids.size(), 2U);
  BOOST_TEST(ids.front() == id);
  at.is_well();
}

BOOST_AUTO_TEST_CASE(options_of_an_insert) {
  push_world at;
  BOOST_TEST(
      at.insert(
          "'q', 'a', '[]', '{\"priority\": 0, \"delay\": 1.5, \"expires\": 60, \"timeout\": 0.25, \"keep\": "
          "0, \"max_attempts\": 7, \"fairness_key\": \"ann\", \"version\": \"2\"}', 'k'")
      == "");
  const auto all = at.details(std::stoll(at.other.one("SELECT job FROM taskactor_push")));
  BOOST_TEST(all.info.priority == 0);
  BOOST_TEST(all.info.state == job_state::delayed);
  BOOST_CHECK(all.info.due == all.info.pushed + 1500ms);
  BOOST_CHECK(all.info.expires == all.info.pushed + 60s);
  BOOST_CHECK(all.timeout == ta::time_span{250ms});
  BOOST_TEST(all.retry.max_attempts == 7U);
  BOOST_TEST(all.info.fairness_key == "ann");
  BOOST_TEST(all.version == "2");
  BOOST_TEST(at.other.one("SELECT keep FROM taskactor_job") == "0");
  at.is_well();
}

BOOST_AUTO_TEST_CASE(an_insert_of_a_key_that_was_there_pushes_nothing) {
  push_world at;
  for (int i = 0; i < 3; ++i)
    BOOST_TEST(at.insert("'q', 'a', '[]', NULL, 'k'") == "");
  BOOST_TEST(at.store->list({}).size() == 1U);
  BOOST_TEST(at.store->survey().counters.pushed == 1U);
  BOOST_TEST(
      at.other.run("BEGIN; INSERT INTO taskactor_push(queue, task, push_key) VALUES('q', 'a', 'l'); ROLLBACK")
      == "");
  BOOST_TEST(at.store->list({}).size() == 1U);
  BOOST_TEST(at.other.rows("SELECT job FROM taskactor_push WHERE push_key = 'l'").empty());
  at.is_well();
}

BOOST_AUTO_TEST_CASE(many_inserts_go_into_their_lanes) {
  push_world at;
  BOOST_TEST(at.other.run(
                 "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100) INSERT INTO "
                 "taskactor_push(queue, task, arguments, options) SELECT 'q', 'a', json_array(i), "
                 "json_object('fairness_key', 'k' || (i % 3)) FROM n")
             == "");
  BOOST_TEST(at.other.one("SELECT count(*) FROM taskactor_lane") == "3");
  at.is_well();
  BOOST_TEST(at.claim(200).size() == 100U);
  at.is_well();
}

BOOST_AUTO_TEST_CASE(inserts_that_are_refused) {
  push_world at;
  const auto refused = [&](const std::string& values, const std::string& words) {
    const auto said = at.insert(values);
    BOOST_TEST(said.find("taskactor_push: ") == 0U, said);
    BOOST_TEST(said.find(words) != std::string::npos, said + ", not: " + words);
  };
  refused("NULL, 'a', '[]', NULL, NULL", "the queue");
  refused("'', 'a', '[]', NULL, NULL", "the queue");
  refused("'q', 7, '[]', NULL, NULL", "the task");
  refused("'q', 'a', '{}', NULL, NULL", "JSON array");
  refused("'q', 'a', '[1,', NULL, NULL", "JSON array");
  refused("'q', 'a', x'00', NULL, NULL", "JSON array");
  refused("'q', 'a', '[]', '[]', NULL", "JSON object");
  refused("'q', 'a', '[]', 'x', NULL", "JSON object");
  refused("'q', 'a', '[]', NULL, ''", "push_key");
  refused("'q', 'a', '[]', '{\"prio\": 1}', NULL", "options are");
  refused("'q', 'a', '[]', '{\"priority\": 10}', NULL", "from 0 to 9");
  refused("'q', 'a', '[]', '{\"priority\": \"1\"}', NULL", "from 0 to 9");
  refused("'q', 'a', '[]', '{\"delay\": -1}', NULL", "seconds");
  refused("'q', 'a', '[]', '{\"keep\": 1e12}', NULL", "seconds");
  refused("'q', 'a', '[]', '{\"max_attempts\": 0}', NULL", "max_attempts");
  refused("'q', 'a', '[]', '{\"version\": 2}', NULL", "texts");
  refused("printf('%.*c', 201, 'q'), 'a', '[]', NULL, NULL", "200 bytes");
  refused("'q', printf('%.*c', 201, 'q'), '[]', NULL, NULL", "200 bytes");
  refused("'q', 'a', printf('[\"%.*c\"]', 1048577, 'q'), NULL, NULL", "1 MiB");
  refused("'q' || char(0), 'a', '[]', NULL, NULL", "NUL");
  refused("'q', 'a', '[1]' || char(0) || 'x', NULL, NULL", "NUL");
  refused("'q', 'a', '[]', '{\"fairness_key\": \"a\\u0000b\"}', NULL", "taskactor_push");
  refused("'q', 'a', '[]', '{\"de\\u006cay\": 5}', NULL", "taskactor_push");
  BOOST_TEST(at.store->list({}).empty());
  at.is_well();
}

BOOST_AUTO_TEST_SUITE_END()
