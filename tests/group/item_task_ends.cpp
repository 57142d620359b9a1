// Items that are tasks of their own: how they end, before their time, with their parents, or not at all.
#include "lifecycle/bodies.hpp"
#include "support/gate.hpp"
#include "support/virtual_time.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <chrono>
#include <future>
#include <map>
#include <numeric>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

using namespace test;

namespace item_task_ends {

std::vector<int> first(int count) {
  std::vector<int> result(static_cast<std::size_t>(count));
  std::iota(result.begin(), result.end(), 0);
  return result;
}

/// Of bodies that are there.
struct counted {
  int& of;
  explicit counted(int& what) : of(what) { ++of; }
  counted(const counted&) = delete;
  counted& operator=(const counted&) = delete;
  ~counted() { --of; }
};

/// With a time of its own for each item, and for all of them: a whole gather's, one in a task, or an
/// as_completed's. False: one's time was up before its thread had begun.
bool ends_beside_hung_threads(std::chrono::milliseconds limit, bool as_tasks, int way) {
  gate hangs;
  ta::task_manager tasks{{.cancel_grace = 20ms}};
  auto body = [&hangs](int n) -> ta::task<int> {
    auto call = [&hangs] { hangs.pass(); };
    co_await ta::run_in_thread(call);
    co_return n;
  };
  ta::gather_options options{.concurrency = 2, .each = {.timeout = limit}, .total_timeout = 15 * limit};
  if (as_tasks)
    options.each.total_timeout = 1h;
  std::vector<ta::state> ends;
  std::promise<void> told; // the task itself waits for what an as_completed has left behind
  auto in_task = [&]() -> ta::task<void> {
    const auto items = first(5);
    if (way == 1)
      for (const auto& each : co_await ta::gather(options, body, items))
        ends.push_back(each.state());
    auto done = ta::as_completed(options, body, items);
    while (auto one = way == 2 ? co_await done.next() : std::nullopt)
      ends.push_back(one->result.state());
    told.set_value();
  };
  const auto begin = std::chrono::steady_clock::now();
  if (way == 0)
    for (const auto& each : tasks.gather(options, body, first(5)))
      ends.push_back(each.state());
  else
    BOOST_REQUIRE(tasks.add_task({}, in_task).has_value());
  if (way != 0)
    BOOST_CHECK(told.get_future().wait_for(30s) == std::future_status::ready);
  BOOST_CHECK(std::chrono::steady_clock::now() - begin < 15 * limit + 15s);
  const auto late = std::ranges::count(ends, ta::state::timed_out);
  const bool all_begun = hangs.held() == late;
  if (all_begun) {
    BOOST_TEST(late == 2);
    BOOST_TEST(std::ranges::count(ends, ta::state::cancelled) == 3); // not started
  }
  hangs.open();
  return all_begun;
}

} // namespace item_task_ends

BOOST_AUTO_TEST_SUITE(item_task_ends)

BOOST_AUTO_TEST_CASE(the_end_of_the_parent_ends_the_items_and_is_waited_for) {
  for (const bool killed : {false, true}) {
    virtual_time world;
    world.tasks.add_limiter("two", {.capacity = 2});
    int begun = 0, ended = 0;
    auto parent = [&]() -> ta::task<void> {
      int of_the_frame = 0;
      auto options = ta::gather_options{.each = {.limits = {{"two"}}}};
      auto body = [&](int n) -> ta::task<void> {
        ++begun;
        try {
          co_await ta::sleep_for(1h);
        } catch (const ta::cancelled_error&) {
        }
        if (killed && n == 0)
          co_await test::swallowing();
        of_the_frame += 1;
        ++ended;
      };
      const auto items = first(5);
      (void)co_await ta::gather(options, body, items);
    };
    const auto h = world.tasks.add_task({.id = "p"}, parent).value();
    world.settle();
    BOOST_TEST(begun == 2);
    BOOST_CHECK(world.tasks.cancel_task("p") == ta::cancel_reply::requested);
    world.advance(1min);
    BOOST_CHECK(h.state() == ta::state::cancelled);
    BOOST_TEST(begun == 2);
    BOOST_TEST(ended == (killed ? 1 : 2));
    BOOST_TEST(world.tasks.statistics().limits.at("two").in_use == 0u);
    BOOST_TEST(world.tasks.task_status().empty());
  }
}

BOOST_AUTO_TEST_CASE(an_item_is_answered_at_its_deadline_though_it_goes_on_with_its_token) {
  virtual_time world{{.capacity = 1}};
  const auto begin = world.now();
  std::vector<std::chrono::nanoseconds> ends;
  auto body = [](int) -> ta::task<int> {
    co_await ta::shield(ta::sleep_for(4s));
    co_return 0;
  };
  (void)world.tasks.gather_each({.each = {.timeout = 1s, .total_timeout = 1h}}, body, first(2),
                                [&](std::size_t, ta::outcome<int>&& how) {
                                  BOOST_CHECK(how.state() == ta::state::timed_out);
                                  ends.push_back(world.now() - begin);
                                });
  BOOST_REQUIRE(ends.size() == 2u);
  BOOST_CHECK(ends[0] == 1s);
  BOOST_CHECK(ends[1] == 5s); // the one before has kept the token until 4 s
}

BOOST_AUTO_TEST_CASE(one_that_is_answered_and_goes_on_keeps_its_place) {
  for (const bool as_tasks : {false, true}) {
    virtual_time world{{.capacity = 10, .cancel_grace = 4s}};
    int now = 0, most = 0;
    auto body = [&](int) -> ta::task<int> {
      most = std::max(most, ++now);
      co_await ta::shield(ta::sleep_for(3s));
      --now;
      co_return 0;
    };
    ta::gather_options options{.concurrency = 2, .each = {.timeout = 1s}};
    if (as_tasks)
      options.each.total_timeout = 1h;
    const auto begin = world.now();
    const auto all = world.tasks.gather(options, body, first(6));
    BOOST_TEST(most == 2);
    for (const auto& each : all)
      BOOST_CHECK(each.state() == ta::state::timed_out);
    BOOST_CHECK(world.now() - begin == 7s); // the last two are answered 1 s after the fourth has ended
    world.advance(10s);
    BOOST_TEST(now == 0);
    BOOST_TEST(world.tasks.task_status().empty());
  }
}

/// Work that nothing ends has all places: nobody but who waits sees that the time of all is up.
BOOST_AUTO_TEST_CASE(the_time_of_all_is_up_though_hung_threads_have_all_places) {
  for (const bool as_tasks : {false, true})
    for (const int way : {0, 1, 2}) {
      bool tested = false;
      for (auto limit = 20ms; !tested && limit < 1s; limit *= 2)
        tested = ends_beside_hung_threads(limit, as_tasks, way);
      BOOST_TEST(tested);
    }
}

/// At once: no cancellation comes before the kill.
BOOST_AUTO_TEST_CASE(what_is_killed_leaves_no_item_behind) {
  for (const int how : {0, 1, 2, 3}) {
    virtual_time world{{.cancel_grace = how == 3 ? std::chrono::nanoseconds{2s} : 0s}};
    int alive = 0;
    auto body = [&](int n) -> ta::task<int> {
      const counted one{alive};
      if (n == 0 && how == 0)
        throw std::runtime_error{"first"};
      co_await ta::sleep_for(1h);
      co_return n;
    };
    ta::gather_options options{.each = {.total_timeout = 2h}};
    if (how == 0)
      options.until = ta::gather_end::first_error();
    if (how == 1)
      options.total_timeout = 1s;
    auto parent = [&]() -> ta::task<void> {
      const auto items = first(5);
      auto all = [&]() -> ta::task<void> { (void)co_await ta::gather(options, body, items); };
      if (how == 3)
        co_await ta::shield(all());
      else
        co_await all();
    };
    const auto h = world.tasks.add_task({.id = "p", .timeout = ta::no_timeout}, parent).value();
    world.settle();
    if (how >= 2)
      BOOST_CHECK(world.tasks.cancel_task("p") == ta::cancel_reply::requested);
    world.advance(10s);
    BOOST_TEST(h.finished(), "way " << how);
    BOOST_TEST(alive == 0, "way " << how);
    BOOST_TEST(world.tasks.task_status().empty(), "way " << how);
    BOOST_TEST(world.tasks.statistics().global.in_use == 0u);
  }
}

BOOST_AUTO_TEST_CASE(an_item_that_is_cancelled_before_its_turn_never_starts) {
  for (const bool as_tasks : {false, true})
    for (const bool fed : {false, true}) {
      virtual_time world;
      std::vector<int> begun;
      auto body = [&](int n) -> ta::task<int> {
        begun.push_back(n);
        if (n == 0) {
          BOOST_CHECK(world.tasks.cancel_task("g/2") == ta::cancel_reply::requested);
          BOOST_CHECK(world.tasks.cancel_task("g/2") == ta::cancel_reply::already_requested);
          BOOST_CHECK(world.tasks.cancel_task("g/4") == ta::cancel_reply::unknown);
        }
        co_await ta::sleep_for(1s);
        co_return n;
      };
      ta::gather_options options{.id = "g", .concurrency = 1, .jitter = 1ms};
      if (as_tasks)
        options.each.total_timeout = 1h;
      std::map<std::size_t, ta::outcome<int>> ends;
      if (fed)
        (void)world.tasks.gather_each(options, body, first(4), [&](std::size_t at, ta::outcome<int>&& how) {
          ends.emplace(at, std::move(how));
        });
      else
        for (auto& each : world.tasks.gather(options, body, first(4)))
          ends.emplace(ends.size(), std::move(each));
      BOOST_CHECK((begun == std::vector{0, 1, 3}));
      BOOST_CHECK(ends.at(2).state() == ta::state::cancelled);
      BOOST_CHECK(ends.at(2).error().reason() == ta::end_reason::cancel_requested);
      BOOST_TEST(ends.at(3).value() == 3);
    }
}

BOOST_AUTO_TEST_CASE(one_that_is_replaced_is_cancelled) {
  virtual_time world;
  auto body = [](int n) { return test::after(1h, n); };
  auto parent = [&]() -> ta::task<std::vector<ta::outcome<int>>> {
    auto options = ta::gather_options{.id = "g", .each = {.total_timeout = 2h}};
    const auto items = first(2);
    auto all = co_await ta::gather(options, body, items);
    co_return all;
  };
  const auto h = world.tasks.add_task({.id = "p", .timeout = ta::no_timeout}, parent).value();
  world.settle();
  const auto other = world.tasks
                         .add_task({.id = "p/g/0", .admission = {.on_duplicate = ta::on_duplicate::replace}},
                                   test::after, 1s, 7)
                         .value();
  world.advance(2h);
  BOOST_TEST(other.get() == 7);
  const auto all = h.get();
  BOOST_CHECK(all[0].error().reason() == ta::end_reason::replaced);
  BOOST_TEST(all[1].value() == 1);
}

BOOST_AUTO_TEST_CASE(a_drain_lets_a_gather_finish_and_a_cancel_ends_it) {
  for (const bool drains : {true, false}) {
    virtual_time world{{.capacity = 2}};
    world.tasks.add_limiter("one", {.capacity = 1});
    std::vector<ta::outcome<int>> all;
    auto parent = [&]() -> ta::task<void> {
      auto options = ta::gather_options{.each = {.limits = {{"one"}}}};
      auto body = [](int n) { return test::after(1s, n); };
      const auto items = first(6);
      all = co_await ta::gather(options, body, items);
    };
    const auto h = world.tasks.add_task({}, parent).value();
    world.advance(1500ms);
    const auto report = world.tasks.shutdown({.drain = drains ? 1h : 0s, .cancel = 10s});
    BOOST_TEST(report.clean());
    BOOST_CHECK(h.finished());
    if (drains)
      BOOST_TEST(std::ranges::count_if(all, [](const auto& each) { return each.has_value(); }) == 6);
    else
      BOOST_CHECK(h.state() == ta::state::cancelled);
  }
}

/// Whatever is cancelled, and whenever: as many outcomes as items, and nothing is left.
BOOST_AUTO_TEST_CASE(nothing_is_lost_whenever_something_ends) {
  for (unsigned seed = 0; seed < 150; ++seed) {
    virtual_time world{{.capacity = 1 + seed % 4, .cancel_grace = 100ms}};
    world.tasks.add_limiter("db", {.capacity = 2});
    world.tasks.add_limiter("rate", {.rate = ta::rate{.count = 50, .period = 1s, .burst = 3}});
    std::minstd_rand random{seed + 1};
    const auto chance = [&](unsigned below) { return static_cast<int>(random() % below); };
    auto options = ta::gather_options{.id = "g", .concurrency = 1 + static_cast<std::size_t>(chance(6))};
    if (chance(2))
      options.each.limits = std::vector<ta::limit>{{"db"}, {"rate"}};
    options.each.retry = ta::retry{.max_attempts = 2, .backoff = {.first = 5ms}};
    if (chance(3) == 0)
      options.each.timeout = 12ms;
    if (chance(3) == 0)
      options.each.queue_timeout = 30ms;
    if (chance(4) == 0)
      options.total_timeout = 120ms;
    if (chance(4) == 0)
      options.until = ta::gather_end::quorum(5);
    if (chance(3) == 0)
      options.jitter = 3ms;
    int alive = 0;
    auto body = [&](int n) -> ta::task<int> {
      const counted one{alive};
      co_await ta::sleep_for(std::chrono::milliseconds{n % 17});
      if (n % 5 == 1)
        throw std::runtime_error{"n"};
      if (n % 11 == 3)
        co_await test::swallowing();
      co_return n;
    };
    std::size_t outcomes = 0;
    auto parent = [&]() -> ta::task<void> {
      const auto items = first(30);
      const auto all = co_await ta::gather(options, body, items);
      outcomes = all.size();
    };
    const auto h = world.tasks.add_task({.id = "p", .timeout = ta::no_timeout}, parent).value();
    for (int step = 0; step < 12; ++step) {
      world.advance(std::chrono::milliseconds{chance(15)});
      if (chance(3) == 0)
        (void)world.tasks.cancel_task("p/g/" + std::to_string(chance(30)));
    }
    const bool ends = chance(2) == 0;
    if (ends)
      (void)world.tasks.cancel_task("p");
    for (int round = 0; round < 5 && !h.finished(); ++round) {
      world.advance(30s);
      for (int i = 3; i < 30; i += 11) // those that nothing ends
        (void)world.tasks.cancel_task("p/g/" + std::to_string(i));
    }
    world.advance(30s);
    BOOST_REQUIRE_MESSAGE(h.finished(), "seed " << seed);
    BOOST_TEST((ends || outcomes == 30u), "seed " << seed << ": " << outcomes);
    BOOST_TEST(alive == 0, "seed " << seed);
    const auto now = world.tasks.statistics();
    BOOST_TEST(now.global.in_use == 0u, "seed " << seed);
    BOOST_TEST(now.limits.at("db").in_use == 0u, "seed " << seed);
    BOOST_TEST(world.tasks.task_status().empty(), "seed " << seed);
    BOOST_TEST(now.overrunning == 0u, "seed " << seed);
  }
}

BOOST_AUTO_TEST_SUITE_END()
