// Who is there: nodes find one another, agree on one connection, notice a death, and come back.
#include <support/cluster.hpp>

#include <boost/test/unit_test.hpp>

using namespace test;

BOOST_AUTO_TEST_SUITE(sessions)

BOOST_AUTO_TEST_CASE(two_nodes_that_join_each_other_keep_one_connection) {
  for (std::uint64_t seed = 1; seed < 20; ++seed) {
    cluster world{seed};
    auto& a = world.add("a");
    auto& b = world.add("b");
    a.core.join("b", world.now);
    world.run_for(std::chrono::milliseconds{seed % 5});
    b.core.join("a", world.now);
    world.run_for(30s);
    BOOST_TEST(a.is_up("b"));
    BOOST_TEST(b.is_up("a"));
    BOOST_TEST(world.open_connections() == 1);
    BOOST_TEST(a.core.statistics().sessions == 1);
    BOOST_TEST(a.core.statistics().sessions_lost == 0);
  }
}

BOOST_AUTO_TEST_CASE(a_killed_node_is_lost_at_once_and_a_stopped_one_within_two_and_a_half_seconds) {
  cluster world;
  auto& a = world.add("a");
  world.add("b");
  auto& c = world.add("c");
  a.core.join("b", world.now);
  a.core.join("c", world.now);
  world.run_for(1s);
  BOOST_REQUIRE(a.is_up("b") && a.is_up("c"));
  world.kill("b");
  world.stop(c);
  world.run_for(10ms);
  BOOST_TEST(!a.is_up("b"));
  BOOST_TEST(a.is_up("c"));
  world.run_for(1490ms);
  BOOST_CHECK(a.peer("c")->state == peer_state::suspect);
  world.run_for(1s);
  BOOST_CHECK(a.peer("c")->state == peer_state::down);
}

BOOST_AUTO_TEST_CASE(a_stopped_node_that_goes_on_finds_that_it_has_lost_the_others_and_comes_back) {
  cluster world;
  auto& a = world.add("a");
  auto& b = world.add("b");
  b.core.join("a", world.now);
  world.run_for(1s);
  auto lost = b.submit(on_node("a"), "hang");
  world.run_for(1s);
  world.stop(b);
  world.run_for(5s);
  BOOST_TEST(!a.is_up("b"));
  world.go_on(b);
  world.run_for(300ms);
  BOOST_TEST(lost->answers == 1);
  BOOST_CHECK(lost->answer.how == call_answer::kind::lost);
  world.run_for(20s);
  BOOST_TEST(a.is_up("b"));
  BOOST_TEST(b.is_up("a"));
}

BOOST_AUTO_TEST_CASE(a_later_run_takes_the_place_of_the_one_before_at_once) {
  cluster world;
  auto& a = world.add("a");
  auto& before = world.add("b");
  before.core.join("a", world.now);
  world.run_for(1s);
  world.stop(before); // the connection stays
  auto& later = world.restart("b_2");
  BOOST_TEST(later.name == "b_2");
  cluster other;
  // The same name in one world is one node: what two runs of a name do is judged by their hellos.
  const node_self self{"a", "u", 1};
  const auto verdict
      = judge_hello(self, {.name = "b", .uuid = "two", .incarnation = 2}, {}, present_session{"one", 1});
  BOOST_CHECK(verdict.then == greeting_verdict::what::welcome);
  BOOST_TEST(verdict.replaces);
  const auto older
      = judge_hello(self, {.name = "b", .uuid = "one", .incarnation = 1}, {}, present_session{"two", 2});
  BOOST_CHECK(older.why == close_reason::newer_one_here);
  BOOST_TEST(a.is_up("b"));
}

BOOST_AUTO_TEST_CASE(a_killed_node_that_starts_again_is_found_again) {
  cluster world;
  auto& a = world.add("a");
  world.add("b");
  a.core.join("b", world.now);
  world.run_for(1s);
  world.kill("b");
  world.run_for(60s);
  BOOST_TEST(!a.is_up("b"));
  world.restart("b");
  world.run_for(11s); // the longest pause, and a moment
  BOOST_TEST(a.is_up("b"));
  BOOST_TEST(a.peer("b")->incarnation == 3U);
}

BOOST_AUTO_TEST_CASE(a_partition_is_noticed_on_both_sides_and_heals) {
  for (const bool one_way : {false, true}) {
    cluster world;
    auto& a = world.add("a");
    auto& b = world.add("b");
    a.core.join("b", world.now);
    world.run_for(1s);
    world.block("a", "b");
    if (!one_way)
      world.block("b", "a");
    world.run_for(2500ms);
    BOOST_TEST(!b.is_up("a"));
    world.run_for(2500ms);
    BOOST_TEST(!a.is_up("b"));
    world.run_for(60s);
    world.unblock();
    world.run_for(16s); // a greeting that got lost is given up after five seconds
    BOOST_TEST(a.is_up("b"));
    BOOST_TEST(b.is_up("a"));
  }
}

BOOST_AUTO_TEST_CASE(a_short_pause_of_the_network_loses_nothing) {
  cluster world;
  auto& a = world.add("a");
  auto& b = world.add("b");
  a.core.join("b", world.now);
  world.run_for(1s);
  world.latency = 1s;
  world.run_for(3s);
  world.latency = 1ms;
  world.run_for(3s);
  BOOST_TEST(a.core.statistics().sessions_lost == 0);
  BOOST_TEST(b.core.statistics().sessions_lost == 0);
}

BOOST_AUTO_TEST_CASE(a_hello_is_judged_by_version_name_certificate_and_run) {
  const node_self self{"m", "u", 1};
  const auto judged = [&](node_frames::hello from, std::string_view certified = {},
                          std::optional<present_session> present = {}) {
    return judge_hello(self, from, certified, present);
  };
  BOOST_CHECK(judged({.version = 2, .name = "x"}).why == close_reason::other_version);
  BOOST_CHECK(judged({.name = ""}).why == close_reason::name_refused);
  BOOST_CHECK(judged({.name = "m"}).why == close_reason::name_refused);
  BOOST_CHECK(judged({.name = "x"}, "y").why == close_reason::name_refused);
  BOOST_CHECK(judged({.name = "xx"}, "x").why == close_reason::name_refused);
  BOOST_CHECK(judged({.name = "x/cli-1"}, "x").then == greeting_verdict::what::welcome);
  BOOST_CHECK(judged({.name = "x"}, "x").then == greeting_verdict::what::welcome);
  BOOST_CHECK(judged({.name = "a"}).then == greeting_verdict::what::wait);
  BOOST_CHECK(judged({.name = "x", .uuid = "1", .incarnation = 5}, {}, present_session{"1", 5}).why
              == close_reason::already_connected);
  BOOST_CHECK(judged({.name = "x", .uuid = "1", .incarnation = 5}, {}, present_session{"2", 5}).why
              == close_reason::name_refused);
}

BOOST_AUTO_TEST_CASE(pauses_double_up_to_the_longest_and_vary_by_chance) {
  const node_times times;
  back_off least, most;
  std::vector<std::chrono::nanoseconds> low, high;
  for (int i = 0; i < 40; ++i) {
    low.push_back(least.failed(times, 0));
    high.push_back(most.failed(times, 1));
  }
  BOOST_CHECK(low[0] == 50ms && high[0] == 100ms);
  BOOST_CHECK(low[3] == 400ms && high[3] == 800ms);
  BOOST_CHECK(low[39] == 5s && high[39] == 10s);
  least.succeeded();
  BOOST_CHECK(least.failed(times, 0) == 50ms);
}

BOOST_AUTO_TEST_SUITE_END()
