// Servers of a store that end, come again, take no writes, or have no room, while programs work with it:
// nothing is lost, and each job has one end.
#include "postgres_world.hpp"

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include <sys/mount.h>

namespace postgres_servers {

using namespace queue_tests;

/// Programs that push, claim and finish at the same time, each with a store of its own.
class busy_world {
public:
  busy_world(const postgres_world& world, int count) : world_(world) {
    for (int i = 0; i < count; ++i)
      programs_.emplace_back([this, i](const std::stop_token& stop) { work("r" + std::to_string(i), stop); });
  }
  /// So many more have ended.
  void wait_for(int more) const {
    const int wanted = ended_ + more;
    while (ended_ < wanted)
      std::this_thread::yield();
  }
  void stop() { programs_.clear(); }

  /// All that was pushed has ended once.
  void is_whole() {
    auto store = world_.open();
    for (int i = 0;; ++i) {
      const auto jobs = store.claim(claim_of("last", 100)).jobs;
      for (const auto& job : jobs)
        BOOST_TEST(finish_one(store, "last", job) == td::end_reply::done);
      if (jobs.empty())
        break;
    }
    const auto counts = store.survey().counters;
    BOOST_TEST(counts.pushed == static_cast<std::size_t>(pushed_));
    BOOST_TEST(counts.succeeded == counts.pushed);
    BOOST_TEST(store.list({.states = {ta::job_state::succeeded}, .most = 1'000'000}).size() == counts.pushed);
    BOOST_TEST(counts.stale == 0U);
    world_.is_well();
  }

private:
  /// Each call is made until it has an answer, as those do who use a store.
  template <class Call>
  auto made(const Call& call) {
    for (;;)
      try {
        return call();
      } catch (const ta::error&) {
        ++refused_;
      }
  }
  void work(const std::string& name, const std::stop_token& stop) {
    auto store = made([&] { return world_.open(2s); });
    for (int n = 0; !stop.stop_requested(); ++n) {
      auto job = store_world::job();
      job.request = name + "/" + std::to_string(n);
      made([&] { return store.push({&job, 1}); });
      ++pushed_;
      for (const auto& each : made([&] { return store.claim(claim_of(name, 3)); }).jobs) {
        made([&] { return finish_one(store, name, each); });
        ++ended_;
      }
    }
  }

  const postgres_world& world_;
  std::atomic<int> pushed_{0}, ended_{0}, refused_{0};
  std::vector<std::jthread> programs_;
};

} // namespace postgres_servers

using namespace postgres_servers;

BOOST_AUTO_TEST_SUITE(postgres_servers)

BOOST_AUTO_TEST_CASE(a_server_that_is_restarted_and_ends_its_sessions_loses_nothing) {
  test::postgres_server server;
  const postgres_world world{server};
  { world.open(); }
  busy_world programs{world, 3};
  programs.wait_for(20);
  for (int i = 0; i < 5; ++i) {
    world.psql().run(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = "
        "current_database()");
    programs.wait_for(10);
  }
  // One of its processes dies: it ends all of them, and recovers by itself.
  const auto killed
      = world.psql().number("SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND "
                            "datname = current_database() LIMIT 1");
  BOOST_TEST(::kill(static_cast<pid_t>(killed), SIGKILL) == 0);
  programs.wait_for(10);
  server.stop_fast();
  server.start();
  programs.wait_for(10);
  server.stop(); // as a crash
  server.start();
  programs.wait_for(10);
  programs.stop();
  programs.is_whole();
}

BOOST_AUTO_TEST_CASE(a_server_that_takes_no_writes_is_left_and_taken_again) {
  test::postgres_server server;
  const postgres_world world{server};
  { world.open(); } // its tables
  auto store = soon([&] { return world.open(3s); });
  const auto job = store_world::job();
  store.push({&job, 1});
  auto psql = world.psql();
  psql.run("ALTER SYSTEM SET default_transaction_read_only = on");
  psql.run("SELECT pg_reload_conf()");
  const auto said = refusal_soon([&] { store.push({&job, 1}); });
  has_words(said, "read-only");
  has_words(said, "a standby");
  auto looking = world.options();
  looking.read_write = looking.create = false;
  const auto there = td::postgres_backend{looking}.list({.most = 10'000}).size();
  BOOST_TEST(there >= 1U); // who only looks may
  psql.run("BEGIN READ WRITE");
  psql.run("COMMIT");
  psql.run("ALTER SYSTEM RESET default_transaction_read_only");
  psql.run("SELECT pg_reload_conf()");
  soon([&] { store.push({&job, 1}); });
  BOOST_TEST(store.list({.most = 10'000}).size() == there + 1);
  world.is_well();
}

BOOST_AUTO_TEST_CASE(a_server_whose_disk_is_full_says_so_and_goes_on_when_there_is_room) {
  test::postgres_server server;
  const auto disk = server.folder() + "/disk";
  server.run("mkdir " + disk);
  if (::mount("none", disk.c_str(), "tmpfs", 0, "size=12m,mode=0777") != 0) {
    BOOST_TEST_MESSAGE("left out: only root can make a small disk");
    return;
  }
  {
    server.run("mkdir -m 0700 " + disk + "/tables");
    const postgres_world world{server};
    world.psql().run("CREATE TABLESPACE small LOCATION '" + disk + "/tables'");
    world.psql().run("ALTER DATABASE " + world.database() + " SET default_tablespace = 'small'");
    auto store = world.open();
    auto job = store_world::job();
    std::size_t pushed = 0;
    std::string said;
    std::vector<td::new_job> many(20, job);
    for (auto& each : many) { // what doesn't compress
      each.row.arguments = '"';
      for (int i = 0; i < 8'000; ++i)
        each.row.arguments += static_cast<char>('a' + std::rand() % 26); // NOLINT: any letters
      each.row.arguments += '"';
    }
    while (said.empty() && pushed < 10'000)
      try {
        store.push(many);
        pushed += many.size();
      } catch (const ta::error& why) {
        BOOST_TEST((why.code() == ta::errc::store_failed), why.what());
        said = why.what();
      }
    has_words(said, "make room on the server's disk");
    BOOST_TEST(store.list({.most = 100'000}).size() == pushed);
    world.is_well();
    BOOST_TEST(::mount("none", disk.c_str(), "tmpfs", MS_REMOUNT, "size=100m,mode=0777") == 0);
    store.push(many);
    BOOST_TEST(store.survey().counters.pushed == pushed + many.size());
    world.is_well();
  }
  server.stop();
  BOOST_TEST(::umount(disk.c_str()) == 0);
}

BOOST_AUTO_TEST_SUITE_END()
