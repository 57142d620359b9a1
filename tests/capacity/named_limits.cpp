// Named limiters: capacities, rates, weights, priorities, shares; in a fixed order, and given back whatever
// happens.
#include "lifecycle/bodies.hpp"
#include "support/virtual_time.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <string>
#include <vector>

using namespace test;

namespace named_limits {

struct gauge {
  int now = 0, most = 0;
};

ta::task<void> measured(gauge* where, std::chrono::nanoseconds pause) {
  where->most = std::max(where->most, ++where->now);
  co_await ta::sleep_for(pause);
  --where->now;
}

auto in_use(virtual_time& world, const std::string& name) {
  return world.tasks.statistics().limits.at(name).in_use;
}

std::string refusal(const std::function<void()>& action) {
  try {
    action();
  } catch (const std::system_error& e) {
    BOOST_CHECK(e.code() == ta::make_error_code(ta::errc::invalid_argument));
    return e.what();
  }
  return {};
}

} // namespace named_limits

BOOST_AUTO_TEST_SUITE(named_limits)

BOOST_AUTO_TEST_CASE(no_more_tasks_run_than_the_limiter_has_tokens) {
  virtual_time world;
  world.tasks.add_limiter("db", {.capacity = 3});
  gauge db, all;
  std::vector<ta::handle<void>> handles;
  for (int i = 0; i < 20; ++i) {
    handles.push_back(world.tasks.add_task({.limits = {{"db"}}}, measured, &db, 1s).value());
    handles.push_back(world.tasks.add_task({}, measured, &all, 1s).value());
  }
  const auto begin = world.now();
  for (const auto& each : handles)
    each.wait();
  BOOST_TEST(db.most == 3);
  BOOST_TEST(all.most == 20); // they don't wait behind those that wait for the limiter
  BOOST_CHECK(world.now() - begin == 7s);
  BOOST_TEST(in_use(world, "db") == 0u);
}

BOOST_AUTO_TEST_CASE(a_rate_spaces_the_starts_after_a_burst) {
  virtual_time world;
  world.tasks.add_limiter("mail", {.rate = ta::rate{.count = 10, .period = 1s, .burst = 3}});
  std::vector<std::chrono::steady_clock::time_point> starts;
  auto body = [&starts]() -> ta::task<void> {
    starts.push_back(ta::this_task::now());
    co_return;
  };
  const auto begin = world.now();
  std::vector<ta::handle<void>> handles;
  for (int i = 0; i < 8; ++i)
    handles.push_back(world.tasks.add_task({.limits = {{"mail"}}}, body).value());
  for (const auto& each : handles)
    each.wait();
  BOOST_REQUIRE(starts.size() == 8u);
  BOOST_CHECK(starts[2] == begin);
  for (std::size_t i = 3; i < 8; ++i)
    BOOST_CHECK(starts[i] >= begin + 100ms * static_cast<int>(i - 2));
  BOOST_CHECK(world.now() - begin < 600ms);
}

BOOST_AUTO_TEST_CASE(a_heavy_task_waits_for_all_its_tokens_and_is_not_overtaken) {
  virtual_time world;
  world.tasks.add_limiter("ram", {.capacity = 4});
  std::string order;
  auto body = [&order](char name, std::chrono::nanoseconds pause) -> ta::task<void> {
    order += name;
    co_await ta::sleep_for(pause);
  };
  auto a = world.tasks.add_task({.limits = {{"ram", 2}}}, body, 'a', 2s).value();
  world.settle();
  auto heavy = world.tasks.add_task({.limits = {{"ram", 4}}}, body, 'h', 1s).value();
  auto light = world.tasks.add_task({.limits = {{"ram", 1}}}, body, 'l', 1s).value();
  world.settle();
  BOOST_TEST(order == "a");
  light.wait();
  BOOST_TEST(order == "ahl");
  BOOST_TEST(in_use(world, "ram") == 0u);
}

BOOST_AUTO_TEST_CASE(several_are_taken_in_one_order_so_that_no_two_tasks_wait_for_each_other) {
  virtual_time world{{.capacity = 4}};
  world.tasks.add_limiter("a", {.capacity = 1});
  world.tasks.add_limiter("b", {.capacity = 1});
  std::vector<ta::handle<int>> handles;
  for (int i = 0; i < 50; ++i) {
    handles.push_back(world.tasks.add_task({.limits = {{"a"}, {"b"}}}, after, 1ms, i).value());
    handles.push_back(world.tasks.add_task({.limits = {{"b"}, {"a"}}}, after, 1ms, i).value());
  }
  for (const auto& each : handles)
    each.wait();
  BOOST_TEST(in_use(world, "a") == 0u);
  BOOST_TEST(in_use(world, "b") == 0u);
}

BOOST_AUTO_TEST_CASE(priorities_and_shares_order_the_managers_capacity_too) {
  virtual_time world{{.capacity = 1}};
  std::string order;
  auto body = [&order](char name) -> ta::task<void> {
    order += name;
    co_await ta::sleep_for(1ms);
  };
  (void)world.tasks.add_task({}, body, '-');
  world.settle();
  (void)world.tasks.add_task({.priority = 9}, body, 'l');
  (void)world.tasks.add_task({}, body, 'd');
  (void)world.tasks.add_task({.priority = 0}, body, 'h');
  (void)world.tasks.add_task({.fairness_key = "tenant"}, body, 't');
  world.advance(1s);
  BOOST_TEST(order == "-thdl");
}

BOOST_AUTO_TEST_CASE(a_limiter_can_be_resized_to_anything_while_it_is_used) {
  virtual_time world;
  world.tasks.add_limiter("db", {.capacity = 0});
  gauge db;
  std::vector<ta::handle<void>> handles;
  for (int i = 0; i < 12; ++i)
    handles.push_back(world.tasks.add_task({.limits = {{"db"}}}, measured, &db, 1s).value());
  world.settle();
  BOOST_TEST(db.now == 0);
  world.tasks.resize("db", 5);
  world.settle();
  BOOST_TEST(db.now == 5);
  world.tasks.resize("db", 2);
  world.advance(1s);
  BOOST_TEST(db.now == 2);
  world.tasks.resize("db", 100);
  world.settle();
  BOOST_TEST(db.now == 7);
  for (const auto& each : handles)
    each.wait();
}

BOOST_AUTO_TEST_CASE(a_rate_can_be_changed_while_tasks_wait_for_it) {
  virtual_time world;
  world.tasks.add_limiter("mail", {.rate = ta::rate{.count = 1, .period = 1h}});
  (void)world.tasks.add_task({.limits = {{"mail"}}}, after, 0s, 1);
  auto second = world.tasks.add_task({.limits = {{"mail"}}}, after, 0s, 2).value();
  world.settle();
  BOOST_CHECK(second.state() == ta::state::queued);
  world.tasks.set_rate("mail", {.count = 1000});
  const auto begin = world.now();
  BOOST_TEST(second.get() == 2);
  BOOST_CHECK(world.now() - begin == 1ms);
}

BOOST_AUTO_TEST_CASE(tokens_come_back_however_a_task_ends) {
  virtual_time world{{.capacity = 2, .cancel_grace = 1s}};
  world.tasks.add_limiter("db", {.capacity = 1});
  world.tasks.add_limiter("mail", {.capacity = 1});
  const std::vector<ta::limit> both{{"db"}, {"mail"}};
  auto thrower = world.tasks.add_task({.limits = both}, failing, 1s).value();
  auto late = world.tasks.add_task({.timeout = 1s, .limits = both}, hanging).value();
  auto killed = world.tasks.add_task({.id = "k", .limits = both}, [] { return swallowing(); }).value();
  auto waiting = world.tasks.add_task({.id = "w", .limits = both}, hanging).value();
  auto timed = world.tasks.add_task({.queue_timeout = 1s, .limits = both}, hanging).value();
  auto last = world.tasks.add_task({.limits = both}, after, 1s, 7).value();
  waiting.cancel();
  world.advance(3s);
  killed.cancel();
  BOOST_TEST(last.get() == 7);
  BOOST_CHECK(thrower.state() == ta::state::failed);
  BOOST_CHECK(late.state() == ta::state::timed_out);
  BOOST_CHECK(killed.state() == ta::state::cancelled);
  BOOST_CHECK(waiting.state() == ta::state::cancelled);
  BOOST_CHECK(timed.state() == ta::state::timed_out);
  BOOST_TEST(in_use(world, "db") == 0u);
  BOOST_TEST(in_use(world, "mail") == 0u);
}

BOOST_AUTO_TEST_CASE(a_part_of_a_body_can_take_tokens) {
  virtual_time world;
  world.tasks.add_limiter("db", {.capacity = 2});
  world.tasks.add_limiter("mail", {.capacity = 1});
  gauge db;
  auto body = [&db]() -> ta::task<void> {
    co_await ta::sleep_for(1s); // not limited
    {
      const auto permit = co_await ta::acquire("db");
      co_await measured(&db, 1s);
    }
    const std::vector<ta::limit> several{{"mail"}, {"db", 2}};
    auto permit = co_await ta::acquire(several);
    permit.release();
    permit.release();
    co_await ta::sleep_for(1s);
  };
  std::vector<ta::handle<void>> handles;
  for (int i = 0; i < 10; ++i)
    handles.push_back(world.tasks.add_task({}, body).value());
  for (const auto& each : handles)
    each.wait();
  BOOST_TEST(db.most == 2);
  BOOST_TEST(in_use(world, "db") == 0u);
  BOOST_TEST(in_use(world, "mail") == 0u);
}

BOOST_AUTO_TEST_CASE(a_body_that_waits_for_tokens_can_be_stopped_and_killed) {
  virtual_time world{{.cancel_grace = 0s}};
  world.tasks.add_limiter("db", {.capacity = 1});
  auto holder = world.tasks.add_task({.limits = {{"db"}}}, hanging).value();
  world.settle();
  auto body = []() -> ta::task<bool> {
    const auto permit = co_await ta::move_on_after(1s, ta::acquire("db"));
    co_return permit.has_value();
  };
  BOOST_TEST(!world.tasks.add_task({}, body).value().get());
  auto waiter = []() -> ta::task<void> { auto permit = co_await ta::acquire("db"); };
  auto killed = world.tasks.add_task({}, waiter).value();
  world.settle();
  killed.cancel();
  world.settle();
  BOOST_CHECK(killed.state() == ta::state::cancelled);
  holder.cancel();
  world.settle();
  BOOST_TEST(world.tasks.add_task({}, body).value().get());
  BOOST_TEST(in_use(world, "db") == 0u);
}

BOOST_AUTO_TEST_CASE(what_cannot_be_is_refused_by_name) {
  virtual_time world;
  auto& tasks = world.tasks;
  tasks.add_limiter("db", {.capacity = 2});
  auto why = [&](std::vector<ta::limit> limits) {
    return tasks.add_task({.limits = limits}, hanging).error().message;
  };
  BOOST_TEST(why({{"nope"}}) == "limits: there is no limiter \"nope\"; add_limiter first");
  BOOST_TEST(why({{"db", 0}}) == "limits: \"db\": 0 tokens; give one or more");
  BOOST_TEST(why({{"db", 3}}) == "limits: \"db\": 3 tokens, of 2 in all");
  BOOST_TEST(why({{"db"}, {"db"}}) == "limits: \"db\" is named twice");
  BOOST_TEST(tasks.add_task({.priority = 10}, hanging).error().message
             == "priority: 10; give 0 (first) to 9 (last)");
  BOOST_TEST(refusal([&] { tasks.add_limiter("db", {.capacity = 1}); }).find("there is one of that name")
             != std::string::npos);
  BOOST_TEST(refusal([&] { tasks.add_limiter("x", {}); }).find("it limits nothing") != std::string::npos);
  BOOST_TEST(refusal([&] { tasks.add_limiter("x", {.rate = ta::rate{.count = 0}}); }).find("rate.count: 0")
             != std::string::npos);
  BOOST_TEST(refusal([&] { tasks.resize("y", 1); }).find("there is none") != std::string::npos);
  BOOST_TEST(refusal([&] { tasks.set_rate("db", {}); }).find("added without a rate") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(what_was_cancelled_in_the_line_of_a_rate_leaves_no_burst_behind) {
  virtual_time world;
  world.tasks.add_limiter("mail", {.rate = ta::rate{.count = 1, .period = 1s}});
  std::vector<std::chrono::steady_clock::time_point> sent;
  auto send = [&] { sent.push_back(world.now()); };
  for (int i = 0; i < 20; ++i)
    BOOST_REQUIRE(world.tasks.add_task({.limits = {{"mail"}}}, send).has_value());
  world.settle();
  world.tasks.cancel_all();
  world.advance(100s); // what they had asked for has come in
  sent.clear();
  for (int i = 0; i < 20; ++i)
    BOOST_REQUIRE(world.tasks.add_task({.limits = {{"mail"}}}, send).has_value());
  world.advance(30s);
  BOOST_REQUIRE(sent.size() == 20u);
  for (std::size_t i = 1; i < sent.size(); ++i)
    BOOST_CHECK(sent[i] - sent[i - 1] >= 1s);
  BOOST_TEST(in_use(world, "mail") == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
