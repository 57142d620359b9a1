// What AnyIO documents of limiters and scopes, case by case: it holds here too, or the test shows the
// difference that libtaskactor/docs/from_anyio.md explains. Task groups and threads: anyio_groups.cpp.
#include "lifecycle/bodies.hpp"
#include "support/virtual_time.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

using namespace test;

namespace anyio_cases {

template <class F>
auto run(virtual_time& world, F body) {
  return world.tasks.add_task({.id = "parent"}, std::move(body)).value().get();
}

/// Takes a token for a while; notes when it has it.
ta::task<void> use(std::string* order, char name, std::chrono::nanoseconds pause) {
  const auto permit = co_await ta::acquire("db");
  *order += name;
  co_await ta::sleep_for(pause);
}

ta::limiter_statistics db(virtual_time& world) { return world.tasks.statistics().limits.at("db"); }

} // namespace anyio_cases

BOOST_AUTO_TEST_SUITE(anyio_cases)

BOOST_AUTO_TEST_SUITE(limiter)

BOOST_AUTO_TEST_CASE(who_finds_no_token_waits_and_is_served_in_the_order_of_asking) { // holds
  virtual_time world;
  world.tasks.add_limiter("db", {.capacity = 2});
  std::string order;
  std::vector<ta::handle<void>> handles;
  for (const char name : std::string{"abcdef"}) {
    handles.push_back(world.tasks.add_task({}, use, &order, name, 1s).value());
    world.settle();
  }
  BOOST_TEST(order == "ab");
  BOOST_TEST(db(world).capacity == 2u);
  BOOST_TEST(db(world).in_use == 2u);
  BOOST_TEST(db(world).waiting == 4u);
  world.advance(1s);
  BOOST_TEST(order == "abcd");
  for (const auto& each : handles)
    each.wait();
  BOOST_TEST(order == "abcdef");
  BOOST_TEST(db(world).in_use == 0u);
}

BOOST_AUTO_TEST_CASE(more_tokens_wake_as_many_and_fewer_take_none_away) { // holds
  virtual_time world;
  world.tasks.add_limiter("db", {.capacity = 1});
  std::string order;
  for (const char name : std::string{"abcdefg"}) {
    (void)world.tasks.add_task({}, use, &order, name, 10s);
    world.settle();
  }
  world.tasks.resize("db", 4);
  world.settle();
  BOOST_TEST(order == "abcd");
  world.tasks.resize("db", 1);
  world.settle();
  BOOST_TEST(db(world).in_use == 4u);
  world.advance(10s); // four come back, one is lent
  BOOST_TEST(order == "abcde");
}

BOOST_AUTO_TEST_CASE(who_is_cancelled_while_it_waits_leaves_the_line) { // holds
  virtual_time world;
  world.tasks.add_limiter("db", {.capacity = 1});
  std::string order;
  auto a = world.tasks.add_task({}, use, &order, 'a', 1s).value();
  world.settle();
  auto b = world.tasks.add_task({}, use, &order, 'b', 1s).value();
  world.settle();
  auto c = world.tasks.add_task({}, use, &order, 'c', 1s).value();
  world.settle();
  b.cancel();
  c.wait();
  BOOST_TEST(order == "ac");
  BOOST_TEST(db(world).in_use == 0u);
}

BOOST_AUTO_TEST_CASE(who_is_cancelled_takes_no_token_even_if_one_is_free) { // holds
  virtual_time world;
  world.tasks.add_limiter("db", {.capacity = 1});
  std::string order;
  auto body
      = [&order]() -> ta::task<bool> { co_return co_await ta::move_on_after(0s, use(&order, 'a', 1s)); };
  BOOST_TEST(!run(world, body));
  BOOST_TEST(order.empty());
}

BOOST_AUTO_TEST_CASE(a_try_without_waiting_is_a_short_deadline) { // differs: no acquire_nowait
  virtual_time world;
  world.tasks.add_limiter("db", {.capacity = 1});
  auto body = []() -> ta::task<std::string> {
    auto first = co_await ta::move_on_after(1ms, ta::acquire("db"));
    const auto second = co_await ta::move_on_after(1ms, ta::acquire("db"));
    first.reset();
    const auto third = co_await ta::move_on_after(1ms, ta::acquire("db"));
    co_return std::string{second ? "two" : "one"} + (third ? ", then another" : "");
  };
  BOOST_TEST(run(world, body) == "one, then another");
}

BOOST_AUTO_TEST_CASE(a_task_may_hold_more_than_one_token) { // differs: there a borrower has one
  virtual_time world;
  world.tasks.add_limiter("db", {.capacity = 3});
  auto body = [&world]() -> ta::task<std::size_t> {
    const std::vector<ta::limit> two{{"db", 2}};
    const auto permit = co_await ta::acquire(two);
    const auto another = co_await ta::acquire("db");
    co_return db(world).in_use;
  };
  BOOST_TEST(run(world, body) == 3u);
}

BOOST_AUTO_TEST_CASE(no_tokens_at_all_is_a_capacity_too) { // differs: there at least one
  virtual_time world;
  world.tasks.add_limiter("db", {.capacity = 0});
  std::string order;
  auto h = world.tasks.add_task({}, use, &order, 'a', 1s).value();
  world.advance(1min);
  BOOST_TEST(order.empty());
  world.tasks.resize("db", 1);
  h.wait();
  BOOST_TEST(order == "a");
}

BOOST_AUTO_TEST_CASE(a_permit_can_be_handed_on) { // differs: there one borrows on behalf of others
  virtual_time world;
  world.tasks.add_limiter("db", {.capacity = 1});
  auto body = []() -> ta::task<ta::permit> { co_return co_await ta::acquire("db"); };
  {
    const auto kept = run(world, body);
    world.settle();
    BOOST_TEST(db(world).in_use == 1u); // the task has ended
  }
  world.settle();
  BOOST_TEST(db(world).in_use == 0u);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(scope)

BOOST_AUTO_TEST_CASE(move_on_after_leaves_the_block_and_tells) { // holds
  virtual_time world;
  auto body = []() -> ta::task<bool> {
    const auto begin = ta::this_task::now();
    const auto value = co_await ta::move_on_after(1s, hanging());
    BOOST_CHECK(ta::this_task::now() - begin == 1s);
    co_return value.has_value();
  };
  BOOST_TEST(!run(world, body));
}

BOOST_AUTO_TEST_CASE(fail_after_throws_and_a_task_that_lets_it_out_has_failed) { // holds
  virtual_time world;
  auto body = []() -> ta::task<int> { co_return co_await ta::fail_after(1s, hanging()); };
  auto h = world.tasks.add_task({}, body).value();
  BOOST_CHECK_THROW(h.get(), ta::timeout_error);
  BOOST_CHECK(h.state() == ta::state::failed); // timed_out is said by the manager's clock alone
}

BOOST_AUTO_TEST_CASE(what_has_ended_by_itself_is_not_late) { // holds
  virtual_time world;
  auto body = []() -> ta::task<int> {
    auto late = []() -> ta::task<int> {
      co_await ta::shield(ta::sleep_for(5s));
      co_return 7;
    };
    co_return co_await ta::fail_after(1s, late);
  };
  BOOST_TEST(run(world, body) == 7);
}

BOOST_AUTO_TEST_CASE(an_outer_scope_that_expires_first_is_left_as_a_whole) { // holds
  virtual_time world;
  auto body = []() -> ta::task<std::string> {
    std::string trace;
    auto inner = [&trace]() -> ta::task<void> {
      co_await ta::move_on_after(5s, hanging());
      trace += "inner ";
    };
    const bool ended = co_await ta::move_on_after(1s, inner);
    trace += ended ? "ended" : "outer";
    co_return trace;
  };
  BOOST_TEST(run(world, body) == "outer");
}

BOOST_AUTO_TEST_CASE(the_effective_deadline_is_the_nearest_one_up_to_a_shield) { // holds
  virtual_time world;
  auto body = []() -> ta::task<void> {
    const auto now = ta::this_task::now();
    auto shielded = [now]() -> ta::task<void> {
      BOOST_CHECK(ta::this_task::deadline() == now + 9s);
      co_return;
    };
    auto inner = [now, shielded]() -> ta::task<void> {
      BOOST_CHECK(ta::this_task::deadline() == now + 2s);
      co_await ta::shield(ta::fail_after(9s, shielded));
    };
    co_await ta::fail_after(2s, ta::fail_after(5s, inner));
  };
  run(world, body);
}

BOOST_AUTO_TEST_CASE(cancellation_is_thrown_at_each_await) { // holds
  virtual_time world;
  int seen = 0;
  auto body = [&seen]() -> ta::task<void> {
    auto stubborn = [&seen]() -> ta::task<void> {
      for (int i = 0; i < 3; ++i)
        try {
          co_await ta::sleep_for(1h);
        } catch (const ta::cancelled_error&) {
          ++seen;
        }
      co_await ta::yield();
      seen = -1;
    };
    const bool ended = co_await ta::move_on_after(1s, stubborn);
    BOOST_TEST(!ended);
  };
  run(world, body);
  BOOST_TEST(seen == 3);
}

BOOST_AUTO_TEST_CASE(who_swallows_its_cancellation_for_ever_is_killed) { // differs: there it hangs
  virtual_time world{{.cancel_grace = 3s}};
  auto h = world.tasks.add_task({}, [] { return swallowing(); }).value();
  world.settle();
  h.cancel();
  world.advance(2s);
  BOOST_CHECK(h.state() == ta::state::cancelling);
  world.advance(1s);
  BOOST_CHECK(h.state() == ta::state::cancelled);
}

BOOST_AUTO_TEST_CASE(a_shield_keeps_cancellation_out_but_not_the_deadline_inside_it) { // holds
  virtual_time world;
  std::string trace;
  auto body = [&trace]() -> ta::task<void> {
    try {
      co_await ta::sleep_for(1h);
    } catch (const ta::cancelled_error&) {
      trace += "told ";
    }
    co_await ta::shield(ta::sleep_for(1s));
    const auto value = co_await ta::shield(ta::move_on_after(2s, hanging()));
    trace += value ? "value " : "moved on ";
    co_await ta::yield(); // not shielded
    trace += "never";
  };
  auto h = world.tasks.add_task({}, body).value();
  world.settle();
  h.cancel();
  h.wait();
  BOOST_TEST(trace == "told moved on ");
  BOOST_CHECK(h.state() == ta::state::cancelled);
}

BOOST_AUTO_TEST_CASE(zero_has_expired_and_negative_is_refused) { // differs: there negative has expired too
  virtual_time world;
  auto body = []() -> ta::task<bool> {
    const auto value = co_await ta::move_on_after(0s, after(0s, 1));
    BOOST_TEST(!value);
    try {
      co_await ta::move_on_after(-1s, after(0s, 1));
    } catch (const std::system_error& e) {
      co_return e.code() == ta::make_error_code(ta::errc::invalid_argument);
    }
    co_return false;
  };
  BOOST_TEST(run(world, body));
}

BOOST_AUTO_TEST_CASE(an_error_of_clean_up_comes_out_within_the_timeout_error) { // differs: there in its place
  virtual_time world;
  auto body = []() -> ta::task<std::string> {
    auto messy = []() -> ta::task<void> {
      try {
        co_await ta::sleep_for(1h);
      } catch (const ta::cancelled_error&) {
        throw std::logic_error{"rollback"};
      }
    };
    try {
      co_await ta::fail_after(1s, messy);
    } catch (const ta::timeout_error& e) {
      try {
        std::rethrow_if_nested(e);
      } catch (const std::logic_error& inner) {
        co_return inner.what();
      }
    }
    co_return "";
  };
  BOOST_TEST(run(world, body) == "rollback");
}

BOOST_AUTO_TEST_CASE(what_is_to_be_cancelled_by_hand_is_a_group) { // differs: scopes have no cancel()
  virtual_time world;
  auto body = []() -> ta::task<std::chrono::nanoseconds> {
    const auto begin = ta::this_task::now();
    co_await ta::with_group([](ta::task_group& group) -> ta::task<void> {
      group.start([group]() -> ta::task<void> {
        co_await ta::sleep_for(1s);
        group.cancel();
      });
      co_await ta::sleep_for(1h);
    });
    BOOST_TEST(!ta::this_task::cancel_requested());
    co_return ta::this_task::now() - begin;
  };
  BOOST_CHECK(run(world, body) == 1s);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
