// Rule 8: what still runs after its outcome was given is an overrun, its grace included.
#include "bodies.hpp"
#include "support/gate.hpp"
#include "support/listener.hpp"
#include "support/virtual_time.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <ranges>
#include <thread>
#include <vector>

using namespace test;

namespace overruns {

void check_now(virtual_time& world, std::size_t now, std::uint64_t ever) {
  const auto facts = world.tasks.statistics();
  BOOST_TEST(facts.overrunning == now);
  BOOST_TEST(facts.overruns == ever);
}

} // namespace overruns

BOOST_AUTO_TEST_SUITE(overruns)

BOOST_AUTO_TEST_CASE(a_body_that_goes_on_in_its_grace_is_an_overrun) {
  virtual_time world{{.cancel_grace = 5s}};
  auto cleans_up = []() -> ta::task<void> { co_await ta::shield(ta::sleep_for(3s)); };
  auto h = world.tasks.add_task({.id = "a", .timeout = 1s}, cleans_up).value();
  world.advance(999ms);
  check_now(world, 0, 0);
  BOOST_TEST(!world.tasks.find("a")->overrun);
  world.advance(1ms);
  BOOST_CHECK(h.state() == ta::state::timed_out);
  check_now(world, 1, 1);
  BOOST_TEST(world.tasks.find("a")->overrun);
  BOOST_REQUIRE(world.tasks.task_status().size() == 1u);
  BOOST_TEST(world.tasks.task_status()[0].overrun);
  world.advance(2s);
  check_now(world, 0, 1);
  BOOST_TEST(!world.tasks.find("a")->overrun);
}

BOOST_AUTO_TEST_CASE(one_that_ends_at_once_is_none) {
  virtual_time world;
  auto h = world.tasks.add_task({.timeout = 1s}, hanging).value();
  h.wait();
  world.settle();
  check_now(world, 0, 0);
}

BOOST_AUTO_TEST_CASE(one_that_is_left_behind_counts_once_and_is_told) {
  virtual_time world{{.cancel_grace = 1s}};
  listener told;
  const auto watch = world.tasks.observe(told.handler(ta::event_kind::overrun));
  std::atomic<bool> go_on{false};
  auto call = [&go_on] {
    while (!go_on)
      std::this_thread::yield();
  };
  auto h = world.tasks.run_in_thread({.id = "a", .timeout = 1s}, call).value();
  world.settle();
  world.advance(1s);
  check_now(world, 1, 1);
  world.advance(5s);
  check_now(world, 1, 1);
  BOOST_TEST(told.wait_for(1).size() == 1u);
  go_on = true;
  world.run_until([&] { return world.tasks.statistics().running == 0; });
  check_now(world, 0, 1);
}

BOOST_AUTO_TEST_CASE(an_item_of_a_gather_is_one_as_well) {
  virtual_time world{{.cancel_grace = 5s}};
  auto body = [](int item) -> ta::task<void> { co_await ta::shield(ta::sleep_for(item * 1s)); };
  auto all = [&]() -> ta::task<void> {
    const ta::gather_options options{.concurrency = 2, .each = {.timeout = 1s}};
    (void)co_await ta::gather(options, body, std::vector<int>(1, 3));
  };
  auto h = world.tasks.add_task({}, all).value();
  world.advance(1s);
  check_now(world, 1, 1);
  world.advance(3s);
  check_now(world, 0, 1);
  BOOST_TEST(h.finished());
}

BOOST_AUTO_TEST_CASE(an_attempt_that_outlives_its_tasks_answer_is_one) {
  virtual_time world{{.cancel_grace = 5s}};
  auto cleans_up = []() -> ta::task<void> { co_await ta::shield(ta::sleep_for(4s)); };
  auto h
      = world.tasks
            .add_task({.timeout = 1s, .total_timeout = 2s, .retry = ta::retry{.max_attempts = 3}}, cleans_up)
            .value();
  world.advance(2s);
  BOOST_CHECK(h.state() == ta::state::timed_out);
  check_now(world, 1, 1);
  world.advance(3s);
  check_now(world, 0, 1);
}

/// Each item of a slot counts: what is left behind is told of whichever it is.
BOOST_AUTO_TEST_CASE(an_item_that_is_left_behind_is_an_overrun) {
  for (int before = 0; before < 3; ++before) {
    ta::task_manager tasks{{.cancel_grace = 0s, .scheduler_threads = 4}};
    gate closed;
    auto body = [&](int n) -> ta::task<int> {
      if (n == before)
        closed.pass(); // and never awaits
      co_return n;
    };
    for (auto limit = 30ms; closed.held() == 0 && limit < 20s; limit *= 2) { // until it has begun by then
      const auto all = tasks.gather({.concurrency = 1, .each = {.timeout = limit}}, body,
                                    std::views::iota(0, before + 1));
      BOOST_CHECK(all.back().error().state() == ta::state::timed_out);
    }
    BOOST_REQUIRE(closed.held() != 0);
    while (tasks.statistics().overruns == 0)
      std::this_thread::yield();
    closed.open();
    while (tasks.statistics().overrunning != 0)
      std::this_thread::yield();
  }
}

BOOST_AUTO_TEST_SUITE_END()
