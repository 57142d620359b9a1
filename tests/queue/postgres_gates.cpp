// What stands between a program and its store on PostgreSQL: passwords, poolers, rights, and schemas that
// somebody has changed. Each error says what was wrong and what to do, and nothing is lost.
#include "hooked_store.hpp"
#include "postgres_tale.hpp"
#include "support/byte_proxy.hpp"

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

#include <unistd.h>

namespace postgres_gates {

using namespace queue_tests;

td::postgres_backend open_as(const postgres_world& world, const std::string& where,
                             const std::string& schema = "taskactor") {
  auto options = world.options(5s);
  options.where = where;
  options.schema = schema;
  return td::postgres_backend{options};
}

/// Debian's pgbouncer before a server: a session is given to others after each transaction.
class pooler {
public:
  explicit pooler(test::postgres_server& server) : folder_(server.folder() + "/pooler") {
    server.run("mkdir " + folder_);
    std::ofstream{server.folder() + "/pooler.ini"}
        << "[databases]\n* = host=" << server.folder()
        << " user=postgres\n[pgbouncer]\nlisten_addr =\nlisten_port = 5432\n"
        << "unix_socket_dir = " << folder_
        << "\nauth_type = any\npool_mode = transaction\ndefault_pool_size = 2\n"
        << "pidfile = " << folder_ << "/pid\nlogfile = " << folder_
        << "/log\nignore_startup_parameters = extra_float_digits\n";
    server.run("pgbouncer -q -d " + server.folder() + "/pooler.ini"); // it listens after that
    const bool listens = in_time([&] {
      std::stringstream log;
      log << std::ifstream{folder_ + "/log"}.rdbuf();
      return log.str().find("process up") != std::string::npos;
    });
    BOOST_REQUIRE(listens);
  }
  pooler(const pooler&) = delete;
  pooler& operator=(const pooler&) = delete;
  ~pooler() {
    long pid = 0;
    if (std::ifstream{folder_ + "/pid"} >> pid)
      ::kill(static_cast<pid_t>(pid), SIGTERM);
  }
  const std::string& folder() const noexcept { return folder_; }
  static bool is_installed() { return std::filesystem::exists("/usr/sbin/pgbouncer"); }

private:
  std::string folder_;
};

} // namespace postgres_gates

using namespace postgres_gates;

BOOST_AUTO_TEST_SUITE(postgres_gates)

BOOST_AUTO_TEST_CASE(a_pooler_that_shares_sessions_will_do_without_prepared_statements) {
  if (!pooler::is_installed()) {
    BOOST_TEST_MESSAGE("left out: Debian's package pgbouncer isn't installed");
    return;
  }
  test::postgres_server server;
  const postgres_world world{server}, straight{server};
  const pooler between{server};
  auto options = world.options();
  options.where = world.through(between.folder());
  options.prepare = false;
  const tale_clock clock, other_clock;
  td::postgres_backend store{options, clock};
  td::postgres_backend beside{straight.options(), other_clock};
  BOOST_TEST(told(store, clock) == told(beside, other_clock));
  BOOST_TEST(store.check() == std::vector<std::string>{}, boost::test_tools::per_element());
  // With them it is said what to do; which of several sessions has them is the pooler's choice.
  options.prepare = true;
  options.call_timeout = 5s;
  has_words(refusal_soon([&] {
              td::postgres_backend one{options}, two{options};
              one.survey();
              two.survey();
            }),
            "`prepare` = false");
}

BOOST_AUTO_TEST_CASE(a_password_is_asked_for_and_taken_from_a_file) {
  test::postgres_server server;
  const postgres_world world{server};
  {
    auto store = world.open(); // the owner's
    const auto job = store_world::job();
    store.push({&job, 1});
  }
  auto psql = world.psql();
  psql.run("CREATE ROLE ann LOGIN PASSWORD 'right' IN ROLE taskactor_run");
  psql.run("CREATE ROLE bob LOGIN");
  const auto rules = server.folder() + "/data/pg_hba.conf";
  std::string before{std::istreambuf_iterator<char>{std::ifstream{rules}.rdbuf()}, {}};
  std::ofstream{rules} << "local all ann scram-sha-256\nlocal all eve reject\n" << before;
  psql.run("SELECT pg_reload_conf()");
  const test::temporary_directory folder;
  const auto passwords = folder / "passwords";
  const auto as = [&](const std::string& user) {
    return server.url(world.database(), user) + "&passfile=" + passwords;
  };
  const auto writes = [&](const std::string& password) {
    std::ofstream{passwords} << "*:*:*:ann:" << password << '\n';
    std::filesystem::permissions(passwords,
                                 std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  };
  // The reload is on its way.
  auto said = refusal_soon([&] { open_as(world, as("ann")); });
  has_words(said, "no password supplied");
  has_words(said, "PGPASSFILE");
  writes("wrong");
  said = refusal_of(ta::errc::store_failed, [&] { open_as(world, as("ann")); });
  has_words(said, "password authentication failed");
  has_words(said, "PGPASSFILE");
  BOOST_TEST(said.find("wrong") == std::string::npos, said);
  writes("right");
  auto store = open_as(world, as("ann"));
  BOOST_TEST(store.claim(claim_of("r", 1)).jobs.size() == 1U);
  said = refusal_of(ta::errc::store_failed, [&] { open_as(world, as("eve")); });
  has_words(said, "name the right user");
  said = refusal_of(ta::errc::store_unusable, [&] { open_as(world, as("bob")); });
  has_words(said, "grant it taskactor_push");
  world.is_well();
}

BOOST_AUTO_TEST_CASE(a_schema_that_somebody_has_changed_is_said_to_be_so_and_nothing_is_lost) {
  const postgres_world world;
  auto psql = world.psql();
  std::size_t pushed = 0;
  const auto push = [&](td::store_backend& store) {
    const auto job = store_world::job();
    store.push({&job, 1});
    ++pushed;
  };
  {
    auto store = world.open();
    push(store);
  }
  const std::pair<const char*, const char*> changes[]{
      {"ALTER TABLE taskactor.job RENAME COLUMN trace TO other",
       "ALTER TABLE taskactor.job RENAME COLUMN other TO trace"},
      {"ALTER TABLE taskactor.job RENAME TO jobs", "ALTER TABLE taskactor.jobs RENAME TO job"},
      {"ALTER TABLE taskactor.ready RENAME TO other", "ALTER TABLE taskactor.other RENAME TO ready"},
      {"ALTER FUNCTION taskactor.now_us() RENAME TO other",
       "ALTER FUNCTION taskactor.other() RENAME TO now_us"},
      {"ALTER FUNCTION taskactor.lane_of(text, smallint, text, text, text, text[], text, smallint) RENAME TO "
       "other",
       "ALTER FUNCTION taskactor.other(text, smallint, text, text, text, text[], text, smallint) RENAME TO "
       "lane_of"},
      {"ALTER SEQUENCE taskactor.number RENAME TO other", "ALTER SEQUENCE taskactor.other RENAME TO number"},
      {"ALTER SEQUENCE taskactor.token RENAME TO other", "ALTER SEQUENCE taskactor.other RENAME TO token"},
      {"ALTER TABLE taskactor.tally RENAME COLUMN pushed TO other",
       "ALTER TABLE taskactor.tally RENAME COLUMN other TO pushed"}};
  for (const auto& [change, back] : changes)
    BOOST_TEST_CONTEXT(change) {
      psql.run(change);
      std::string said;
      try {
        auto store = world.open(5s);
        push(store);
        --pushed;
        store.claim(claim_of("r", 1));
        BOOST_ERROR("nobody has noticed");
      } catch (const ta::error& why) {
        BOOST_TEST((why.code() == ta::errc::store_unusable), why.what());
        said = why.what();
      }
      has_words(said, "schema isn't as this release makes it");
      psql.run(back);
    }
  auto store = world.open();
  push(store);
  const auto& counts = store.survey().counters;
  BOOST_TEST(store.list({}).size() == counts.pushed);
  BOOST_TEST(counts.pushed >= pushed);
  world.is_well();
  psql.run("DROP SCHEMA taskactor CASCADE");
  has_words(refusal_of(ta::errc::store_unusable, [&] { store.list({}); }),
            "schema isn't as this release makes it");
}

BOOST_AUTO_TEST_SUITE_END()
