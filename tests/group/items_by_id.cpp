// Items by their id: found, explained and cancelled one by one; their own times and progress; cancel_all.
#include "lifecycle/bodies.hpp"
#include "support/virtual_time.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <list>
#include <ranges>
#include <string>
#include <thread>
#include <vector>

using namespace test;

namespace items_by_id {

ta::task<int> hour(int n) {
  co_await ta::sleep_for(1h);
  co_return n;
}

ta::task<int> told_progress(int n) {
  if (n == 0)
    ta::this_task::report_progress(1, 2, "half");
  co_await ta::sleep_for(1s);
  co_return n;
}

/// A task with a gather of so many in it.
template <class F>
auto gather_in_task(virtual_time& world, F body, int count, ta::gather_options options) {
  auto parent = [body, count, options]() -> ta::task<std::vector<ta::outcome<int>>> {
    std::vector<int> items;
    for (int i = 0; i < count; ++i)
      items.push_back(i);
    auto all = co_await ta::gather(options, body, items);
    co_return all;
  };
  return world.tasks.add_task({.id = "p", .timeout = ta::no_timeout}, parent).value();
}

} // namespace items_by_id

BOOST_AUTO_TEST_SUITE(items_by_id)

BOOST_AUTO_TEST_CASE(every_item_that_is_listed_is_found_and_explained) {
  virtual_time world;
  auto h = gather_in_task(world, told_progress, 6, {.id = "g", .concurrency = 2});
  world.settle();
  for (int round = 0; round < 3; ++round) {
    const auto status = world.tasks.task_status();
    BOOST_REQUIRE(status.size() == 3u);
    for (const auto& each : status) {
      BOOST_REQUIRE(world.tasks.find(each.id).has_value());
      BOOST_TEST(world.tasks.find(each.id)->id == each.id);
      BOOST_TEST(world.tasks.explain(each.id).has_value());
    }
    for (std::size_t i = 1; i < 3; ++i) {
      const auto& each = status[i];
      BOOST_TEST((each.id == "p/g/" + std::to_string(2 * round)
                  || each.id == "p/g/" + std::to_string(2 * round + 1)));
      BOOST_TEST(each.progress.text == (each.id == "p/g/0" ? "half" : ""));
      BOOST_CHECK(each.started == world.now());
    }
    world.advance(1s);
  }
  for (const auto* wrong :
       {"p/g/0", "p/g/6", "p/g/", "p/g/x", "p/g/00", "p/g/99999999999999999999", "p/h/0", "g/0", "/0"})
    BOOST_TEST(!world.tasks.find(wrong).has_value());
  h.wait();
}

BOOST_AUTO_TEST_CASE(an_item_is_cancelled_by_its_id_and_no_other) {
  virtual_time world;
  auto h = gather_in_task(world, hour, 6, {.id = "g", .concurrency = 2});
  world.settle();
  BOOST_CHECK(world.tasks.cancel_task("p/g/1") == ta::cancel_reply::requested);
  BOOST_CHECK(world.tasks.cancel_task("p/g/1") == ta::cancel_reply::already_requested);
  BOOST_CHECK(world.tasks.cancel_task("p/g/6") == ta::cancel_reply::unknown); // there are six
  world.settle();
  BOOST_CHECK(world.tasks.cancel_task("p/g/1") == ta::cancel_reply::finished);
  BOOST_TEST(world.tasks.find("p/g/2").has_value());
  const auto all = h.get();
  BOOST_REQUIRE(all.size() == 6u);
  for (int i = 0; i < 6; ++i)
    BOOST_CHECK(all[static_cast<std::size_t>(i)].state()
                == (i == 1 ? ta::state::cancelled : ta::state::completed));
  BOOST_CHECK(all[1].error().reason() == ta::end_reason::cancel_requested);
  BOOST_CHECK(world.tasks.cancel_task("p/g/1") == ta::cancel_reply::unknown); // the gather is over
}

BOOST_AUTO_TEST_CASE(who_cancels_an_item_can_wait_for_its_end) {
  virtual_time world;
  int gone = 0;
  auto body = [&gone](int n) -> ta::task<int> {
    const witness here{&gone};
    if (n == 1)
      co_await ta::shield(ta::sleep_for(5s));
    const int got = co_await hour(n);
    co_return got;
  };
  auto h = gather_in_task(world, body, 6, {.id = "g", .concurrency = 2});
  world.settle();
  const auto begin = world.now();
  BOOST_CHECK(world.tasks.cancel_and_wait("p/g/1") == ta::cancel_reply::requested);
  BOOST_CHECK(world.now() - begin == 5s);
  BOOST_TEST(gone == 1);
  BOOST_TEST(h.get()[5].value() == 5);
}

BOOST_AUTO_TEST_CASE(an_item_that_waits_for_its_jitter_can_be_cancelled) {
  virtual_time world;
  auto h = gather_in_task(world, hour, 2, {.id = "g", .jitter = 1h});
  world.settle();
  BOOST_CHECK(world.tasks.cancel_task("p/g/0") == ta::cancel_reply::requested);
  world.settle();
  BOOST_CHECK(h.get()[0].state() == ta::state::cancelled);
}

BOOST_AUTO_TEST_CASE(an_item_that_swallows_its_cancellation_is_killed_and_the_others_go_on) {
  virtual_time world{{.cancel_grace = 1s}};
  auto body = [](int n) -> ta::task<int> {
    if (n == 0)
      co_await swallowing();
    co_return n;
  };
  auto h = gather_in_task(world, body, 3, {.id = "g", .concurrency = 1});
  world.settle();
  BOOST_CHECK(world.tasks.cancel_task("p/g/0") == ta::cancel_reply::requested);
  const auto all = h.get();
  BOOST_CHECK(all[0].state() == ta::state::cancelled);
  BOOST_TEST(all[2].value() == 2);
}

BOOST_AUTO_TEST_CASE(items_are_cancelled_on_real_threads_each_its_own) {
  ta::task_manager tasks;
  auto body = [](int n) -> ta::task<int> {
    for (int i = 0; i < 5; ++i)
      co_await ta::yield();
    co_return n;
  };
  std::atomic<bool> over{false};
  std::vector<char> asked(2000);
  std::thread canceller([&] {
    for (int n = 0; !over; n = (n + 1) % 1000)
      if (tasks.cancel_task("g/" + std::to_string(2 * n)) == ta::cancel_reply::requested)
        asked[static_cast<std::size_t>(2 * n)] = 1;
  });
  const auto all = tasks.gather({.id = "g", .concurrency = 8}, body, std::views::iota(0, 2000));
  over = true;
  canceller.join();
  for (std::size_t i = 0; i < all.size(); ++i)
    BOOST_REQUIRE((all[i].has_value() || asked[i] != 0)); // odd ones always have a value
}

BOOST_AUTO_TEST_CASE(events_of_items_tell_how_long_the_item_has_run) {
  virtual_time world;
  std::atomic<int> right{0}, all{0};
  const auto watch = world.tasks.observe(
      [&](const ta::task_event& what) {
        right += what.ran == 1s ? 1 : 0;
        ++all;
      },
      {.kinds = {ta::event_kind::completed}});
  (void)world.tasks.gather({.id = "g", .concurrency = 1}, told_progress, std::views::iota(0, 3));
  const auto patience = std::chrono::steady_clock::now() + 10s;
  while (all < 3 && std::chrono::steady_clock::now() < patience)
    std::this_thread::yield(); // observers have threads of their own
  BOOST_TEST(right == 3);
}

BOOST_AUTO_TEST_CASE(cancel_all_ends_gathers_of_every_kind) {
  for (const std::string kind : {"gather", "list", "each", "nested", "shielded", "as_completed"}) {
    virtual_time world;
    std::size_t began = 0;
    auto item = [&](int) -> ta::task<int> {
      ++began;
      if (began == 3)
        BOOST_TEST(world.tasks.cancel_all() >= 1u);
      co_await ta::sleep_for(1h);
      co_return 1;
    };
    const ta::gather_options three{.concurrency = 3};
    std::size_t told = 0;
    auto nested = [&]() -> ta::task<void> {
      auto inside = [&]() -> ta::task<void> {
        const std::vector<int> items(100);
        told = (co_await ta::gather(three, item, items)).size();
      };
      if (kind == "nested") {
        co_await inside();
      } else if (kind == "shielded") {
        co_await ta::shield(inside);
      } else {
        auto done = ta::as_completed(three, item, std::vector<int>(100));
        while (co_await done.next())
          ++told;
      }
    };
    const auto begin = world.now();
    if (kind == "gather")
      told = world.tasks.gather(three, item, std::vector<int>(100)).size();
    else if (kind == "list")
      told = world.tasks.gather(three, item, std::list<int>(100)).size();
    else if (kind == "each")
      BOOST_TEST(world.tasks.gather_each(three, item, std::vector<int>(100),
                                         [&](std::size_t, const ta::outcome<int>&) { ++told; })
                 == told);
    else
      world.tasks.add_task({}, nested).value().wait();
    BOOST_CHECK(world.now() - begin < 1s);
    BOOST_TEST(began == 3u, kind);
    if (kind == "gather" || kind == "list" || kind == "shielded")
      BOOST_TEST(told == 100u, kind);
    if (kind == "each")
      BOOST_TEST(told >= 3u);
    BOOST_TEST(world.tasks.task_status().empty());
  }
}

BOOST_AUTO_TEST_SUITE_END()
