// Rule 1 (admission), rule 11 (after the end), and what a handle promises.
#include "bodies.hpp"
#include "support/virtual_time.hpp"

#include <boost/test/unit_test.hpp>

#include <sstream>

using namespace test;

BOOST_AUTO_TEST_SUITE(admission)

BOOST_AUTO_TEST_CASE(an_id_in_use_is_refused_first_whatever_else_is_wrong) {
  virtual_time world{{.max_queue = 1}};
  auto held = world.tasks.add_task({.id = "a"}, hanging).value();
  auto again = world.tasks.add_task({.id = "a", .timeout = -1s}, hanging);
  BOOST_REQUIRE(!again);
  BOOST_CHECK(again.error().code == ta::errc::duplicate_id);
  std::ostringstream out;
  out << again.error();
  BOOST_TEST(out.str() == "duplicate id: a");
}

BOOST_AUTO_TEST_CASE(waiting_and_running_tasks_count_against_the_queue) {
  virtual_time world{{.capacity = 1, .max_queue = 3}};
  for (int i = 0; i < 3; ++i)
    BOOST_TEST(world.tasks.add_task({}, after, 1s, i).has_value());
  world.settle();
  auto refused = world.tasks.add_task({}, after, 1s, 4);
  BOOST_CHECK(refused.error().code == ta::errc::queue_full);
  BOOST_TEST(refused.error().message == "queue overflow: 3");
  world.advance(1s);
  BOOST_TEST(world.tasks.add_task({}, after, 1s, 5).has_value());
  const auto facts = world.tasks.statistics();
  BOOST_TEST(facts.submitted == 4u);
  BOOST_TEST(facts.rejected == 1u);
}

BOOST_AUTO_TEST_CASE(a_negative_duration_is_refused_and_loses_nothing) {
  virtual_time world;
  auto refused = world.tasks.add_task({.id = "x", .total_timeout = -1ms}, hanging);
  BOOST_CHECK(refused.error().code == ta::errc::invalid_argument);
  BOOST_CHECK_THROW(refused.value(), std::system_error);
  BOOST_TEST(!world.tasks.find("x").has_value());
  BOOST_TEST(world.tasks.add_task({.id = "x"}, after, 0s, 1).has_value());
}

BOOST_AUTO_TEST_CASE(a_manager_that_stops_takes_nothing_more) {
  virtual_time world;
  world.tasks.shutdown();
  BOOST_CHECK(world.tasks.add_task({}, hanging).error().code == ta::errc::stopping);
}

BOOST_AUTO_TEST_CASE(ids_are_made_where_none_is_given_and_never_twice) {
  virtual_time world;
  (void)world.tasks.add_task({.id = "task-1"}, hanging);
  auto made = world.tasks.add_task({}, hanging).value();
  BOOST_TEST(made.id() == "task-2");
}

BOOST_AUTO_TEST_CASE(an_ended_task_stays_readable_and_its_id_is_free_again) {
  virtual_time world{{.history = {.size = 2, .ttl = 1min}}};
  for (const char* id : {"a", "b", "c"})
    (void)world.tasks.add_task({.id = id}, after, 1s, 1);
  world.advance(1s);
  BOOST_TEST(!world.tasks.find("a").has_value()); // pushed out
  BOOST_CHECK(world.tasks.find("c")->state == ta::state::completed);
  BOOST_TEST(world.tasks.add_task({.id = "c"}, hanging).has_value());
  world.settle();
  BOOST_CHECK(world.tasks.find("c")->state == ta::state::running);
  world.advance(61s);
  BOOST_TEST(!world.tasks.find("b").has_value()); // too old
}

BOOST_AUTO_TEST_CASE(the_status_lists_what_waits_and_runs_in_order) {
  virtual_time world{{.capacity = 1}};
  (void)world.tasks.add_task({.id = "first", .timeout = 5s}, hanging);
  world.advance(1s);
  (void)world.tasks.add_task({.id = "second"}, hanging);
  world.settle();
  const auto status = world.tasks.task_status();
  BOOST_REQUIRE(status.size() == 2u);
  BOOST_TEST(status[0].id == "first");
  BOOST_CHECK(status[0].state == ta::state::running);
  BOOST_CHECK(status[0].deadline - status[0].started == 5s);
  BOOST_TEST(status[1].id == "second");
  BOOST_CHECK(status[1].state == ta::state::queued);
}

BOOST_AUTO_TEST_CASE(a_dropped_handle_does_nothing_to_its_task) {
  virtual_time world;
  int done = 0;
  auto body = [&done]() -> ta::task<void> {
    co_await ta::sleep_for(1s);
    ++done;
  };
  { auto h = world.tasks.add_task({}, body).value(); }
  world.advance(1s);
  BOOST_TEST(done == 1);
}

BOOST_AUTO_TEST_CASE(an_outcome_that_nobody_can_ask_for_is_forgotten) {
  virtual_time world;
  auto value = std::make_shared<int>(1);
  auto body = [value](std::chrono::nanoseconds pause) -> ta::task<std::shared_ptr<int>> {
    co_await ta::sleep_for(pause);
    co_return value;
  };
  (void)world.tasks.add_task({}, body, 1s);
  auto h = world.tasks.add_task({}, body, 1s).value();
  world.advance(1s);
  BOOST_TEST(value.use_count() == 3); // ours, the lambda's here, and the one outcome that has a handle
  { auto last = std::move(h); }
  BOOST_TEST(value.use_count() == 2);
}

BOOST_AUTO_TEST_CASE(waiting_is_bounded_when_asked_to_be) {
  virtual_time world;
  auto h = world.tasks.add_task({}, after, 10s, 1).value();
  BOOST_TEST(!h.wait_for(1s));
  BOOST_TEST(h.wait_for(10s));
  BOOST_TEST(h.get() == 1);
}

BOOST_AUTO_TEST_CASE(a_blocking_call_inside_a_coroutine_is_refused) {
  virtual_time world;
  auto other = world.tasks.add_task({}, after, 1s, 1).value();
  auto body = [](ta::handle<int> h) -> ta::task<int> {
    co_await ta::yield();
    co_return h.get();
  };
  auto h = world.tasks.add_task({}, body, other).value();
  BOOST_CHECK_EXCEPTION(h.get(), std::system_error,
                        [](const std::system_error& e) { return e.code() == ta::errc::would_block; });
}

BOOST_AUTO_TEST_SUITE_END()
