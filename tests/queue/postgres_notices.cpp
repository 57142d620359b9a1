// What the processes of a store on PostgreSQL tell each other at once, and what goes on when they don't; what
// an idle one asks the server.
#include "backends.hpp"
#include "hooked_store.hpp"
#include "postgres/postgres_backend.hpp"
#include "support/postgres_server.hpp"

#include <taskactor/queue/postgres_store.hpp>

#include <atomic>
#include <fstream>

namespace postgres_notices {

using namespace queue_tests;
using taskactor::detail::outside_change;

td::postgres_connection::clock::time_point in_20_s() { return td::postgres_connection::clock::now() + 20s; }

struct notice_world {
  std::string where = test::postgres_server::shared().new_database();

  td::postgres_options options() const {
    td::postgres_options made{.where = where};
    made.canary = 50ms;
    return made;
  }
  td::postgres_result run(const std::string& sql) const {
    td::postgres_connection other{options()};
    return other.run(sql.c_str(), {}, in_20_s());
  }
};

/// A program of many, with a runner.
class listening_program {
public:
  explicit listening_program(const notice_world& world, td::postgres_options options)
      : backend_(std::move(options)) {
    backend_.listen([this](outside_change what) { ++(what == outside_change::ready ? ready : ended); });
    static_cast<void>(world);
  }
  explicit listening_program(const notice_world& world) : listening_program(world, world.options()) {}

  td::postgres_backend* operator->() { return &backend_; }
  std::vector<td::claimed_job> claim(std::size_t free = 4, const std::string& queue = "q") {
    return backend_.claim({{"r", 1}, {{.queue = queue, .free = free}}, known}).jobs;
  }
  bool comes_to_hear() {
    return in_time([&] { return backend_.listener().hears; });
  }
  ta::job_id push(const td::new_job& job = store_world::job()) { return backend_.push({&job, 1}).at(0).id; }

  std::atomic<int> ready{0}, ended{0};

private:
  std::shared_ptr<const td::known_tasks> known = std::make_shared<const td::known_tasks>(task_a);
  td::postgres_backend backend_;
};

/// All that is told on a store's channel, in order.
class bare_listener {
public:
  explicit bare_listener(const notice_world& world) : connection_(world.options()) {
    connection_.script("LISTEN taskactor_taskactor", in_20_s());
  }
  /// Without canaries, and who told it; until there are so many.
  std::vector<std::string> hear(std::size_t count) {
    in_time([&] { return look().size() >= count; });
    return heard_;
  }
  const std::vector<std::string>& look() {
    for (const auto& each : connection_.heard())
      if (const auto what = each.substr(each.find(':') + 1); what != "c")
        heard_.push_back(what);
    return heard_;
  }

private:
  td::postgres_connection connection_;
  std::vector<std::string> heard_;
};

} // namespace postgres_notices

using namespace postgres_notices;

BOOST_AUTO_TEST_SUITE(postgres_notices)

BOOST_AUTO_TEST_CASE(a_push_on_another_machine_is_heard_by_who_has_an_empty_slot) {
  const notice_world world;
  listening_program runs{world}, pushes{world};
  BOOST_TEST(runs.claim().empty());
  BOOST_TEST(runs.comes_to_hear());
  pushes.push();
  BOOST_TEST(in_time([&] { return runs.ready == 1; }));
  BOOST_TEST(runs.claim(4).size() == 1U);
}

BOOST_AUTO_TEST_CASE(nobody_is_told_of_a_queue_without_empty_slots_nor_of_delayed_jobs) {
  const notice_world world;
  listening_program runs{world}, pushes{world};
  runs.claim(4, "q");
  bare_listener all{world};
  pushes.push(store_world::job("a", "others"));
  auto later = store_world::job();
  later.delay = std::chrono::hours{1};
  pushes.push(later);
  pushes.push();
  BOOST_TEST(all.hear(1) == std::vector<std::string>{"qq"}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(what_is_retried_resumed_released_and_freed_is_told) {
  const notice_world world;
  listening_program runs{world}, other{world};
  std::vector<std::string> told;
  bare_listener all{world};
  const auto control = [&](td::control_verb verb, ta::job_id id, const std::string& name) {
    const td::control_action action{.verb = verb, .id = id, .name = name, .capacity = {}, .rate = {}};
    other->control({&action, 1});
  };
  const auto is_told = [&](const std::string& what) {
    told.push_back(what);
    BOOST_TEST(all.hear(told.size()) == told, boost::test_tools::per_element());
  };
  runs.claim();
  const auto id = runs.push();
  is_told("qq");
  auto job = runs.claim().at(0);
  const td::job_end released{.id = id, .token = job.token, .how = td::claim_end::released};
  runs->finish({"r", 1}, {&released, 1});
  is_told("qq");
  job = runs.claim().at(0);
  const td::job_end done{.id = id, .token = job.token, .how = td::claim_end::succeeded};
  runs->finish({"r", 1}, {&done, 1});
  is_told("e");
  control(td::control_verb::pause, 0, "q"); // nobody can do anything with that
  control(td::control_verb::retry, id, "");
  is_told("qq");
  control(td::control_verb::resume, 0, "q");
  is_told("qq");
  control(td::control_verb::set_limit, 0, "x");
  is_told("a");
}

BOOST_AUTO_TEST_CASE(a_push_in_a_transaction_of_somebodys_is_heard_when_that_is_committed) {
  const notice_world world;
  listening_program runs{world};
  runs.claim();
  BOOST_TEST(runs.comes_to_hear());
  td::postgres_connection other{world.options()};
  td::postgres_batch pushes;
  pushes.add("BEGIN").add("SELECT @push('q', 'a')");
  other.run(pushes, in_20_s());
  bare_listener all{world};
  runs->control({}); // a journey of another
  BOOST_TEST(all.look().empty());
  other.run("COMMIT", {}, in_20_s());
  BOOST_TEST(in_time([&] { return runs.ready == 1; }));
}

BOOST_AUTO_TEST_CASE(many_pushes_are_told_together) {
  const notice_world world;
  listening_program runs{world}, pushes{world};
  runs.claim();
  bare_listener all{world};
  const auto began = std::chrono::steady_clock::now();
  for (int i = 0; i < 300; ++i)
    pushes.push();
  runs->control({});
  const auto took
      = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - began);
  BOOST_TEST(all.look().size() <= static_cast<std::size_t>(took.count() / 10 + 2));
  BOOST_TEST(all.hear(1).front() == "qq");
}

BOOST_AUTO_TEST_CASE(without_notices_there_is_no_second_connection_and_nothing_is_told) {
  const notice_world world;
  auto quiet = world.options();
  quiet.notices = false;
  listening_program runs{world, quiet}, pushes{world, quiet}, loud{world};
  runs.claim();
  bare_listener all{world};
  pushes.push();
  const auto before = runs->version();
  pushes.push();
  BOOST_TEST(runs->version() != before); // polling
  BOOST_TEST(!runs->listener().is_on);
  constexpr const char* connections = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%tell%' AND "
                                      "pid <> pg_backend_pid()";
  BOOST_TEST(world.run(connections).front().integer(0) == 0);
  loud->control({});
  const td::control_action any{
      .verb = td::control_verb::set_limit, .id = 0, .name = "x", .capacity = 1, .rate = {}};
  loud->control({&any, 1});
  BOOST_TEST(all.hear(1) == std::vector<std::string>{"a"}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(
    a_listener_whose_own_word_doesnt_come_back_is_silent_and_others_changes_are_seen_all_the_same) {
  const notice_world world;
  listening_program runs{world}, pushes{world};
  runs.claim();
  BOOST_TEST(runs.comes_to_hear());
  BOOST_TEST(runs->listener().silence.empty());
  // As a pooler does that gives the session to others.
  world.run(
      "CREATE OR REPLACE FUNCTION taskactor.tell(from_ text, queues_ text[], all_ boolean, ended_ boolean, "
      "canary_ boolean) RETURNS void LANGUAGE sql AS 'SELECT'");
  BOOST_TEST(in_time([&] { return !runs->listener().hears; }));
  BOOST_TEST(runs->listener().silence.find("pooler") != std::string::npos);
  const auto health = runs->survey().health;
  BOOST_TEST(health.silence.find("pooler") != std::string::npos);
  const auto before = runs->version();
  pushes.push();
  BOOST_TEST(runs->version() != before);
  BOOST_TEST(runs.claim().size() == 1U);
  BOOST_TEST(runs.ready == 0);
}

BOOST_AUTO_TEST_CASE(a_listener_that_was_cut_off_comes_again) {
  const notice_world world;
  listening_program runs{world}, pushes{world};
  runs.claim();
  BOOST_TEST(runs.comes_to_hear());
  const auto session = [&] { // in which it listens
    return world
        .run(
            "SELECT coalesce(max(pid), 0) FROM pg_stat_activity WHERE datname = current_database() AND query "
            "LIKE '%tell($1%' AND pid <> pg_backend_pid()")
        .front()
        .integer(0);
  };
  for (int i = 0; i < 3; ++i) {
    const auto before = session();
    BOOST_TEST(before != 0);
    world.run(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = current_database() AND "
        "query LIKE '%tell%' AND pid <> pg_backend_pid()");
    BOOST_TEST(in_time([&] {
      const auto now = session();
      return now != 0 && now != before && runs->listener().hears;
    }));
  }
  pushes.push();
  BOOST_TEST(in_time([&] { return runs.ready == 1; }));
}

BOOST_AUTO_TEST_CASE(who_watches_a_store_hears_of_a_push_elsewhere_before_it_would_look) {
  const notice_world world;
  const auto open = [&] {
    return std::make_shared<td::store_core>(std::make_unique<td::postgres_backend>(world.options()),
                                            ta::store_options{}, "postgres");
  };
  const auto runs = open(), pushes = open();
  hand_runner runner{*runs};
  BOOST_TEST(runner.claim().empty());
  std::atomic<int> heard{0};
  const auto watch = runs->watch([&] { ++heard; });
  auto least = std::chrono::nanoseconds::max();
  const auto late = std::chrono::steady_clock::now() + 60s;
  for (int i = 0; i < 3 || (least >= 300ms && std::chrono::steady_clock::now() < late); ++i) {
    const int before = heard;
    const auto began = std::chrono::steady_clock::now();
    told_by<std::vector<td::push_reply>>([&](auto tell) {
      pushes->push({store_world::job("a", "mail")}, tell);
    }).value();
    BOOST_TEST(in_time([&] { return heard > before; }));
    least = std::min<std::chrono::nanoseconds>(least, std::chrono::steady_clock::now() - began);
  }
  BOOST_TEST(std::chrono::duration_cast<std::chrono::milliseconds>(least).count()
             < 300); // a look: up to a second
}

BOOST_AUTO_TEST_CASE(an_idle_runner_asks_for_little) {
  const notice_world world;
  listening_program runs{world};
  const auto round = [&] { // of five seconds
    td::runner_beat beat{.runner = {"r", 1}};
    beat.shares = {{.queue = "q", .free = 4}};
    BOOST_TEST(!runs->renew(beat).fenced);
    BOOST_TEST(runs.claim().empty());
    BOOST_TEST(runs->promote(100).promoted == 0U);
    runs->runners();
    for (int i = 0; i < 5; ++i) // one in five needs a look
      runs->version();
  };
  round();
  round();
  BOOST_TEST(runs.comes_to_hear());
  round();
  const auto database = world.where.substr(0, world.where.find('?'))
                            .substr(world.where.rfind('/', world.where.find('?')) + 1);
  world.run("ALTER DATABASE " + database + " SET log_statement = 'all'");
  const auto log = test::postgres_server::shared().folder() + "/data/log";
  const auto lines = [&] {
    std::ifstream file{log};
    int count = 0;
    for (std::string line; std::getline(file, line);)
      count += line.find("execute ") != std::string::npos && line.find("tell(") == std::string::npos;
    return count;
  };
  // A new session has that setting.
  world.run("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = current_database() "
            "AND pid "
            "<> pg_backend_pid()");
  round();
  BOOST_TEST(runs.comes_to_hear());
  round();
  int asked = 0;
  const auto late = std::chrono::steady_clock::now() + 60s;
  do { // one in which it has been out of hearing asks for more
    BOOST_TEST(runs.comes_to_hear());
    const int before = lines();
    round();
    asked = lines() - before;
  } while ((asked < 3 || asked > 8) && std::chrono::steady_clock::now() < late);
  BOOST_TEST(asked >= 3);
  BOOST_TEST(asked <= 8); // and a canary; at most ten in five seconds
}

BOOST_AUTO_TEST_CASE(what_is_idle_notices_each_change_all_the_same) {
  const notice_world world;
  listening_program runs{world}, other{world};
  BOOST_TEST(runs.claim().empty());
  BOOST_TEST(runs.claim().empty());
  const auto id = other.push();
  BOOST_TEST(runs.claim().size() == 1U);
  BOOST_TEST(runs.claim().empty());
  const auto own = runs.push();
  BOOST_TEST(runs.claim().at(0).id == own);
  BOOST_TEST(runs.claim().empty());
  // Another takes the runner for lost: it hears so from its claim, and from its beat.
  td::runner_beat beat{.runner = {"r", 1}};
  beat.shares = {{.queue = "q", .free = 4}};
  runs->renew(beat);
  runs->renew(beat);
  BOOST_TEST(other->runners().at(0).beat == 2U);
  const td::lost_runner lost{.runner = {"r", 1}, .beat = 2};
  BOOST_TEST(other->rescue({&lost, 1}).runners == 1U);
  const td::claim_request request{
      {"r", 1}, {{.queue = "q", .free = 4}}, std::make_shared<const td::known_tasks>(task_a)};
  BOOST_TEST(runs->claim(request).fenced);
  BOOST_TEST(runs->renew(beat).fenced);
  BOOST_TEST(id != own);
}

BOOST_AUTO_TEST_SUITE_END()
