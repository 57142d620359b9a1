// Rules 7 and 8: three clocks, and an answer at the deadline.
#include "bodies.hpp"
#include "support/virtual_time.hpp"

#include <boost/test/unit_test.hpp>

using namespace test;

BOOST_AUTO_TEST_SUITE(deadlines)

BOOST_AUTO_TEST_CASE(a_task_that_runs_too_long_is_timed_out_at_its_time_to_the_nanosecond) {
  virtual_time world;
  auto h = world.tasks.add_task({.id = "late", .timeout = 5s}, hanging).value();
  world.advance(5s - 1ns);
  BOOST_TEST(!h.finished());
  world.advance(1ns);
  BOOST_CHECK(h.state() == ta::state::timed_out);
  BOOST_CHECK(h.try_outcome()->error().reason() == ta::end_reason::run_timeout);
  BOOST_CHECK_THROW(h.get(), ta::task_error);
}

BOOST_AUTO_TEST_CASE(without_a_timeout_of_its_own_a_task_has_the_default_one) {
  virtual_time world{{.default_timeout = 3s}};
  auto h = world.tasks.add_task({}, hanging).value();
  auto free = world.tasks.add_task({.timeout = ta::no_timeout}, hanging).value();
  world.advance(24h);
  BOOST_CHECK(h.state() == ta::state::timed_out);
  BOOST_CHECK(free.state() == ta::state::running);
}

BOOST_AUTO_TEST_CASE(waiting_for_a_token_does_not_use_up_the_running_time) {
  virtual_time world{{.capacity = 1}};
  auto first = world.tasks.add_task({}, after, 10s, 1).value();
  auto second = world.tasks.add_task({.timeout = 5s}, after, 4s, 2).value();
  BOOST_TEST(second.get() == 2);
}

BOOST_AUTO_TEST_CASE(a_task_that_waits_too_long_ends_without_having_started) {
  virtual_time world{{.capacity = 1}};
  auto first = world.tasks.add_task({}, after, 10s, 1).value();
  auto second = world.tasks.add_task({.queue_timeout = 2s}, after, 1s, 2).value();
  world.advance(2s);
  BOOST_CHECK(second.state() == ta::state::timed_out);
  BOOST_CHECK(second.try_outcome()->error().reason() == ta::end_reason::queue_timeout);
  BOOST_CHECK(second.info().started.time_since_epoch().count() == 0);
  BOOST_TEST(first.get() == 1);
}

BOOST_AUTO_TEST_CASE(the_total_time_covers_waiting_and_running) {
  virtual_time world{{.capacity = 1}};
  auto first = world.tasks.add_task({}, after, 3s, 1).value();
  auto running = world.tasks.add_task({.timeout = 60s, .total_timeout = 5s}, hanging).value();
  auto waiting = world.tasks.add_task({.total_timeout = 4s}, hanging).value();
  world.advance(4s);
  BOOST_CHECK(waiting.state() == ta::state::timed_out);
  BOOST_CHECK(running.state() == ta::state::running);
  world.advance(1s);
  BOOST_CHECK(running.state() == ta::state::timed_out);
  BOOST_CHECK(running.try_outcome()->error().reason() == ta::end_reason::total_timeout);
}

BOOST_AUTO_TEST_CASE(zero_has_expired_and_the_body_never_runs) {
  virtual_time world;
  int runs = 0;
  auto body = [&runs] { ++runs; };
  auto a = world.tasks.add_task({.timeout = 0s}, body).value();
  auto b = world.tasks.add_task({.queue_timeout = 0s}, body).value();
  auto c = world.tasks.add_task({.total_timeout = 0s}, body).value();
  world.settle();
  for (const auto& h : {a, b, c})
    BOOST_CHECK(h.state() == ta::state::timed_out);
  BOOST_TEST(runs == 0);
}

BOOST_AUTO_TEST_CASE(a_body_that_throws_a_timeout_of_its_own_has_failed) {
  virtual_time world;
  auto body = [] { throw std::system_error{std::make_error_code(std::errc::timed_out)}; };
  auto h = world.tasks.add_task({}, body).value();
  world.settle();
  BOOST_CHECK(h.state() == ta::state::failed);
}

BOOST_AUTO_TEST_CASE(the_caller_is_answered_at_the_deadline_and_the_token_is_kept_until_the_body_has_ended) {
  virtual_time world{{.capacity = 1, .cancel_grace = 10s}};
  auto clean_up = []() -> ta::task<void> { co_await ta::sleep_for(4s); };
  auto body = [clean_up]() -> ta::task<void> {
    std::exception_ptr cancelled;
    try {
      co_await hanging();
    } catch (const ta::cancelled_error&) {
      cancelled = std::current_exception();
    }
    co_await ta::shield(clean_up());
    std::rethrow_exception(cancelled);
  };
  auto h = world.tasks.add_task({.id = "x", .timeout = 1s}, body).value();
  auto next = world.tasks.add_task({}, after, 0s, 1).value();
  world.advance(1s);
  BOOST_CHECK(h.state() == ta::state::timed_out);
  BOOST_CHECK(next.state() == ta::state::queued);                     // the clean-up still has the token
  BOOST_TEST(world.tasks.add_task({.id = "x"}, hanging).has_value()); // but not the id
  world.advance(3s);
  BOOST_CHECK(next.state() == ta::state::queued);
  world.advance(1s);
  BOOST_CHECK(next.state() == ta::state::completed);
}

BOOST_AUTO_TEST_CASE(a_result_that_comes_after_the_deadline_is_dropped) {
  virtual_time world;
  auto work = []() -> ta::task<void> { co_await ta::sleep_for(2s); };
  auto body = [work]() -> ta::task<int> {
    co_await ta::shield(work());
    co_return 7;
  };
  auto h = world.tasks.add_task({.timeout = 1s}, body).value();
  world.advance(3s);
  BOOST_CHECK(h.state() == ta::state::timed_out);
  BOOST_TEST(world.tasks.statistics().timed_out == 1u);
  BOOST_TEST(world.tasks.statistics().completed == 0u);
}

BOOST_AUTO_TEST_CASE(many_deadlines_pass_in_their_order) {
  virtual_time world{{.capacity = 1000}};
  std::vector<ta::handle<int>> handles;
  for (int i = 0; i < 500; ++i)
    handles.push_back(
        world.tasks.add_task({.timeout = std::chrono::milliseconds{(i * 7919) % 500 + 1}}, hanging).value());
  for (int ms = 1; ms <= 500; ++ms) {
    world.advance(1ms);
    BOOST_REQUIRE(world.tasks.statistics().timed_out == static_cast<std::uint64_t>(ms));
  }
}

BOOST_AUTO_TEST_SUITE_END()
