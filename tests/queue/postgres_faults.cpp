// A store on PostgreSQL when something goes wrong: sessions that are ended, a server that restarts or doesn't
// answer, many who claim at once, users without rights, schemas of others.
#include "postgres_world.hpp"

#include <taskactor/error.hpp>

#include <atomic>
#include <csignal>
#include <set>
#include <thread>

namespace postgres_faults {

using namespace queue_tests;

} // namespace postgres_faults

using namespace postgres_faults;

BOOST_AUTO_TEST_SUITE(postgres_faults)

BOOST_AUTO_TEST_CASE(sixteen_claimers_with_three_limits_of_one_never_have_two_and_never_a_deadlock) {
  const postgres_world world;
  {
    auto store = world.open();
    std::vector<td::control_action> limits;
    for (const auto* name : {"x", "y", "z"})
      limits.push_back({td::control_verb::set_limit, 0, name, 1, {}});
    store.control(limits);
    std::vector<td::new_job> jobs;
    for (int i = 0; i < 120; ++i) {
      auto job = store_world::job("a", i % 2 ? "q" : "p");
      job.row.limits = {{"x", "", 1}, {"y", "", 1}, {"z", "", 1}};
      jobs.push_back(job);
    }
    store.push(jobs);
  }
  std::atomic<int> at_once{0}, ended{0}, faults{0};
  {
    std::vector<std::jthread> claimers;
    for (int i = 0; i < 16; ++i)
      claimers.emplace_back([&, i] {
        try {
          auto store = world.open(60s);
          const auto name = "r" + std::to_string(i);
          for (const auto late = std::chrono::steady_clock::now() + patience;
               ended < 120 && std::chrono::steady_clock::now() < late;) {
            auto request = claim_of(name, 4);
            request.shares.push_back({.queue = "p", .free = 4});
            if (i % 2)
              std::swap(request.shares[0], request.shares[1]);
            const auto jobs = store.claim(request).jobs;
            if (jobs.empty())
              continue;
            faults += jobs.size() != 1 || ++at_once != 1;
            --at_once;
            const td::job_end end{.id = jobs[0].id, .token = jobs[0].token, .how = td::claim_end::succeeded};
            faults += store.finish({name, 1}, {&end, 1}).at(0) != td::end_reply::done;
            ++ended;
          }
        } catch (const std::exception& why) {
          ++faults;
          BOOST_TEST_MESSAGE(why.what());
        }
      });
  }
  BOOST_TEST(faults == 0);
  BOOST_TEST(ended == 120);
  BOOST_TEST(world.psql()
                 .run("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
                 .front()
                 .integer(0)
             == 0);
  BOOST_TEST(world.open().check().empty());
}

BOOST_AUTO_TEST_CASE(a_session_that_is_ended_is_made_anew_and_nothing_is_done_twice) {
  const postgres_world world;
  auto store = world.open();
  const auto cut = [&] {
    world.psql().run(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND "
        "datname = current_database()");
  };
  auto job = store_world::job();
  job.request = "0123456789abcdef";
  cut();
  const auto id = store.push({&job, 1}).at(0).id;
  cut();
  BOOST_TEST(store.push({&job, 1}).at(0).id == id);
  cut();
  const auto jobs = store.claim(claim_of("r", 5)).jobs;
  BOOST_REQUIRE_EQUAL(jobs.size(), 1U);
  cut();
  td::runner_beat beat{.runner = {"r", 1}};
  BOOST_TEST(!store.renew(beat).fenced);
  cut();
  const td::job_end end{.id = id, .token = jobs[0].token, .how = td::claim_end::succeeded};
  BOOST_TEST(store.finish({"r", 1}, {&end, 1}).at(0) == td::end_reply::done);
  cut();
  store.promote(10);
  cut();
  store.prune(10);
  cut();
  BOOST_TEST(store.runners().size() == 1U);
  cut();
  const td::lost_runner lost{.runner = {"r", 1}, .beat = 1};
  BOOST_TEST(store.rescue({&lost, 1}).runners == 1U);
  cut();
  BOOST_TEST(store.survey().counters.succeeded == 1U);
  cut();
  BOOST_TEST(store.list({}).size() == 1U);
  cut();
  BOOST_TEST(store.find({&id, 1}).size() == 1U);
  cut();
  const td::control_action remove{td::control_verb::remove, id, {}, {}, {}};
  BOOST_TEST((store.control({&remove, 1}).at(0) == ta::control_reply::done));
  BOOST_TEST(store.check().empty());
}

BOOST_AUTO_TEST_CASE(a_server_that_does_not_answer_holds_nobody_up_and_is_asked_again) {
  test::postgres_server server;
  td::postgres_options options{.where = server.new_database()};
  { const td::postgres_backend usual{options}; } // its tables
  options.call_timeout = 2s;
  auto store = soon([&] { return td::postgres_backend{options}; });
  const auto job = store_world::job();
  server.signal_all(SIGSTOP);
  const auto begun = std::chrono::steady_clock::now();
  const auto said = refusal_of(ta::errc::store_timed_out, [&] { store.push({&job, 1}); });
  BOOST_TEST(said.find("hasn't answered in time") != std::string::npos, said);
  BOOST_TEST((std::chrono::steady_clock::now() - begun < 20s));
  server.signal_all(SIGCONT);
  soon([&] { store.push({&job, 1}); });
  server.stop(); // as a crash
  refusal_of(ta::errc::store_failed, [&] { store.push({&job, 1}); });
  server.start();
  BOOST_TEST(soon([&] { return store.survey(); }).counters.pushed >= 1U);
  BOOST_TEST(soon([&] { return store.check(); }).empty());
}

BOOST_AUTO_TEST_CASE(what_is_wrong_with_the_server_or_the_schema_is_said_in_words) {
  const postgres_world world;
  const auto& server = test::postgres_server::shared();
  const auto open = [](const std::string& where, const std::string& schema = "taskactor") {
    td::postgres_options options{.where = where, .schema = schema};
    options.call_timeout = 5s;
    return td::postgres_backend{options};
  };
  auto said = refusal_of(ta::errc::invalid_argument, [&] { open("postgresql://[:"); });
  BOOST_TEST(said.find("isn't one") != std::string::npos, said);
  said = refusal_of(ta::errc::store_failed, [&] { open(server.url("not_there")); });
  BOOST_TEST(said.find("createdb") != std::string::npos, said);
  said = refusal_of(ta::errc::store_failed, [&] { open("postgresql://x@/y?host=/nowhere"); });
  BOOST_TEST(said.find("/nowhere") != std::string::npos, said);
  said = refusal_of(ta::errc::store_failed, [&] { open(server.url("t1", "nobody_at_all")); });
  BOOST_TEST(said.find("nobody_at_all") != std::string::npos, said);

  world.psql().run("CREATE SCHEMA other");
  world.psql().run("CREATE TABLE other.meta(a int)");
  said = refusal_of(ta::errc::store_unusable, [&] { open(world.where, "other"); });
  BOOST_TEST(said.find("another program's") != std::string::npos, said);
  world.psql().run("DROP TABLE other.meta");
  world.psql().run("CREATE TABLE other.jobs(a int)");
  said = refusal_of(ta::errc::store_unusable, [&] { open(world.where, "other"); });
  BOOST_TEST(said.find("another program's") != std::string::npos, said);

  auto store = open(world.where);
  world.psql().run("ALTER TABLE taskactor.running RENAME TO elsewhere");
  said = refusal_of(ta::errc::store_unusable, [&] { store.claim(claim_of("r", 1)); });
  BOOST_TEST(said.find("schema isn't as this release makes it") != std::string::npos, said);
  world.psql().run("ALTER TABLE taskactor.elsewhere RENAME TO running");
  BOOST_TEST(store.claim(claim_of("r", 1)).jobs.empty());
  world.psql().run("UPDATE taskactor.meta SET value = '99' WHERE name = 'schema'");
  said = refusal_of(ta::errc::store_unusable, [&] { open(world.where); });
  BOOST_TEST(said.find("update this program") != std::string::npos, said);
}

BOOST_AUTO_TEST_CASE(roles_have_their_rights_and_no_others) {
  const postgres_world world;
  auto store = world.open();
  const auto name
      = world.where.substr(world.where.find("@/") + 2, world.where.find('?') - world.where.find("@/") - 2);
  for (const auto* role : {"push", "run", "read"}) {
    const auto user = name + '_' + role;
    world.psql().run("CREATE ROLE " + user + " LOGIN IN ROLE taskactor_" + role);
  }
  const auto as = [&](const std::string& role) {
    td::postgres_options options{.where = test::postgres_server::shared().url(name, name + '_' + role)};
    return td::postgres_connection{options};
  };
  const auto end = [] { return td::postgres_connection::clock::now() + 20s; };
  auto push = as("push");
  const auto id
      = push.run("SELECT taskactor.push('q', 'a', '[1]', '{\"priority\": 2, \"keep\": 60}')", {}, end())
            .front()
            .integer(0);
  BOOST_TEST(store.find({&id, 1}).at(0).info.priority == 2);
  refusal_of(ta::errc::store_unusable, [&] { push.run("SELECT * FROM taskactor.job", {}, end()); });
  auto said = refusal_of(ta::errc::store_failed, [&] {
    push.run("SELECT taskactor.push('q', 'a', '[1]', '{\"prio\": 2}')", {}, end());
  });
  BOOST_TEST(said.find("there is no option \"prio\"") != std::string::npos, said);
  auto read = as("read");
  BOOST_TEST(read.run("SELECT count(*) FROM taskactor.job", {}, end()).front().integer(0) == 1);
  said = refusal_of(ta::errc::store_unusable, [&] { read.run("DELETE FROM taskactor.job", {}, end()); });
  BOOST_TEST(said.find("lacks rights") != std::string::npos, said);
  td::postgres_backend runner{{.where = test::postgres_server::shared().url(name, name + "_run")}};
  const auto jobs = runner.claim(claim_of("r", 1)).jobs;
  BOOST_REQUIRE_EQUAL(jobs.size(), 1U);
  BOOST_TEST(jobs[0].row.arguments == "[1]");
  const td::job_end done{.id = id, .token = jobs[0].token, .how = td::claim_end::succeeded};
  BOOST_TEST(runner.finish({"r", 1}, {&done, 1}).at(0) == td::end_reply::done);
  BOOST_TEST(store.check().empty());
}

BOOST_AUTO_TEST_CASE(a_winner_of_a_key_that_rolls_back_lets_the_loser_in) {
  const postgres_world world;
  auto store = world.open();
  td::postgres_connection winner{world.options()};
  const auto end = td::postgres_connection::clock::now() + 60s;
  winner.run("BEGIN", {}, end);
  winner.run("INSERT INTO taskactor.unique_key VALUES('scope', 'k', 999, NULL)", {}, end);
  const auto job = store_world::unique("k");
  std::atomic<bool> is_in{false};
  std::jthread loser{[&] {
    auto other = world.open(60s);
    is_in = other.push({&job, 1}).at(0).how == ta::push_result::pushed;
  }};
  // Until it waits.
  while (world.psql()
             .run("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = "
                  "current_database()")
             .front()
             .integer(0)
         == 0)
    std::this_thread::yield();
  BOOST_TEST(!is_in);
  winner.run("ROLLBACK", {}, end);
  loser.join();
  BOOST_TEST(is_in);
  BOOST_TEST((store.push({&job, 1}).at(0).how == ta::push_result::duplicate));
  BOOST_TEST(store.check().empty());
}

BOOST_AUTO_TEST_SUITE_END()
