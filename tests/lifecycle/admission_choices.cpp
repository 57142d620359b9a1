// A full queue: reject, wait, shed. A duplicate id: reject, join, replace.
#include "bodies.hpp"
#include "support/virtual_time.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

using namespace test;

BOOST_AUTO_TEST_SUITE(admission_choices)

BOOST_AUTO_TEST_CASE(a_caller_may_wait_for_room) {
  virtual_time world{{.max_queue = 2}};
  auto first = world.tasks.add_task({}, after, 1s, 1).value();
  auto second = world.tasks.add_task({}, after, 3s, 2).value();
  const auto begin = world.now();
  auto third = world.tasks.add_task({.admission = {.on_full = ta::on_full::wait}}, after, 1s, 3).value();
  BOOST_CHECK(world.now() - begin == 1s);
  const auto late
      = world.tasks.add_task({.admission = {.on_full = ta::on_full::wait, .timeout = 500ms}}, after, 1s, 3);
  BOOST_REQUIRE(!late);
  BOOST_CHECK(late.error().code == ta::errc::queue_full);
  BOOST_TEST(late.error().message == "queue overflow: 2, for 500 ms");
  BOOST_TEST(third.get() == 3);
}

BOOST_AUTO_TEST_CASE(in_a_coroutine_waiting_for_room_would_block) {
  virtual_time world{{.max_queue = 1}};
  auto body = [&world]() -> ta::task<bool> {
    try {
      (void)world.tasks.add_task({.admission = {.on_full = ta::on_full::wait}}, hanging);
    } catch (const std::system_error& e) {
      co_return e.code() == ta::make_error_code(ta::errc::would_block);
    }
    co_return false;
  };
  BOOST_TEST(world.tasks.add_task({}, body).value().get());
}

BOOST_AUTO_TEST_CASE(who_waits_for_room_is_told_of_the_shutdown) {
  ta::task_manager tasks{{.max_queue = 1}};
  auto running = tasks.add_task({}, hanging).value();
  ta::errc why{};
  std::thread waiting{[&] {
    const auto refused = tasks.add_task({.admission = {.on_full = ta::on_full::wait}}, hanging);
    why = refused.error().code;
  }};
  tasks.shutdown({.drain = 10ms, .cancel = 1s});
  waiting.join();
  BOOST_CHECK(why == ta::errc::stopping);
}

BOOST_AUTO_TEST_CASE(the_oldest_of_the_lowest_priority_is_shed) {
  virtual_time world{{.capacity = 1, .max_queue = 4}};
  auto running = world.tasks.add_task({.id = "running", .priority = 9}, hanging).value();
  world.settle();
  (void)world.tasks.add_task({.id = "a", .priority = 7}, hanging);
  (void)world.tasks.add_task({.id = "b", .priority = 7}, hanging);
  (void)world.tasks.add_task({.id = "c", .priority = 2}, hanging);
  const auto shed = ta::on_full::shed;
  BOOST_CHECK(
      world.tasks.add_task({.id = "d", .priority = 5, .admission = {.on_full = shed}}, hanging).has_value());
  world.settle();
  BOOST_CHECK(world.tasks.find("a")->state == ta::state::cancelled);
  BOOST_CHECK(world.tasks.find("a")->reason == ta::end_reason::shed);
  BOOST_CHECK(
      world.tasks.add_task({.id = "e", .priority = 5, .admission = {.on_full = shed}}, hanging).has_value());
  BOOST_CHECK(
      world.tasks.add_task({.id = "f", .priority = 5, .admission = {.on_full = shed}}, hanging).has_value());
  world.settle();
  BOOST_CHECK(world.tasks.find("b")->reason == ta::end_reason::shed);
  BOOST_CHECK(world.tasks.find("d")->reason == ta::end_reason::shed); // its equal, and older
  const auto refused
      = world.tasks.add_task({.id = "g", .priority = 9, .admission = {.on_full = shed}}, hanging);
  BOOST_CHECK(refused.error().code == ta::errc::queue_full); // all that wait have a higher one
  BOOST_CHECK(world.tasks.find("c")->state == ta::state::queued);
  BOOST_CHECK(running.state() == ta::state::running);
}

BOOST_AUTO_TEST_CASE(shedding_keeps_the_queue_at_its_size_and_serves_all_that_stay) {
  virtual_time world{{.capacity = 2, .max_queue = 50}};
  int completed = 0, shed = 0, refused = 0;
  std::vector<ta::handle<int>> handles;
  for (int i = 0; i < 1000; ++i) {
    auto h = world.tasks.add_task({.priority = i % 10, .admission = {.on_full = ta::on_full::shed}}, after,
                                  1ms, i);
    if (h)
      handles.push_back(std::move(*h));
    else
      ++refused;
  }
  for (const auto& each : handles) {
    each.wait();
    (each.state() == ta::state::completed ? completed : shed)++;
  }
  BOOST_TEST(completed == 50);
  BOOST_TEST(completed + shed + refused == 1000);
  BOOST_TEST(shed > 100);
  BOOST_TEST(refused > 100);
}

BOOST_AUTO_TEST_CASE(a_duplicate_may_join_the_one_that_is_there) {
  virtual_time world;
  int runs = 0;
  auto body = [&runs]() -> ta::task<int> {
    ++runs;
    co_await ta::sleep_for(1s);
    co_return 7;
  };
  auto first = world.tasks.add_task({.id = "a"}, body).value();
  auto second = world.tasks.add_task({.id = "a", .admission = {.on_duplicate = ta::on_duplicate::join}}, body)
                    .value();
  BOOST_TEST(second.wait_outcome().value() == 7);
  BOOST_TEST(first.wait_outcome().value() == 7);
  BOOST_TEST(runs == 1);
  auto text = [] { return std::string{"x"}; };
  auto third = world.tasks.add_task({.id = "a"}, body).value();
  const auto other
      = world.tasks.add_task({.id = "a", .admission = {.on_duplicate = ta::on_duplicate::join}}, text);
  BOOST_REQUIRE(!other);
  BOOST_CHECK(other.error().code == ta::errc::duplicate_id);
  BOOST_TEST(other.error().message == "duplicate id: a, whose result has another type");
  third.wait();
}

BOOST_AUTO_TEST_CASE(a_duplicate_may_replace_it_and_begins_when_it_is_gone) {
  virtual_time world;
  std::string trace;
  auto body = [&trace](char name) -> ta::task<char> {
    trace += name;
    try {
      co_await ta::sleep_for(10s);
    } catch (const ta::cancelled_error&) {
      trace += '!';
    }
    co_await ta::shield(ta::sleep_for(1s));
    trace += '.';
    co_return name;
  };
  const auto replace = ta::on_duplicate::replace;
  auto a = world.tasks.add_task({.id = "x", .admission = {.on_duplicate = replace}}, body, 'a').value();
  world.settle();
  auto b = world.tasks.add_task({.id = "x", .admission = {.on_duplicate = replace}}, body, 'b').value();
  auto c = world.tasks.add_task({.id = "x", .admission = {.on_duplicate = replace}}, body, 'c').value();
  world.settle();
  BOOST_TEST(trace == "a!");
  BOOST_CHECK(b.state() == ta::state::cancelled);
  BOOST_CHECK(b.try_outcome()->error().reason() == ta::end_reason::replaced);
  BOOST_TEST(c.get() == 'c');
  BOOST_TEST(trace == "a!.c.");
  BOOST_CHECK(a.state() == ta::state::completed); // it finished its clean-up with a value: that wins
  const auto report = world.tasks.shutdown();
  BOOST_TEST(report.clean());
}

BOOST_AUTO_TEST_CASE(who_replaces_one_that_waits_waits_for_the_one_before_it) {
  virtual_time world;
  int now = 0, most = 0;
  auto body = [&]() -> ta::task<void> {
    most = std::max(most, ++now);
    co_await ta::shield(ta::sleep_for(1s));
    --now;
  };
  const auto replace = ta::on_duplicate::replace;
  for (int i = 0; i < 4; ++i) {
    BOOST_REQUIRE(
        world.tasks.add_task({.id = "x", .admission = {.on_duplicate = replace}}, body).has_value());
    world.settle(); // the third finds the second ended before it comes in itself
  }
  world.advance(5s);
  BOOST_TEST(most == 1);
  BOOST_TEST(world.tasks.statistics().completed == 2u);
  BOOST_TEST(world.tasks.statistics().cancelled == 2u);
}

BOOST_AUTO_TEST_CASE(a_place_that_was_made_by_shedding_is_counted_once_however_the_shed_one_ends) {
  const auto shed = ta::on_full::shed;
  for (const auto replaced : {false, true}) {
    virtual_time world{{.capacity = 1, .max_queue = 2}};
    auto first = world.tasks.add_task({.id = "first", .queue_timeout = 0s}, hanging).value();
    (void)world.tasks.add_task({.priority = 2}, hanging);
    BOOST_REQUIRE(world.tasks.add_task({.priority = 2, .admission = {.on_full = shed}}, hanging).has_value());
    // Its time is up before the manager hears that it was shed; or another one comes in its place.
    if (replaced)
      BOOST_CHECK(!world.tasks.add_task(
          {.id = "first", .admission = {.on_duplicate = ta::on_duplicate::replace}}, hanging));
    world.settle();
    BOOST_TEST(first.finished());
    BOOST_CHECK(!world.tasks.add_task({}, hanging));
    world.tasks.cancel_all();
    world.settle();
    BOOST_CHECK(world.tasks.add_task({}, hanging).has_value());
    BOOST_CHECK(world.tasks.add_task({}, hanging).has_value());
    BOOST_CHECK(!world.tasks.add_task({}, hanging));
  }
}

BOOST_AUTO_TEST_CASE(who_waits_for_room_is_told_when_a_waiting_task_is_cancelled) {
  ta::task_manager tasks{{.capacity = 0, .max_queue = 1}};
  BOOST_REQUIRE(tasks.add_task({.id = "only"}, hanging).has_value()); // nobody waits for its end
  std::atomic<bool> admitted{false};
  std::thread waiting{[&] {
    admitted
        = tasks.add_task({.admission = {.on_full = ta::on_full::wait, .timeout = 20s}}, hanging).has_value();
  }};
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < 1000; ++i)
    std::this_thread::yield(); // most likely it waits now; if not, there is less to tell
  BOOST_CHECK(tasks.cancel_task("only") == ta::cancel_reply::requested);
  waiting.join();
  BOOST_TEST(admitted);
  BOOST_CHECK(std::chrono::steady_clock::now() - begin < 15s); // told, not found when its time was up
  tasks.shutdown({.drain = 0s});
}

BOOST_AUTO_TEST_CASE(a_replaced_one_that_waits_never_starts) {
  virtual_time world{{.capacity = 1}};
  auto busy = world.tasks.add_task({}, after, 1s, 0).value();
  int runs = 0;
  auto old = world.tasks.add_task({.id = "x"}, [&runs] { return ++runs; }).value();
  auto fresh = world.tasks
                   .add_task({.id = "x", .admission = {.on_duplicate = ta::on_duplicate::replace}},
                             [&runs] { return 10 + ++runs; })
                   .value();
  BOOST_TEST(fresh.get() == 11);
  BOOST_CHECK(old.state() == ta::state::cancelled);
}

BOOST_AUTO_TEST_SUITE_END()
