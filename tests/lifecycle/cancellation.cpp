// Rule 9: an exit signal, level-triggered; grace and kill; what finishes first wins.
#include "bodies.hpp"
#include "support/virtual_time.hpp"

#include <boost/test/unit_test.hpp>

using namespace test;

BOOST_AUTO_TEST_SUITE(cancellation)

BOOST_AUTO_TEST_CASE(a_cancelled_body_sees_it_at_its_await_and_its_destructors_run) {
  virtual_time world;
  int gone = 0;
  auto body = [&gone]() -> ta::task<int> {
    const witness here{&gone};
    co_await ta::sleep_for(1h);
    co_return 1;
  };
  auto h = world.tasks.add_task({.id = "a"}, body).value();
  world.settle();
  BOOST_CHECK(world.tasks.cancel_task("a") == ta::cancel_reply::requested);
  BOOST_CHECK(world.tasks.cancel_task("a") == ta::cancel_reply::already_requested);
  BOOST_CHECK(h.state() == ta::state::cancelling);
  world.settle();
  BOOST_CHECK(h.state() == ta::state::cancelled);
  BOOST_TEST(gone == 1);
  BOOST_CHECK(world.tasks.cancel_task("a") == ta::cancel_reply::finished);
  BOOST_CHECK(world.tasks.cancel_task("nobody") == ta::cancel_reply::unknown);
}

BOOST_AUTO_TEST_CASE(a_task_cancelled_before_its_token_never_starts_and_leaks_none) {
  virtual_time world{{.capacity = 1}};
  int runs = 0;
  auto first = world.tasks.add_task({}, after, 1s, 1).value();
  auto second = world.tasks.add_task({.id = "b"}, [&runs] { return ++runs; }).value();
  auto third = world.tasks.add_task({}, after, 1s, 3).value();
  BOOST_CHECK(world.tasks.cancel_task("b") == ta::cancel_reply::requested);
  BOOST_TEST(third.get() == 3);
  BOOST_CHECK(second.state() == ta::state::cancelled);
  BOOST_TEST(runs == 0);
}

BOOST_AUTO_TEST_CASE(a_task_may_be_cancelled_before_the_manager_has_heard_of_it) {
  virtual_time world;
  auto h = world.tasks.add_task({.id = "a"}, hanging).value();
  BOOST_CHECK(h.cancel() == ta::cancel_reply::requested); // nothing has run yet
  world.settle();
  BOOST_CHECK(h.state() == ta::state::cancelled);
}

BOOST_AUTO_TEST_CASE(it_is_thrown_again_at_each_further_await) {
  virtual_time world;
  int seen = 0;
  auto body = [&seen]() -> ta::task<void> {
    for (int i = 0; i < 3; ++i) {
      try {
        co_await ta::sleep_for(1h);
      } catch (const ta::cancelled_error&) {
        ++seen;
      }
    }
    co_await ta::yield();
  };
  auto h = world.tasks.add_task({}, body).value();
  world.settle();
  h.cancel();
  world.settle();
  BOOST_TEST(seen == 3);
  BOOST_CHECK(h.state() == ta::state::cancelled);
}

BOOST_AUTO_TEST_CASE(a_body_that_swallows_it_is_killed_after_the_grace_without_burning_a_processor) {
  virtual_time world{{.cancel_grace = 2s}};
  int seen = 0;
  auto h = world.tasks.add_task({}, swallowing, &seen).value();
  world.settle();
  h.cancel();
  world.advance(2s - 1ns);
  BOOST_CHECK(h.state() == ta::state::cancelling);
  world.advance(1ns);
  BOOST_CHECK(h.state() == ta::state::cancelled);
  BOOST_TEST(seen > 64);
  BOOST_TEST(seen < 3000);
}

BOOST_AUTO_TEST_CASE(a_body_that_returns_although_it_was_asked_to_end_has_completed) {
  virtual_time world;
  auto body = []() -> ta::task<int> {
    try {
      co_await ta::sleep_for(1h);
    } catch (const ta::cancelled_error&) {
    }
    co_return 5;
  };
  auto h = world.tasks.add_task({}, body).value();
  world.settle();
  h.cancel();
  BOOST_TEST(h.get() == 5);
}

BOOST_AUTO_TEST_CASE(an_error_during_the_clean_up_is_the_bodys_failure) {
  virtual_time world;
  auto body = []() -> ta::task<int> {
    try {
      co_await ta::sleep_for(1h);
    } catch (const ta::cancelled_error&) {
      throw std::runtime_error{"while cleaning up"};
    }
    co_return 5;
  };
  auto h = world.tasks.add_task({}, body).value();
  world.settle();
  h.cancel();
  BOOST_CHECK_THROW(h.get(), std::runtime_error);
  BOOST_CHECK(h.state() == ta::state::failed);
}

BOOST_AUTO_TEST_CASE(a_body_that_throws_cancelled_error_unasked_has_failed) {
  virtual_time world;
  auto h = world.tasks.add_task({}, [] { throw ta::cancelled_error{}; }).value();
  world.settle();
  BOOST_CHECK(h.state() == ta::state::failed);
}

BOOST_AUTO_TEST_CASE(under_a_shield_awaits_go_on_and_after_it_they_throw_again) {
  virtual_time world;
  std::string trace;
  auto inner = [&trace]() -> ta::task<int> {
    co_await ta::sleep_for(1s);
    trace += "shielded ";
    co_return 1;
  };
  auto body = [&trace, inner]() -> ta::task<void> {
    const int got = co_await ta::shield(inner());
    trace += std::to_string(got);
    co_await ta::yield();
    trace += "never";
  };
  auto h = world.tasks.add_task({}, body).value();
  world.settle();
  h.cancel();
  world.settle();
  BOOST_CHECK(h.state() == ta::state::cancelling);
  world.advance(1s);
  BOOST_TEST(trace == "shielded 1");
  BOOST_CHECK(h.state() == ta::state::cancelled);
}

BOOST_AUTO_TEST_CASE(a_shield_does_not_hold_beyond_the_grace) {
  virtual_time world{{.cancel_grace = 1s}};
  int gone = 0;
  auto inner = [&gone]() -> ta::task<void> {
    const witness here{&gone};
    co_await ta::sleep_for(1h);
  };
  auto body = [inner]() -> ta::task<void> { co_await ta::shield(inner()); };
  auto h = world.tasks.add_task({}, body).value();
  world.settle();
  h.cancel();
  world.advance(1s);
  BOOST_CHECK(h.state() == ta::state::cancelled);
  BOOST_TEST(gone == 1);
}

BOOST_AUTO_TEST_CASE(with_a_grace_of_zero_the_frame_is_destroyed_at_once) {
  virtual_time world{{.cancel_grace = 0s}};
  int seen = 0;
  auto h = world.tasks.add_task({}, swallowing, &seen).value();
  world.settle();
  h.cancel();
  world.settle();
  BOOST_CHECK(h.state() == ta::state::cancelled);
  BOOST_TEST(seen == 0);
}

BOOST_AUTO_TEST_CASE(a_destructor_that_throws_while_a_body_is_killed_harms_nobody) {
  struct thrower {
    ~thrower() noexcept(false) { throw std::runtime_error{"from a destructor"}; }
  };
  virtual_time world{{.cancel_grace = 0s}};
  int gone = 0;
  auto inner = []() -> ta::task<void> {
    const thrower bad;
    co_await hanging();
  };
  auto body = [inner, &gone]() -> ta::task<void> {
    const witness here{&gone};
    co_await inner();
  };
  auto h = world.tasks.add_task({}, body).value();
  world.settle();
  h.cancel();
  world.settle();
  BOOST_CHECK(h.state() == ta::state::cancelled);
  BOOST_TEST(gone == 1);
  BOOST_TEST(world.tasks.add_task({}, after, 1s, 3).value().get() == 3);
}

BOOST_AUTO_TEST_CASE(waiting_for_another_task_is_given_up_at_once_and_the_other_goes_on) {
  virtual_time world;
  auto other = world.tasks.add_task({}, after, 10s, 4).value();
  auto body = [](ta::handle<int> h) -> ta::task<int> {
    const int got = co_await h;
    co_return got;
  };
  auto h = world.tasks.add_task({}, body, other).value();
  world.settle();
  h.cancel();
  world.settle();
  BOOST_CHECK(h.state() == ta::state::cancelled);
  BOOST_TEST(other.get() == 4);
}

BOOST_AUTO_TEST_CASE(an_await_of_another_task_gives_its_value_or_its_error) {
  virtual_time world;
  auto good = world.tasks.add_task({}, after, 1s, 4).value();
  auto bad = world.tasks.add_task({}, failing, 1s).value();
  auto late = world.tasks.add_task({.timeout = 1s}, hanging).value();
  auto body = [](ta::handle<int> h) -> ta::task<int> {
    const int got = co_await h;
    co_return got;
  };
  BOOST_TEST(world.tasks.add_task({}, body, good).value().get() == 4);
  auto of_bad = world.tasks.add_task({}, body, bad).value();
  BOOST_CHECK_THROW(of_bad.get(), std::runtime_error);
  auto of_late = world.tasks.add_task({}, body, late).value();
  of_late.wait();
  BOOST_CHECK(of_late.state() == ta::state::failed); // a child's end is not one's own cancellation
  BOOST_CHECK_THROW(of_late.get(), ta::task_error);
}

BOOST_AUTO_TEST_CASE(cancel_all_ends_what_waits_and_what_runs) {
  virtual_time world{{.capacity = 2}};
  std::vector<ta::handle<int>> handles;
  for (int i = 0; i < 5; ++i)
    handles.push_back(world.tasks.add_task({}, hanging).value());
  world.settle();
  BOOST_TEST(world.tasks.cancel_all() == 5u);
  world.settle();
  for (const auto& h : handles)
    BOOST_CHECK(h.state() == ta::state::cancelled);
  BOOST_TEST(world.tasks.statistics().global.in_use == 0u);
}

BOOST_AUTO_TEST_CASE(cancel_and_wait_returns_after_the_end) {
  virtual_time world;
  auto h = world.tasks.add_task({.id = "a"}, hanging).value();
  world.settle();
  BOOST_CHECK(world.tasks.cancel_and_wait("a") == ta::cancel_reply::requested);
  BOOST_CHECK(h.state() == ta::state::cancelled);
}

BOOST_AUTO_TEST_SUITE_END()
