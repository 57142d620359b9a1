// What sessions beside a store's own, and settings of its own, could do to a verb between two of its
// statements: each of these has let a limit be exceeded, a job be forgotten, or a call hang.
#include "base/unique_fd.hpp"
#include "postgres_world.hpp"
#include "support/byte_proxy.hpp"

#include <taskactor/queue/push_options.hpp>

#include <sys/socket.h>
#include <sys/un.h>

#include <atomic>
#include <functional>
#include <map>
#include <thread>

namespace postgres_sessions {

using namespace queue_tests;
using test::proxy_fault;

td::new_job limited(const std::string& queue = "q") {
  auto job = store_world::job("a", queue);
  job.row.limits = {{"x", "", 1}};
  return job;
}

void set_capacity(td::store_backend& store, std::size_t most) {
  const td::control_action action{
      .verb = td::control_verb::set_limit, .id = 0, .name = "x", .capacity = most, .rate = {}};
  store.control({&action, 1});
}

/// A store whose connection goes through a proxy.
struct behind_proxy {
  td::postgres_backend open(std::chrono::nanoseconds limit = 20s) const {
    auto options = world.options(limit);
    options.where = world.through(proxy.folder());
    options.prepare = false; // so that each COMMIT is said in words
    return td::postgres_backend{options};
  }

  postgres_world world{};
  test::byte_proxy proxy{world.socket()};
};

std::vector<ta::job_id> running(const postgres_world& world) {
  std::vector<ta::job_id> ids;
  auto psql = world.psql();
  for (const auto row : psql.run("SELECT job FROM taskactor.running ORDER BY job"))
    ids.push_back(row.integer(0));
  return ids;
}

} // namespace postgres_sessions

using namespace postgres_sessions;

BOOST_AUTO_TEST_SUITE(postgres_sessions)

// -- settings ---------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_limit_holds_whatever_isolation_the_database_has_by_default) {
  const postgres_world world;
  auto psql = world.psql();
  psql.run("ALTER DATABASE " + world.database() + " SET default_transaction_isolation = 'repeatable read'");
  auto store = world.open();
  set_capacity(store, 1);
  const std::vector jobs{limited("q"), limited("p")};
  store.push(jobs);
  psql.run("BEGIN");
  psql.run("SELECT 1 FROM taskactor.limits WHERE name = 'x' FOR UPDATE");
  std::atomic<std::size_t> given{0};
  std::vector<std::jthread> claimers;
  for (const auto* queue : {"q", "p"})
    claimers.emplace_back([&, queue] {
      auto other = world.open();
      given += other.claim(claim_of(std::string{"r"} + queue, 1, 0, queue)).jobs.size();
    });
  world.wait_for_waiting(2); // both have begun: the second one's snapshot is older than what the first does
  psql.run("COMMIT");
  claimers.clear();
  BOOST_TEST(given == 1U);
  world.is_well();
}

BOOST_AUTO_TEST_CASE(bytes_and_texts_are_the_same_whatever_a_user_has_set) {
  const postgres_world world;
  for (const auto* setting :
       {"bytea_output = 'escape'", "client_encoding = 'LATIN1'", "datestyle = 'SQL, DMY'", "search_path = ''",
        "timezone = 'Asia/Kathmandu'", "standard_conforming_strings = off",
        "default_transaction_isolation = 'serializable'"})
    world.psql().run("ALTER DATABASE " + world.database() + " SET " + setting);
  auto store = world.open();
  auto job = store_world::job();
  job.request = std::string{"\0\\x\xff 'q", 8};
  job.row.arguments = "[\"\xc3\xa9 \\\\ \"]";
  const auto id = store.push({&job, 1}).at(0).id;
  BOOST_TEST(store.push({&job, 1}).at(0).id == id); // its request is found
  const auto claimed = store.claim(claim_of("r", 1)).jobs.at(0);
  BOOST_TEST(claimed.row.arguments == job.row.arguments);
  const std::string result{"\0\\ \x80\xff\\134 ok", 12};
  const td::job_end end{.id = id, .token = claimed.token, .how = td::claim_end::succeeded, .result = result};
  BOOST_TEST(store.finish({"r", 1}, {&end, 1}).at(0) == td::end_reply::done);
  BOOST_TEST((store.find({&id, 1}).at(0).result == result));
  world.is_well();
}

// -- between two statements -------------------------------------------------

BOOST_AUTO_TEST_CASE(a_limit_that_comes_while_a_claim_waits_holds_for_it) {
  const postgres_world world;
  auto store = world.open();
  set_capacity(store, 1);
  store.renew({.runner = {"r", 1}});
  auto psql = world.psql();
  psql.run("BEGIN");
  psql.run("SELECT 1 FROM taskactor.runner FOR UPDATE");
  std::size_t given = 0;
  std::jthread claimer{[&] { given = world.open().claim(claim_of("r", 3)).jobs.size(); }};
  world.wait_for_waiting(); // it has locked the limits that there were: none
  const std::vector<td::new_job> jobs(3, limited());
  store.push(jobs);
  psql.run("COMMIT");
  claimer.join();
  BOOST_TEST(given <= 1U);
  given += store.claim(claim_of("r", 3)).jobs.size();
  BOOST_TEST(given == 1U);
  world.is_well();
}

BOOST_AUTO_TEST_CASE(queues_whose_names_have_one_number_are_no_deadlock) {
  const postgres_world world;
  auto store = world.open();
  auto psql = world.psql();
  // Two names with one number, and one between them.
  const auto found = psql.run("WITH n AS (SELECT 'k' || g AS n, hashtext('\"taskactor\".k' || g) AS h FROM "
                              "generate_series(1, 300000) g), two AS "
                              "(SELECT min(n) AS a, max(n) AS c, h FROM n GROUP BY h HAVING count(*) > 1) "
                              "SELECT a, (SELECT n.n FROM n WHERE "
                              "n.n > a AND n.n < c AND n.h <> two.h LIMIT 1), c, h FROM two WHERE EXISTS "
                              "(SELECT 1 FROM n WHERE n.n > a AND "
                              "n.n < c AND n.h <> two.h) LIMIT 1");
  BOOST_REQUIRE(!found.empty());
  const auto a = found.front().string(0), b = found.front().string(1), c = found.front().string(2);
  psql.run("BEGIN");
  psql.run("SELECT pg_advisory_xact_lock(1953066867, " + found.front().string(3) + ")");
  std::vector<std::jthread> claimers;
  for (const auto& [first, second] : {std::pair{a, b}, std::pair{b, c}})
    claimers.emplace_back([&world, first, second] {
      auto request = claim_of("r" + first, 1, 0, first);
      request.shares.push_back({.queue = second, .free = 1});
      world.open().claim(request);
    });
  world.wait_for_waiting(2);
  psql.run("COMMIT");
  claimers.clear();
  BOOST_TEST(psql.number("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()") == 0);
}

BOOST_AUTO_TEST_CASE(a_session_that_the_server_ends_for_any_reason_is_lost_and_no_wait_without_end) {
  const postgres_world world;
  td::postgres_connection one{world.options()};
  const auto until = [] { return td::postgres_connection::clock::now() + 20s; };
  const auto pid = one.run("SELECT pg_backend_pid()", {}, until()).front().string(0);
  one.run("SET idle_in_transaction_session_timeout = 20", {}, until());
  one.run("BEGIN", {}, until());
  auto psql = world.psql();
  while (psql.number("SELECT count(*) FROM pg_stat_activity WHERE pid = " + pid) != 0)
    std::this_thread::yield();
  try {
    one.run("SELECT 1", {}, until());
    BOOST_ERROR("it has gone");
  } catch (const td::postgres_error& why) {
    BOOST_TEST((why.kind() == td::postgres_trouble::lost), why.what());
  }
  BOOST_TEST(one.run("SELECT 1", {}, until()).front().integer(0) == 1);
}

// -- commits without an answer ----------------------------------------------

BOOST_AUTO_TEST_CASE(a_claim_whose_commit_is_still_under_way_is_waited_for) {
  behind_proxy at;
  auto store = at.open(60s);
  auto psql = at.world.psql();
  psql.run("CREATE FUNCTION public.slow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM "
           "pg_advisory_xact_lock(42); RETURN NULL; END'");
  psql.run(
      "CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON taskactor.running DEFERRABLE INITIALLY DEFERRED FOR "
      "EACH ROW EXECUTE FUNCTION public.slow()");
  const std::vector<td::new_job> jobs(4, store_world::job());
  store.push(jobs);
  psql.run("SELECT pg_advisory_lock(42)");
  at.proxy.arm(proxy_fault::lose_client, commit_words);
  std::vector<ta::job_id> given;
  std::jthread claimer{[&] { given = ids_of(store.claim(claim_of("r", 2)).jobs); }};
  at.world.wait_for_waiting(2); // the commit, and who asks what became of it
  psql.run("SELECT pg_advisory_unlock(42)");
  claimer.join();
  BOOST_TEST(at.proxy.faults() == 1U);
  std::ranges::sort(given);
  BOOST_TEST(given == running(at.world), boost::test_tools::per_element());
  at.world.is_well();
}

BOOST_AUTO_TEST_CASE(jobs_of_a_claim_that_was_never_answered_are_ready_again) {
  behind_proxy at;
  const std::vector<td::new_job> jobs(4, store_world::job());
  at.world.open().push(jobs); // which makes the tables
  auto store = at.open(5s);
  at.proxy.arm(proxy_fault::stall, commit_words);
  refusal_of(ta::errc::store_timed_out, [&] { store.claim(claim_of("r", 2)); });
  BOOST_TEST(running(at.world).size() == 2U); // they have no end, and nobody knows of them
  auto given = soon([&] { return ids_of(store.claim(claim_of("r", 2)).jobs); });
  BOOST_TEST(given.size() == 2U);
  std::ranges::sort(given);
  BOOST_TEST(given == running(at.world), boost::test_tools::per_element());
  at.world.is_well();
}

BOOST_AUTO_TEST_CASE(what_a_beat_without_an_answer_has_written_is_not_written_again) {
  behind_proxy at;
  const auto job = store_world::job();
  const auto id = at.world.open().push({&job, 1}).at(0).id; // which makes the tables
  auto store = at.open(5s);
  const auto claimed = store.claim(claim_of("r", 1)).jobs.at(0);
  td::claim_note note{.id = id, .token = claimed.token, .begun = true};
  note.output = "first\n";
  td::runner_beat beat{.runner = {"r", 1}, .notes = {note}};
  at.proxy.arm(proxy_fault::stall, commit_words);
  refusal_of(ta::errc::store_timed_out, [&] { store.renew(beat); });
  note.output = "second\n";
  beat.notes.push_back(note); // behind those that are sent again
  BOOST_TEST(!soon([&] { return store.renew(beat); }).fenced);
  BOOST_TEST(store.find({&id, 1}).at(0).output == "first\nsecond\n");
}

/// A server that takes connections and says nothing, as one does that was switched off behind a router.
class silent_server {
public:
  silent_server() {
    sockaddr_un at{.sun_family = AF_UNIX, .sun_path = {}};
    const auto path = folder_ / ".s.PGSQL.5432";
    path.copy(at.sun_path, sizeof at.sun_path - 1);
    BOOST_REQUIRE(::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&at), sizeof at) == 0); // NOLINT
    BOOST_REQUIRE(::listen(socket_.get(), 100) == 0);
  }
  const std::string& folder() const { return folder_.path(); }

private:
  test::temporary_directory folder_;
  td::unique_fd socket_{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
};

BOOST_AUTO_TEST_CASE(of_several_hosts_one_that_says_nothing_or_is_gone_has_its_share_of_the_time) {
  const postgres_world world;
  world.open(); // its tables
  const silent_server silent;
  const auto before = std::chrono::steady_clock::now();
  auto options = world.options(15s); // of which each of the three has 5 s
  options.where = world.through(silent.folder() + ",/nowhere," + world.server.folder());
  td::postgres_backend store{options};
  const auto job = store_world::job();
  store.push({&job, 1});
  BOOST_TEST((std::chrono::steady_clock::now() - before < 14s));
  // The one that took it is asked first from now on.
  world.psql().run("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE pid <> "
                   "pg_backend_pid() AND datname = current_database()");
  const auto again = std::chrono::steady_clock::now();
  store.push({&job, 1});
  BOOST_TEST((std::chrono::steady_clock::now() - again < 5s));
  BOOST_TEST(store.list({}).size() == 2U);
}

BOOST_AUTO_TEST_CASE(several_hosts_are_written_in_each_way_that_libpq_takes) {
  const postgres_world world;
  world.open(); // its tables
  const auto& here = world.server.folder();
  const auto name = world.database();
  std::string in_url; // a folder's slashes
  for (const char each : here)
    in_url += each == '/' ? std::string{"%2F"} : std::string(1, each);
  for (const auto& where : {"postgresql://postgres@%2Fnowhere," + in_url + '/' + name,
                            "postgresql://postgres@%2Fnowhere:5432," + in_url + '/' + name,
                            "postgresql://postgres@%2Fnowhere," + in_url + ":5432/" + name,
                            "postgresql://postgres@%2Fnowhere:1," + in_url + ":5432/" + name,
                            "postgresql://postgres@/" + name + "?host=/nowhere," + here + "&port=5432",
                            "postgresql://postgres@/" + name + "?host=/nowhere," + here + "&port=1,5432",
                            "user=postgres dbname=" + name + " host=/nowhere," + here + " port=1,",
                            "user=postgres dbname=" + name + " host=/nowhere," + here}) {
    BOOST_TEST_CONTEXT(where) {
      auto options = world.options();
      options.where = where;
      td::postgres_backend store{options};
      BOOST_TEST(store.list({}).empty());
    }
  }
}

BOOST_AUTO_TEST_CASE(of_several_hosts_that_all_fail_each_is_told) {
  const postgres_world world;
  const silent_server silent;
  auto options = world.options(300ms);
  options.where = world.through("/nowhere," + silent.folder());
  const auto said = refusal_of(ta::errc::store_timed_out, [&] { td::postgres_backend{options}; });
  has_words(said, "/nowhere: ");
  has_words(said, "No such file or directory");
  has_words(said, silent.folder() + ": the server hasn't answered in time");
}

BOOST_AUTO_TEST_CASE(a_lock_that_another_session_holds_ends_the_call_and_not_the_time_of_the_next) {
  const postgres_world world;
  auto options = world.options();
  options.lock_wait = 50ms;
  td::postgres_backend store{options};
  const auto job = store_world::job();
  store.push({&job, 1});
  auto psql = world.psql();
  psql.run("BEGIN");
  psql.run("LOCK TABLE taskactor.job");
  const auto before = std::chrono::steady_clock::now();
  has_words(refusal_of(ta::errc::store_failed, [&] { store.push({&job, 1}); }), "has held a lock");
  has_words(refusal_of(ta::errc::store_failed, [&] { store.claim(claim_of("r", 1)); }), "has held a lock");
  has_words(refusal_of(ta::errc::store_failed, [&] { store.list({}); }), "has held a lock");
  BOOST_TEST((std::chrono::steady_clock::now() - before < 5s)); // once each, not until the call's time is up
  BOOST_TEST(!store.renew({.runner = {"r", 1}}).fenced);
  psql.run("ROLLBACK");
  store.push({&job, 1});
  BOOST_TEST(store.claim(claim_of("r", 9)).jobs.size() == 2U);
  world.is_well();
}

/// Whatever table somebody changes: no verb waits at the server for longer than a lock may take.
BOOST_AUTO_TEST_CASE(no_verb_waits_longer_for_a_lock_than_it_may) {
  const postgres_world world;
  auto options = world.options();
  options.lock_wait = 150ms;
  options.notices = false; // with these `version` needn't look
  td::postgres_backend store{options};
  const auto job = limited();
  const td::runner_beat beat{.runner = {"r", 1}};
  const td::control_action pause{
      .verb = td::control_verb::pause, .id = 0, .name = "q", .capacity = {}, .rate = {}};
  std::vector<ta::job_id> ids{store.push({&job, 1}).at(0).id};
  const std::pair<const char*, std::function<void()>> verbs[] = {
      {"push",
       [&] {
         store.push({&job, 1});
       }},
      {"claim", [&] { store.claim(claim_of("r", 1)); }},
      {"renew", [&] { store.renew(beat); }},
      {"promote", [&] { store.promote(10); }},
      {"rescue",
       [&] {
         const td::lost_runner lost{{"other", 1}, 0};
         store.rescue({&lost, 1});
       }},
      {"prune", [&] { store.prune(10); }},
      {"control",
       [&] {
         store.control({&pause, 1});
       }},
      {"list", [&] { store.list({}); }},
      {"find", [&] { store.find(ids); }},
      {"survey", [&] { store.survey(); }},
      {"runners", [&] { store.runners(); }},
      {"now", [&] { store.now(); }},
      {"version", [&] { store.version(); }},
      {"check", [&] { store.check(); }},
  };
  store.renew(beat); // from now on it is short
  auto psql = world.psql();
  std::vector<std::string> tables;
  for (const auto row :
       psql.run("SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = "
                "'taskactor'::regnamespace ORDER BY 1"))
    tables.push_back(row.string(0));
  BOOST_REQUIRE(tables.size() > 10);
  std::map<std::string, int> held_up;
  for (const auto& table : tables) {
    psql.run("BEGIN");
    psql.run("LOCK TABLE taskactor." + table);
    for (const auto& [name, call] : verbs)
      BOOST_TEST_CONTEXT(name << " beside a lock of " << table) {
        const auto before = std::chrono::steady_clock::now();
        try {
          call();
        } catch (const ta::error& why) {
          BOOST_TEST(why.code() == ta::errc::store_failed);
          has_words(why.what(), "has held a lock");
          ++held_up[name];
        }
        BOOST_TEST((std::chrono::steady_clock::now() - before < 5s));
      }
    BOOST_TEST(psql.number("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname "
                           "= current_database()")
               == 0);
    psql.run("ROLLBACK");
    for (const auto& [name, call] : verbs)
      BOOST_CHECK_NO_THROW(call());
  }
  for (const auto& [name, call] : verbs)
    if (name != std::string{"now"}) // which has no table
      BOOST_TEST(held_up[name] > 0, name << " was never held up");
  world.is_well();
}

BOOST_AUTO_TEST_CASE(the_shortest_and_the_longest_times_of_a_call_are_taken) {
  const postgres_world world;
  world.open(); // its tables
  for (const std::chrono::nanoseconds limit :
       {std::chrono::nanoseconds{24h * 365 * 200}, std::chrono::nanoseconds::max()}) {
    auto store = world.open(limit);
    const auto job = store_world::job();
    BOOST_TEST(store.push({&job, 1}).size() == 1U);
  }
  refusal_of(ta::errc::store_timed_out, [&] { world.open(1ns); });
}

BOOST_AUTO_TEST_SUITE_END()
