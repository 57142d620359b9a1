// Schedules as rows, in each store: writes by their stamps, jobs that are pushed with them, pages, open jobs.
#include "postgres/postgres_schema.hpp"
#include "postgres_world.hpp"
#include "queue/sqlite_schema.hpp"
#include "queue/stored_schedule.hpp"
#include "sqlite_world.hpp"

#include <algorithm>
#include <atomic>
#include <limits>
#include <thread>

namespace schedule_rows {

using namespace queue_tests;
using ta::push_result;
using td::claim_end;
using td::control_verb;

using store_times = std::optional<ta::store_time>;

td::schedule_row row_at(const std::string& name, std::int64_t stamp, store_times due = {}) {
  return {.name = name,
          .stamp = stamp,
          .due = due,
          .spec = R"({"text": "\"\\\n{},'ä"})",
          .state = '[' + std::to_string(stamp) + ']'};
}
td::schedule_write write_to(const td::schedule_row& to, std::int64_t from,
                            std::vector<td::new_job> jobs = {}) {
  return {.name = to.name, .from = from, .to = to, .jobs = std::move(jobs)};
}
td::schedule_write drop_of(const std::string& name, std::int64_t from) {
  return {.name = name, .from = from, .to = {}, .jobs = {}};
}

/// Whose request is its own.
td::new_job job_of_fire() {
  static std::atomic<int> last{10'000'000};
  auto job = store_world::job();
  job.request = "request " + std::to_string(++last);
  return job;
}
/// With a key of the schedule's.
td::new_job job_of(const std::string& schedule, const std::string& key) {
  auto job = job_of_fire();
  job.unique_scope = td::schedule_scope(schedule);
  job.unique_key = key;
  job.until = ta::unique_until::ended;
  return job;
}

td::schedule_written written(store_world& at, const td::schedule_write& one) {
  return at->write_schedules({&one, 1}).at(0);
}
bool is_done(store_world& at, const td::schedule_write& one) { return written(at, one).done; }

std::vector<std::string> names_of(const td::schedule_page& page) {
  std::vector<std::string> names;
  for (const auto& each : page.found)
    names.push_back(each.row.name);
  return names;
}
/// Zero: there is none.
std::int64_t stamp_of(store_world& at, const std::string& name) {
  const auto page = at->schedules({.names = {name}});
  return page.found.empty() ? 0 : page.found.at(0).row.stamp;
}
std::vector<ta::job_id> open_of(store_world& at, const std::string& name) {
  const auto page = at->schedules({.names = {name}});
  BOOST_REQUIRE_EQUAL(page.found.size(), 1U);
  return page.found[0].open;
}

void are(const std::vector<std::string>& found, const std::vector<std::string>& expected) {
  BOOST_TEST(found == expected, boost::test_tools::per_element());
}
void are(const std::vector<ta::job_id>& found, std::vector<ta::job_id> expected) {
  std::ranges::sort(expected);
  BOOST_TEST(found == expected, boost::test_tools::per_element());
}

} // namespace schedule_rows

using namespace schedule_rows;

BOOST_AUTO_TEST_SUITE(schedule_rows)

// -- writes -----------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_schedule_is_added_changed_and_dropped_by_its_stamp) {
  in_each_store([](store_world& at) {
    BOOST_TEST(at->write_schedules({}).empty());
    BOOST_TEST(is_done(at, write_to(row_at("s", 7, at.now + 1h), 0)));
    const auto page = at->schedules({.names = {"s"}});
    BOOST_REQUIRE_EQUAL(page.found.size(), 1U);
    const auto& row = page.found[0].row;
    BOOST_TEST(row.name == "s");
    BOOST_TEST(row.stamp == 7);
    BOOST_CHECK(row.due == at.now + 1h);
    BOOST_TEST(row.spec == row_at("s", 7).spec);
    BOOST_TEST(row.state == "[7]");
    BOOST_CHECK(page.now == at.now);

    BOOST_TEST(!is_done(at, write_to(row_at("s", 8), 0))); // it is there
    BOOST_TEST(!is_done(at, write_to(row_at("s", 8), 6)));
    BOOST_TEST(!is_done(at, drop_of("s", 6)));
    BOOST_TEST(stamp_of(at, "s") == 7);
    const auto least = std::numeric_limits<std::int64_t>::min();
    BOOST_TEST(is_done(at, write_to(row_at("s", least), 7)));
    BOOST_CHECK(!at->schedules({.names = {"s"}}).found.at(0).row.due);
    BOOST_TEST(at->schedules({.names = {"s"}}).found.at(0).row.state == '[' + std::to_string(least) + ']');
    BOOST_TEST(is_done(at, drop_of("s", least)));
    BOOST_TEST(stamp_of(at, "s") == 0);
    BOOST_TEST(!is_done(at, drop_of("s", least)));             // it has gone
    BOOST_TEST(!is_done(at, write_to(row_at("s", 9), least))); // and isn't made again
    BOOST_TEST(at->schedules({}).found.empty());
    BOOST_TEST(is_done(at, write_to(row_at("s", 9), 0)));
  });
}

BOOST_AUTO_TEST_CASE(a_write_that_is_made_again_finds_what_it_has_done) {
  in_each_store([](store_world& at) {
    const auto add = write_to(row_at("s", 1), 0, {job_of_fire(), job_of("s", "k")});
    const auto first = written(at, add), again = written(at, add);
    BOOST_TEST(first.done);
    BOOST_TEST(again.done);
    BOOST_REQUIRE_EQUAL(first.pushed.size(), 2U);
    BOOST_REQUIRE_EQUAL(again.pushed.size(), 2U);
    for (const auto i : {0U, 1U}) {
      BOOST_TEST(again.pushed[i].id == first.pushed[i].id);
      BOOST_TEST(again.pushed[i].how == push_result::pushed);
    }
    BOOST_TEST(at.queue().ready == 2U);
    const auto change = write_to(row_at("s", 2), 1, {job_of_fire()});
    const auto fired = written(at, change);
    BOOST_TEST(fired.done);
    BOOST_TEST(written(at, change).pushed.at(0).id == fired.pushed.at(0).id);
    BOOST_TEST(!is_done(at, add)); // somebody has written since
    BOOST_TEST(at.counters().pushed == 3U);
  });
}

BOOST_AUTO_TEST_CASE(of_a_set_each_write_is_decided_alone) {
  in_each_store([](store_world& at) {
    BOOST_TEST(is_done(at, write_to(row_at("b", 1), 0)));
    BOOST_TEST(is_done(at, write_to(row_at("c", 1), 0)));
    const std::vector<td::schedule_write> writes{
        write_to(row_at("c", 2), 1, {job_of_fire(), job_of("c", "k")}),
        write_to(row_at("b", 2), 5, {job_of_fire(), job_of_fire()}), // another stamp
        write_to(row_at("a", 1), 0, {job_of_fire()}),
        write_to(row_at("d", 2), 1, {job_of_fire()}), // there is none
        write_to(row_at("c", 3), 2, {job_of("c", "k")}),
        drop_of("b", 1),
    };
    const auto replies = at->write_schedules(writes);
    BOOST_REQUIRE_EQUAL(replies.size(), writes.size());
    const std::vector<std::pair<bool, std::size_t>> expected{{true, 2},  {false, 0}, {true, 1},
                                                             {false, 0}, {true, 1},  {true, 0}};
    for (std::size_t i = 0; i < replies.size(); ++i) {
      BOOST_TEST(replies[i].done == expected[i].first, "write " << i);
      BOOST_TEST(replies[i].pushed.size() == expected[i].second, "write " << i);
    }
    BOOST_TEST(replies[4].pushed.at(0).how == push_result::duplicate);
    BOOST_TEST(replies[4].pushed.at(0).id == replies[0].pushed.at(1).id);
    are(names_of(at->schedules({})), {"a", "c"});
    BOOST_TEST(stamp_of(at, "c") == 3);
    BOOST_TEST(at.queue().ready == 3U); // of what isn't done nothing was pushed
    BOOST_TEST(at.counters().pushed == 3U);
  });
}

BOOST_AUTO_TEST_CASE(one_schedule_comes_and_goes_in_a_set) {
  in_each_store([](store_world& at) {
    const std::vector<td::schedule_write> both_ways{write_to(row_at("s", 1), 0), drop_of("s", 1),
                                                    write_to(row_at("s", 2), 0), drop_of("s", 2)};
    for (const auto& reply : at->write_schedules(both_ways))
      BOOST_TEST(reply.done);
    BOOST_TEST(at->schedules({}).found.empty());
    BOOST_TEST(is_done(at, write_to(row_at("s", 1, at.now), 0)));
    const std::vector<td::schedule_write> anew{drop_of("s", 1), write_to(row_at("s", 2), 0)};
    for (const auto& reply : at->write_schedules(anew))
      BOOST_TEST(reply.done);
    BOOST_TEST(stamp_of(at, "s") == 2);
    BOOST_CHECK(!at->schedules({}).next_due);
  });
}

// -- pages ------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(those_that_are_due_come_by_time_and_name) {
  in_each_store([](store_world& at) {
    BOOST_CHECK(!at->schedules({.due = true}).next_due);
    const std::vector<td::schedule_write> writes{
        write_to(row_at("late", 1, at.now + 1us), 0), write_to(row_at("b", 1, at.now - 2s), 0),
        write_to(row_at("now", 1, at.now), 0),        write_to(row_at("a", 1, at.now - 2s), 0),
        write_to(row_at("z", 1, at.now - 3s), 0),     write_to(row_at("never", 1), 0),
        write_to(row_at("c", 1, at.now - 2s), 0)};
    at->write_schedules(writes);
    const auto all = at->schedules({.due = true});
    are(names_of(all), {"z", "a", "b", "c", "now"});
    BOOST_CHECK(all.next_due == at.now + 1us); // behind what was found
    BOOST_CHECK(all.now == at.now);

    std::vector<std::string> found;
    td::schedule_query page{.due = true, .most = 2};
    for (std::size_t size = 2; size == 2;) {
      const auto part = at->schedules(page);
      size = part.found.size();
      for (const auto& each : part.found) {
        found.push_back(each.row.name);
        page.behind = {*each.row.due, each.row.name};
      }
    }
    are(found, {"z", "a", "b", "c", "now"});

    for (const auto* name : {"z", "a", "b"})
      BOOST_TEST(is_done(at, write_to(row_at(name, 2, at.now + 1h), 1)));
    BOOST_TEST(is_done(at, write_to(row_at("c", 2), 1)));
    BOOST_TEST(is_done(at, drop_of("now", 1)));
    const auto none = at->schedules({.due = true});
    BOOST_TEST(none.found.empty());
    BOOST_CHECK(none.next_due == at.now + 1us);
    at.now += 1us;
    are(names_of(at->schedules({.due = true})), {"late"});
    at.now += 1h;
    are(names_of(at->schedules({.due = true, .most = 3})), {"late", "a", "b"});
  });
}

BOOST_AUTO_TEST_CASE(names_come_in_the_order_of_their_bytes) {
  in_each_store([](store_world& at) {
    std::vector<std::string> names{
        "a",   "a b", "A",  "a\"b", "a\\b", "a'b",  "b", "ä", "{x,", "NULL", "null", "\xf0\x9f\x95\x92",
        "a_b", "a%b", "\t", "$1",   "@x",   "a\nb", "z"};
    std::vector<td::schedule_write> writes;
    for (const auto& name : names)
      writes.push_back(write_to(row_at(name, 1), 0, {job_of(name, "k")}));
    for (const auto& reply : at->write_schedules(writes))
      BOOST_TEST(reply.done);
    std::ranges::sort(names);
    std::vector<std::string> found;
    td::schedule_query page{.most = 4};
    for (std::size_t size = 4; size == 4;) {
      const auto part = at->schedules(page);
      size = part.found.size();
      for (const auto& each : part.found) {
        found.push_back(each.row.name);
        BOOST_TEST(each.open.size() == 1U, each.row.name);
      }
      page.after = found.back();
    }
    are(found, names);
    BOOST_TEST(at->schedules({.after = names.back()}).found.empty());

    td::schedule_query some{.names = {names[9], "none", names[2], names[2], names[14]}};
    are(names_of(at->schedules(some)), {names[2], names[9], names[14]});
    some.most = 2;
    are(names_of(at->schedules(some)), {names[2], names[9]});
    some.due = true; // names go before
    are(names_of(at->schedules(some)), {names[2], names[9]});
    BOOST_TEST(at->schedules({.names = {"none"}}).found.empty());
  });
}

// -- open jobs --------------------------------------------------------------

BOOST_AUTO_TEST_CASE(open_are_the_jobs_that_have_not_ended) {
  in_each_store([](store_world& at) {
    std::vector<td::new_job> jobs;
    for (int i = 0; i < 6; ++i)
      jobs.push_back(job_of("s", std::to_string(i)));
    jobs[5].delay = 1h;
    jobs.push_back(job_of("s/0", "0")); // another one's
    jobs.push_back(job_of_fire());      // nobody's
    const auto pushed = written(at, write_to(row_at("s", 1), 0, jobs)).pushed;
    BOOST_REQUIRE_EQUAL(pushed.size(), 8U);
    BOOST_TEST(is_done(at, write_to(row_at("s/0", 1), 0)));
    const auto id = [&](std::size_t which) { return pushed.at(which).id; };
    are(open_of(at, "s"), {id(0), id(1), id(2), id(3), id(4), id(5)});
    are(open_of(at, "s/0"), {id(6)});

    const auto claimed = at.claim(3);
    BOOST_REQUIRE_EQUAL(claimed.size(), 3U);
    are(open_of(at, "s"), {id(0), id(1), id(2), id(3), id(4), id(5)});
    BOOST_TEST(at.finish(claimed[0], claim_end::succeeded) == td::end_reply::done);
    BOOST_TEST(at.finish(claimed[1], claim_end::failed) == td::end_reply::done);
    BOOST_TEST(at.finish(claimed[2], claim_end::retry, 1min) == td::end_reply::done);
    are(open_of(at, "s"), {id(2), id(3), id(4), id(5)});
    BOOST_TEST(at.control(control_verb::cancel, id(3)) == ta::control_reply::done);
    BOOST_TEST(at.control(control_verb::remove, id(4)) == ta::control_reply::done);
    are(open_of(at, "s"), {id(2), id(5)});
    BOOST_TEST(at.control(control_verb::retry, id(1)) == ta::control_reply::done);
    BOOST_TEST(at.control(control_verb::retry, id(3)) == ta::control_reply::done);
    are(open_of(at, "s"), {id(1), id(2), id(3), id(5)});
    for (const auto& each : at.claim(9))
      BOOST_TEST(at.finish(each, claim_end::succeeded) == td::end_reply::done);
    are(open_of(at, "s"), {id(2), id(5)}); // these are delayed
    are(open_of(at, "s/0"), {});

    BOOST_TEST(is_done(at, drop_of("s", 1))); // its jobs stay
    BOOST_TEST(is_done(at, write_to(row_at("s", 2), 0)));
    are(open_of(at, "s"), {id(2), id(5)});
  });
}

// -- what lasts -------------------------------------------------------------

BOOST_AUTO_TEST_CASE(schedules_last) {
  in_each_store([](store_world& at) {
    if (!at.lasts())
      return;
    const auto add = write_to(row_at("s", 1, at.now + 1h), 0, {job_of("s", "k")});
    const auto first = written(at, add);
    at.reopen();
    const auto page = at->schedules({});
    are(names_of(page), {"s"});
    BOOST_TEST(page.found.at(0).row.stamp == 1);
    BOOST_TEST(page.found[0].row.spec == add.to->spec);
    BOOST_CHECK(page.next_due == at.now + 1h);
    are(page.found[0].open, {first.pushed.at(0).id});
    BOOST_TEST(written(at, add).pushed.at(0).id
               == first.pushed[0].id); // the answer was lost with the process
  });
}

BOOST_AUTO_TEST_CASE(a_file_of_schema_1_gets_schedules_and_edges) {
  const test::temporary_directory folder;
  const auto path = folder / "jobs.db";
  const std::vector jobs(3, store_world::job());
  open_store(path)->push(jobs);
  {
    raw_connection other{path};
    BOOST_TEST(other.run("DROP TABLE taskactor_schedule; DROP TABLE taskactor_blocked; DROP TABLE "
                         "taskactor_queue_blocked; DROP TABLE taskactor_edge; DROP TABLE taskactor_release; "
                         "UPDATE taskactor_meta SET value = 1 WHERE name = 'schema'")
               == "");
  }
  const auto store = open_store(path), beside = open_store(path, false);
  BOOST_TEST(raw_connection{path}.one("SELECT value FROM taskactor_meta WHERE name = 'schema'")
             == std::to_string(td::sqlite_schema_version));
  BOOST_TEST(store->list({}).size() == 3U);
  const auto add = write_to(row_at("s", 1), 0, {job_of("s", "k")});
  BOOST_TEST(store->write_schedules({&add, 1}).at(0).done);
  are(names_of(beside->schedules({})), {"s"});
  auto child = store_world::job(); // and edges
  child.after.push_back({.parent = store->list({}).back().id, .before = 0, .on_failure = {}});
  const auto blocked = store->push({&child, 1}).at(0).id;
  BOOST_TEST((beside->find({&blocked, 1}).at(0).info.state == ta::job_state::blocked));
  BOOST_TEST(store->check() == std::vector<std::string>{}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_database_of_schema_1_gets_schedules) {
  const postgres_world world;
  {
    auto before = world.open();
    const std::vector jobs(3, store_world::job());
    before.push(jobs);
  }
  world.psql().run("DROP TABLE taskactor.schedule");
  world.psql().run("UPDATE taskactor.meta SET value = '1' WHERE name = 'schema'");
  auto store = world.open();
  BOOST_TEST(world.psql().number("SELECT value::int FROM taskactor.meta WHERE name = 'schema'")
             == td::postgres_schema_version);
  BOOST_TEST(store.list({}).size() == 3U);
  const auto add = write_to(row_at("s", 1), 0, {job_of("s", "k")});
  BOOST_TEST(store.write_schedules({&add, 1}).at(0).done);
  are(names_of(store.schedules({})), {"s"});
  BOOST_CHECK(!store.schedules({}).next_due);
  world.is_well();
}

BOOST_AUTO_TEST_CASE(runners_of_a_database_write_schedules_and_readers_look) {
  const postgres_world world;
  auto store = world.open();
  const auto add = write_to(row_at("s", 1), 0, {job_of("s", "k")});
  const auto as = [&](const std::string& role) {
    const auto user = world.database() + '_' + role;
    world.psql().run("CREATE ROLE " + user + " LOGIN IN ROLE taskactor_" + role);
    return td::postgres_backend{{.where = world.server.url(world.database(), user)}};
  };
  auto runner = as("run");
  BOOST_TEST(runner.write_schedules({&add, 1}).at(0).done);
  auto reader = as("read");
  are(names_of(reader.schedules({})), {"s"});
  has_words(refusal_of(ta::errc::store_unusable, [&] { reader.write_schedules({&add, 1}); }), "lacks rights");
  world.is_well();
}

BOOST_AUTO_TEST_CASE(by_the_clock_of_the_database_what_was_due_is_found) {
  const postgres_world world;
  auto store = world.open();
  const auto now = store.now();
  const std::vector writes{write_to(row_at("past", 1, now), 0), write_to(row_at("later", 1, now + 1h), 0)};
  store.write_schedules(writes);
  const auto page = store.schedules({.due = true});
  are(names_of(page), {"past"});
  BOOST_CHECK(page.now >= now);
  BOOST_CHECK(page.now < now + 1h);
}

BOOST_AUTO_TEST_CASE(a_check_finds_rows_that_nobody_has_written) {
  const test::temporary_directory folder;
  const auto path = folder / "jobs.db";
  const auto store = open_store(path);
  BOOST_TEST(
      raw_connection{path}.run("INSERT INTO taskactor_schedule VALUES('s', 0, NULL, '{}', '{}'), ('t', "
                               "1, NULL, '{', '{}'), ('u', 1, NULL, '{}', '')")
      == "");
  are(store->check(),
      {"schedule s has no stamp", "schedule t says what isn't JSON", "schedule u says what isn't JSON"});
  const postgres_world world;
  auto database = world.open();
  world.psql().run("INSERT INTO taskactor.schedule VALUES('s', 0, NULL, '{}', '{}')");
  are(database.check(), {"schedule s has no stamp"});
}

// -- several at once --------------------------------------------------------

/// Two programs, each of which changes both schedules as often as it can: of those who have seen a stamp one
/// writes its successor.
BOOST_AUTO_TEST_CASE(each_stamp_has_one_successor) {
  for (const auto& kind : store_kinds()) {
    if (!kind.lasts)
      continue;
    const test::temporary_directory folder;
    const auto clock = [] { return ta::store_time{1'700'000'000s}; };
    const auto store = kind.open(folder.path(), clock);
    const std::int64_t generations = kind.is_far ? 60 : 120;
    constexpr std::int64_t of_one = 8; // so many stamps has a generation
    const auto end = std::chrono::steady_clock::now() + patience;
    std::atomic<int> successes{0}, faults{0};
    const auto write_all = [&](int me) {
      const auto own = kind.open(folder.path(), clock);
      const std::vector<std::string> names
          = me == 0 ? std::vector<std::string>{"a", "b"} : std::vector<std::string>{"b", "a"};
      while (std::chrono::steady_clock::now() < end) {
        const auto page = own->schedules({.names = names});
        std::vector<td::schedule_write> writes;
        for (const auto& name : names) {
          const auto at = std::ranges::find_if(
              page.found, [&](const td::stored_schedule& each) { return each.row.name == name; });
          const auto from = at == page.found.end() ? 0 : at->row.stamp;
          if (const auto next = from / of_one + 1; next <= generations)
            writes.push_back(write_to(row_at(name, next * of_one + me), from,
                                      {job_of(name, std::to_string(next)), job_of_fire()}));
        }
        if (writes.empty())
          return;
        for (const auto& reply : own->write_schedules(writes)) {
          successes += reply.done ? 1 : 0;
          faults += reply.pushed.size() == (reply.done ? 2U : 0U) ? 0 : 1;
          for (const auto& each : reply.pushed)
            faults += each.how == push_result::pushed ? 0 : 1;
        }
      }
      ++faults; // it took too long
    };
    {
      std::vector<std::jthread> programs;
      for (const int me : {0, 1})
        programs.emplace_back([&, me] {
          try {
            write_all(me);
          } catch (const std::exception& why) {
            ++faults;
            BOOST_TEST_MESSAGE(why.what());
          }
        });
    }
    BOOST_TEST_CONTEXT("in the store " << kind.name) {
      BOOST_TEST(faults == 0);
      BOOST_TEST(successes == 2 * generations);
      BOOST_TEST(store->survey().counters.pushed == static_cast<std::uint64_t>(4 * generations));
      const auto page = store->schedules({});
      are(names_of(page), {"a", "b"});
      for (const auto& each : page.found) {
        BOOST_TEST(each.row.stamp / of_one == generations);
        BOOST_TEST(each.open.size() == static_cast<std::size_t>(generations));
      }
      BOOST_TEST(store->check() == std::vector<std::string>{}, boost::test_tools::per_element());
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
