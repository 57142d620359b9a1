// explain(id): from recorded facts, why a task doesn't run, or ended so.
#include "bodies.hpp"
#include "support/virtual_time.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

using namespace test;

BOOST_AUTO_TEST_SUITE(explanations)

BOOST_AUTO_TEST_CASE(a_waiting_task_says_for_what_and_who_holds_it) {
  virtual_time world;
  world.tasks.add_limiter("db", {.capacity = 2});
  world.tasks.add_limiter("mail", {.rate = ta::rate{.count = 1, .period = 10s}});
  const std::vector<ta::limit> db{{"db"}};
  (void)world.tasks.add_task({.id = "a", .limits = db}, after, 4s, 1);
  (void)world.tasks.add_task({.id = "b", .limits = db}, after, 4s, 1);
  (void)world.tasks.add_task({.id = "m", .limits = {{"mail"}}}, after, 0s, 1);
  world.settle();
  auto h = world.tasks.add_task({.id = "x", .limits = {{"db"}, {"mail"}}}, after, 2s, 7).value();
  world.advance(3s);
  BOOST_TEST(world.tasks.explain("x")->text() == "x: waits: since 3 s for \"db\", held by a and b");
  world.advance(3s);
  const auto there = world.tasks.explain("x").value();
  BOOST_TEST(there.text()
             == "x: waits; waited 4 s for \"db\", held by a and b; now since 2 s for the rate of \"mail\"");
  BOOST_REQUIRE(there.waits.size() == 2u);
  BOOST_TEST(there.waits[1].rate);
  BOOST_TEST(there.waits[1].now);
  BOOST_TEST(h.get() == 7);
  BOOST_TEST(
      world.tasks.explain("x")->text()
      == "x: completed after 2 s; waited 4 s for \"db\", held by a and b; then 6 s for the rate of \"mail\"");
  BOOST_TEST(!world.tasks.explain("nobody"));
}

BOOST_AUTO_TEST_CASE(the_managers_capacity_is_a_wait_too) {
  virtual_time world{{.capacity = 1}};
  (void)world.tasks.add_task({}, after, 5s, 1);
  auto h = world.tasks.add_task({.id = "x"}, after, 1s, 1).value();
  world.advance(2s);
  BOOST_TEST(world.tasks.explain("x")->text() == "x: waits: since 2 s for the manager's capacity");
  world.advance(3500ms);
  BOOST_TEST(world.tasks.explain("x")->text()
             == "x: running since 500 ms; waited 5 s for the manager's capacity");
  h.wait();
}

BOOST_AUTO_TEST_CASE(an_ended_task_says_how_and_why) {
  virtual_time world;
  auto late = world.tasks.add_task({.id = "late", .timeout = 2s}, hanging).value();
  auto cancelled = world.tasks.add_task({.id = "cancelled"}, hanging).value();
  auto failed = world.tasks.add_task({.id = "failed"}, failing, 1s).value();
  world.settle();
  cancelled.cancel();
  world.advance(2s);
  BOOST_TEST(world.tasks.explain("late")->text() == "late: timed out: ran too long (limit 2 s) after 2 s");
  BOOST_TEST(world.tasks.explain("cancelled")->text() == "cancelled: cancelled: requested");
  BOOST_TEST(world.tasks.explain("failed")->text() == "failed: failed: std::runtime_error: boom after 1 s");
}

BOOST_AUTO_TEST_CASE(attempts_and_replacements_are_told) {
  virtual_time world;
  auto h = world.tasks
               .add_task({.id = "r", .retry = ta::retry{.max_attempts = 2, .backoff = {.first = 10s}}},
                         failing, 1s)
               .value();
  world.advance(3s);
  BOOST_TEST(world.tasks.explain("r")->text()
             == "r: attempt 2 begins in 8 s; failed: std::runtime_error: boom");
  h.wait();
  BOOST_TEST(world.tasks.explain("r")->text() == "r: failed: std::runtime_error: boom after 1 s (attempt 2)");
  auto clean_up = []() -> ta::task<void> { co_await ta::shield(ta::sleep_for(3s)); };
  (void)world.tasks.add_task({.id = "x"}, clean_up);
  world.settle();
  auto next
      = world.tasks.add_task({.id = "x", .admission = {.on_duplicate = ta::on_duplicate::replace}}, clean_up)
            .value();
  world.settle();
  BOOST_TEST(world.tasks.explain("x")->text() == "x: waits for the end of the task that it replaces");
  next.wait();
}

BOOST_AUTO_TEST_SUITE_END()
