// Ranges of every kind: an outcome for each item, moved items, and one reader at a time.
#include "lifecycle/bodies.hpp"
#include "support/virtual_time.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <deque>
#include <forward_list>
#include <list>
#include <memory>
#include <ranges>
#include <set>
#include <span>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using namespace test;

namespace ranges {

ta::task<int> second(int n) {
  co_await ta::sleep_for(1s);
  if (n == -1)
    throw std::runtime_error{"minus one"};
  co_return n;
}

/// How each way of stopping early is asked for.
const std::vector<ta::gather_options> early{{.concurrency = 2, .total_timeout = 1500ms},
                                            {.concurrency = 2, .until = ta::gather_end::quorum(2)},
                                            {.concurrency = 2, .total_timeout = 0s}};

template <class Outcomes>
std::size_t unstarted(const Outcomes& all) {
  std::size_t count = 0;
  for (const auto& each : all)
    if (!each && each.error().reason() == ta::end_reason::not_started)
      ++count;
  return count;
}

/// Says whether two threads were in it at once.
struct one_at_a_time {
  std::atomic<int> inside{0};
  std::atomic<bool> broken{false};
  int enter(int n) {
    if (inside.fetch_add(1) != 0)
      broken = true;
    for (int i = 0; i < 200; ++i)
      if (inside.load() != 1)
        broken = true;
    inside.fetch_sub(1);
    return n;
  }
};

} // namespace ranges

BOOST_AUTO_TEST_SUITE(ranges)

BOOST_AUTO_TEST_CASE(however_it_ends_a_sized_range_has_an_outcome_for_each_item) {
  virtual_time world;
  std::set<int> ordered;
  for (int i = 0; i < 100; ++i)
    ordered.insert(i);
  for (const auto& options : early) {
    const auto check = [&](const auto& all) {
      BOOST_TEST(all.size() == 100u);
      BOOST_TEST(unstarted(all) >= 96u);
    };
    check(world.tasks.gather(options, second, std::vector<int>(100)));
    check(world.tasks.gather(options, second, std::deque<int>(100)));
    check(world.tasks.gather(options, second, std::list<int>(100)));
    check(world.tasks.gather(options, second, ordered));
    check(world.tasks.gather(options, second, std::views::iota(0, 100)));
    check(world.tasks.gather(options, second, ordered | std::views::transform([](int n) { return n + 1; })));
    auto nested = [&]() -> ta::task<void> {
      const std::list<int> items(100);
      check(co_await ta::gather(options, second, items));
    };
    world.tasks.add_task({}, nested).value().get();
  }
}

BOOST_AUTO_TEST_CASE(of_a_range_without_a_size_each_item_that_was_read_has_an_outcome) {
  virtual_time world;
  for (const auto& options : early) {
    const std::forward_list<int> items(100);
    std::size_t read = 0;
    auto counted = items | std::views::transform([&read](int n) { return ++read, n; });
    BOOST_TEST(world.tasks.gather(options, second, counted).size() == read);
    read = 0;
    std::istringstream text{"1 2 3 4 5 6 7 8 9"};
    auto words = std::views::istream<int>(text) | std::views::transform([&read](int n) { return ++read, n; });
    BOOST_TEST(world.tasks.gather(options, second, words).size() == read);
  }
}

BOOST_AUTO_TEST_CASE(gather_each_tells_each_item_that_it_has_pulled) {
  virtual_time world;
  for (const auto& options : early)
    for (const bool endless : {false, true}) {
      std::set<std::size_t> told;
      std::size_t never = 0, read = 0;
      auto sink = [&](std::size_t index, const ta::outcome<int>& end) {
        BOOST_TEST(told.insert(index).second);
        if (!end && end.error().reason() == ta::end_reason::not_started)
          ++never;
      };
      auto items = std::views::iota(0, endless ? 1'000'000'000 : 100)
                   | std::views::transform([&read](int n) { return ++read, n; });
      const auto pulled = world.tasks.gather_each(options, second, items, sink);
      BOOST_TEST(pulled == read);
      BOOST_TEST(told.size() == pulled);
      BOOST_TEST(never + 4 >= pulled);
    }
}

BOOST_AUTO_TEST_CASE(an_item_whose_time_is_up_is_told_once_and_not_on_the_managers_thread) {
  ta::task_manager tasks{{.scheduler_threads = 4}};
  std::vector<int> told(40);
  auto body = [](int n) -> ta::task<int> {
    if (n % 2 == 0)
      co_await ta::sleep_for(1h);
    co_return n;
  };
  std::atomic<bool> ended{false};
  auto sink = [&](std::size_t index, const ta::outcome<int>& end) {
    ++told[index];
    if (index % 2 == 0) // on a busy machine others are late as well
      BOOST_CHECK(end.state() == ta::state::timed_out);
    if (index != 0)
      return;
    (void)tasks.add_task({}, [&ended] { ended = true; }); // the manager serves it meanwhile
    const auto patience = std::chrono::steady_clock::now() + 10s;
    while (!ended && std::chrono::steady_clock::now() < patience)
      std::this_thread::yield();
    BOOST_TEST(ended.load());
  };
  const auto pulled
      = tasks.gather_each({.concurrency = 4, .each = {.timeout = 5ms}}, body, std::views::iota(0, 40), sink);
  BOOST_TEST(pulled == 40u);
  for (std::size_t i = 0; i < told.size(); ++i)
    BOOST_TEST(told[i] == 1, "item " << i << ": " << told[i]);
}

/// Who waits and the slots tell by turns what was late.
BOOST_AUTO_TEST_CASE(all_have_been_told_when_it_returns) {
  ta::task_manager tasks{{.scheduler_threads = 4}};
  auto body = [](int n) -> ta::task<int> {
    if (n % 2 == 0)
      co_await ta::sleep_for(1h);
    co_return n;
  };
  for (int round = 0; round < 40; ++round) {
    std::vector<int> told(40);
    bool over = false;
    auto sink = [&](std::size_t index, const ta::outcome<int>&) {
      BOOST_TEST(!over);
      ++told[index];
    };
    (void)tasks.gather_each({.concurrency = 4, .each = {.timeout = 3ms}}, body, std::views::iota(0, 40),
                            sink);
    over = true;
    BOOST_TEST(told == std::vector<int>(40, 1), boost::test_tools::per_element());
  }
}

BOOST_AUTO_TEST_CASE(items_that_can_only_be_moved_come_out_of_a_container_that_is_given_away) {
  virtual_time world;
  auto body = [](std::unique_ptr<int> n) { return *n; };
  auto made = [](auto container) {
    for (int i = 0; i < 5; ++i)
      container.push_back(std::make_unique<int>(i));
    return container;
  };
  BOOST_TEST(world.tasks.gather({}, body, made(std::vector<std::unique_ptr<int>>{}))[4].value() == 4);
  BOOST_TEST(world.tasks.gather({}, body, made(std::deque<std::unique_ptr<int>>{}))[4].value() == 4);
  BOOST_TEST(world.tasks.gather({}, body, made(std::list<std::unique_ptr<int>>{}))[4].value() == 4);
  int sum = 0;
  auto add = [&sum](std::size_t, const ta::outcome<int>& end) { sum += end.value(); };
  BOOST_TEST(world.tasks.gather_each({}, body, made(std::vector<std::unique_ptr<int>>{}), add) == 5u);
  BOOST_TEST(sum == 10);
  auto nested = [&]() -> ta::task<int> {
    int total = 0;
    auto all = co_await ta::gather({}, body, made(std::vector<std::unique_ptr<int>>{}));
    for (auto& each : all)
      total += each.value();
    auto done = ta::as_completed({}, body, made(std::list<std::unique_ptr<int>>{}));
    while (auto one = co_await done.next())
      total += one->result.value();
    co_return total;
  };
  BOOST_TEST(world.tasks.add_task({}, nested).value().get() == 20);
}

BOOST_AUTO_TEST_CASE(what_others_may_hold_as_well_is_copied) {
  virtual_time world;
  std::vector<std::string> items{"one", "two"};
  auto body = [](std::string text) { return text.size(); };
  (void)world.tasks.gather({}, body, items);
  (void)world.tasks.gather({}, body, std::views::all(items));
  (void)world.tasks.gather({}, body, std::span{items});
  (void)world.tasks.gather({}, body, items | std::views::take(2));
  (void)world.tasks.gather({}, body, std::ranges::subrange{items.begin(), items.end()});
  const auto ignore = [](std::size_t, const ta::outcome<std::size_t>&) {};
  (void)world.tasks.gather_each({}, body, items, ignore);
  (void)world.tasks.gather_each({}, body, std::span{items},
                                [](std::size_t, const ta::outcome<std::size_t>&) {});
  BOOST_TEST(items[0] == "one");
  BOOST_TEST(items[1] == "two");
}

BOOST_AUTO_TEST_CASE(the_code_of_a_range_runs_on_one_thread_at_a_time) {
  ta::task_manager tasks{{.scheduler_threads = 4}};
  one_at_a_time watch;
  auto watched = std::views::transform([&watch](int n) { return watch.enter(n); });
  const std::vector<int> memory(3000);
  const std::list<int> list(3000);
  auto body = [](int) {};
  BOOST_TEST(tasks.gather({}, body, std::views::iota(0, 3000) | watched).size() == 3000u);
  BOOST_TEST(tasks.gather({}, body, memory | watched).size() == 3000u);
  BOOST_TEST(tasks.gather({}, body, list | watched).size() == 3000u);
  BOOST_TEST(!watch.broken.load());
}

BOOST_AUTO_TEST_CASE(memory_and_numbers_are_read_by_all_slots_and_each_index_once) {
  ta::task_manager tasks{{.scheduler_threads = 4}};
  std::vector<int> items(20'000);
  for (int i = 0; i < 20'000; ++i)
    items[static_cast<std::size_t>(i)] = i;
  auto body = [](int n) { return n; };
  for (const auto& all : {tasks.gather({}, body, items), tasks.gather({}, body, std::views::iota(0, 20'000)),
                          tasks.gather({}, body, std::vector(items))})
    for (int i = 0; i < 20'000; ++i)
      BOOST_REQUIRE(all[static_cast<std::size_t>(i)].value() == i);
}

/// Its slot delivers it then: there was nothing for the manager to answer.
BOOST_AUTO_TEST_CASE(an_item_that_is_just_being_fetched_when_all_time_is_up_is_told) {
  ta::task_manager tasks;
  for (const std::size_t at_once : {1U, 2U}) {
    const auto takes_long = [at_once](int n) {
      // Those behind the first are fetched only where the manager is late: it has all this time to see it.
      const auto time = static_cast<std::size_t>(n) < at_once ? 60ms : 3000ms;
      for (const auto until = std::chrono::steady_clock::now() + time;
           std::chrono::steady_clock::now() < until;)
        std::this_thread::yield();
      return n;
    };
    const auto all = tasks.gather(
        {.concurrency = at_once, .total_timeout = 20ms}, [](int n) { return n; },
        std::views::iota(0, 4) | std::views::transform(takes_long));
    BOOST_TEST(all.size() == 4U);
    BOOST_TEST(!all.back());
  }
}

/// A sink may throw about an outcome that came late: the next one's is told all the same.
BOOST_AUTO_TEST_CASE(a_sink_that_throws_swallows_nothing) {
  ta::task_manager tasks{{.scheduler_threads = 4}};
  for (int round = 0; round < 20; ++round) {
    std::set<std::size_t> told;
    auto body = [](int n) -> ta::task<int> {
      if (n % 2 == 0)
        co_await ta::sleep_for(1h);
      co_await ta::sleep_for(4ms);
      co_return n;
    };
    std::atomic<int> fetched{0};
    auto items = std::views::iota(0, 4) | std::views::transform([&fetched](int n) { return ++fetched, n; });
    auto sink = [&](std::size_t index, const ta::outcome<int>&) {
      told.insert(index);
      while (fetched < 4) // what isn't fetched by then never is, and isn't told
        std::this_thread::yield();
      throw std::runtime_error{"a sink"};
    };
    const auto all
        = [&] { (void)tasks.gather_each({.concurrency = 4, .each = {.timeout = 3ms}}, body, items, sink); };
    BOOST_CHECK_THROW(all(), std::runtime_error);
    BOOST_TEST(told.size() == 4U);
  }
}

BOOST_AUTO_TEST_SUITE_END()
