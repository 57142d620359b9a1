// What a task needs to come to its end is admitted while the manager drains, and behind a shield until the
// kill.
#include "lifecycle/bodies.hpp"
#include "support/virtual_time.hpp"

#include <boost/test/unit_test.hpp>

#include <functional>
#include <string>
#include <vector>

using namespace test;

namespace draining {

ta::task<int> item(int n) {
  co_await ta::sleep_for(1s);
  co_return n;
}

/// Everything that makes work of its own, by name.
struct way {
  std::string name;
  std::function<ta::task<int>()> begin;
};

ta::task<int> by_gather() {
  const std::vector items{1, 2, 3};
  const auto all = co_await ta::gather({.concurrency = 2}, item, items);
  int sum = 0;
  for (const auto& each : all)
    sum += each ? each.value() : 100;
  co_return sum;
}

ta::task<int> by_as_completed() {
  int sum = 0;
  auto done = ta::as_completed({.concurrency = 2}, item, std::vector{1, 2, 3});
  while (auto next = co_await done.next())
    sum += next->result ? next->result.value() : 100;
  co_return sum;
}

ta::task<int> by_group() {
  auto all = [](ta::task_group& group) -> ta::task<int> {
    auto one = group.add_task({}, item, 4).value();
    group.start(item, 3);
    const int two = co_await group.add_task({}, item, 2).value();
    co_return two + co_await one;
  };
  const int sum = co_await ta::with_group(all);
  co_return sum;
}

ta::task<int> by_when_all() {
  const auto [a, b] = co_await ta::when_all(item(4), item(2));
  co_return a + b;
}

ta::task<int> by_race_of_equals() {
  std::vector<ta::task<int>> bodies;
  bodies.push_back(item(6));
  const auto won = co_await ta::race(std::move(bodies));
  co_return won.value;
}

ta::task<int> by_thread() {
  const int got = co_await ta::run_in_thread([] { return 6; });
  co_return got;
}

ta::task<int> by_limiter() {
  auto permit = co_await ta::acquire("db");
  const int got = co_await by_gather();
  co_return got;
}

const std::vector<way> ways{
    {"gather", by_gather},     {"as_completed", by_as_completed},  {"group", by_group},
    {"when_all", by_when_all}, {"race of one", by_race_of_equals}, {"thread", by_thread},
    {"limiter", by_limiter}};

} // namespace draining

BOOST_AUTO_TEST_SUITE(draining)

BOOST_AUTO_TEST_CASE(a_draining_task_begins_whatever_it_needs) {
  for (const auto& each : ways) {
    virtual_time world;
    world.tasks.add_limiter("db", {.capacity = 1});
    int got = 0;
    auto body = [&]() -> ta::task<void> {
      co_await ta::sleep_for(1s);
      got = co_await each.begin();
    };
    auto h = world.tasks.add_task({}, body).value();
    world.settle();
    const auto report = world.tasks.shutdown();
    BOOST_TEST(report.not_ended.empty());
    BOOST_CHECK(h.state() == ta::state::completed);
    BOOST_TEST(got == 6, each.name);
  }
}

BOOST_AUTO_TEST_CASE(clean_up_behind_a_shield_begins_whatever_it_needs_until_the_kill) {
  for (const auto& each : ways)
    for (const bool in_child : {false, true}) {
      virtual_time world;
      world.tasks.add_limiter("db", {.capacity = 1});
      int got = 0;
      auto cleaned = [&]() -> ta::task<void> {
        try {
          co_await ta::sleep_for(1h);
        } catch (const ta::cancelled_error&) { // NOLINT: handlers can't await
        }
        got = co_await ta::shield(each.begin);
        co_await ta::yield(); // throws again
      };
      auto parent = [&]() -> ta::task<void> {
        auto all = [&](ta::task_group& group) -> ta::task<void> {
          group.start(cleaned);
          co_return;
        };
        co_await ta::with_group(all);
      };
      auto h
          = in_child ? world.tasks.add_task({}, parent).value() : world.tasks.add_task({}, cleaned).value();
      world.settle();
      const auto begin = world.now();
      const auto report = world.tasks.shutdown({.drain = 1s, .cancel = 4s});
      BOOST_CHECK(world.now() - begin < 4s);
      BOOST_TEST(report.not_ended.empty());
      BOOST_CHECK(h.state() == ta::state::cancelled);
      BOOST_TEST(got == 6, each.name << (in_child ? " in a child" : ""));
    }
}

BOOST_AUTO_TEST_CASE(what_runs_behind_a_shield_when_the_shutdown_begins_goes_on) {
  for (const auto& each : ways) {
    virtual_time world;
    world.tasks.add_limiter("db", {.capacity = 1});
    int got = 0;
    auto body = [&]() -> ta::task<void> { got = co_await ta::shield(each.begin); };
    auto h = world.tasks.add_task({}, body).value();
    world.settle();
    const auto report = world.tasks.shutdown({.drain = 0s, .cancel = 4s});
    BOOST_TEST(report.not_ended.empty());
    BOOST_CHECK(h.state() == ta::state::completed);
    BOOST_TEST(got == 6, each.name);
  }
}

BOOST_AUTO_TEST_CASE(without_a_shield_nothing_new_is_begun_when_the_tasks_are_cancelled) {
  virtual_time world;
  int begun = 0;
  auto child = [&begun]() -> ta::task<void> {
    ++begun;
    co_await ta::sleep_for(1s);
  };
  auto body = [&]() -> ta::task<void> {
    try {
      co_await ta::sleep_for(1h);
    } catch (const ta::cancelled_error&) { // NOLINT: handlers can't await
    }
    auto all = [&](ta::task_group& group) -> ta::task<void> {
      group.start(child);
      co_await ta::yield();
    };
    co_await ta::with_group(all);
  };
  auto h = world.tasks.add_task({}, body).value();
  world.settle();
  world.tasks.shutdown({.drain = 0s, .cancel = 10s});
  BOOST_CHECK(h.state() == ta::state::cancelled);
  BOOST_TEST(begun == 0);
}

BOOST_AUTO_TEST_CASE(the_kill_ends_shielded_clean_up_and_its_children) {
  virtual_time world;
  int gone = 0;
  auto child = [&gone]() -> ta::task<void> {
    const witness here{&gone};
    co_await ta::sleep_for(1h);
  };
  auto body = [&]() -> ta::task<void> {
    auto all = [&]() -> ta::task<void> { co_await ta::when_all(child(), child()); };
    co_await ta::shield(all);
  };
  auto h = world.tasks.add_task({}, body).value();
  world.settle();
  const auto report = world.tasks.shutdown({.drain = 0s, .cancel = 1s, .kill = 1s});
  BOOST_TEST(report.not_ended.empty());
  BOOST_CHECK(h.state() == ta::state::cancelled);
  BOOST_TEST(gone == 2);
}

BOOST_AUTO_TEST_CASE(at_top_level_nothing_is_taken_while_the_manager_drains) {
  virtual_time world;
  std::vector<ta::errc> refused;
  auto body = [&]() -> ta::task<void> {
    co_await ta::sleep_for(1s);
    refused.push_back(world.tasks.add_task({}, item, 1).error().code);
  };
  auto h = world.tasks.add_task({}, body).value();
  world.settle();
  world.tasks.shutdown();
  BOOST_REQUIRE(refused.size() == 1u);
  BOOST_CHECK(refused[0] == ta::errc::stopping);
}

BOOST_AUTO_TEST_SUITE_END()
