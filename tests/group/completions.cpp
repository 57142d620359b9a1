// as_completed: each outcome when it is there, few ahead of who asks, and whose items they are.
#include "lifecycle/bodies.hpp"
#include "support/virtual_time.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <list>
#include <memory>
#include <optional>
#include <ranges>
#include <string>
#include <thread>
#include <vector>

using namespace test;

namespace completions {

using generator = ta::async_generator<ta::completed_item<int>>;

ta::task<int> ten_ms(int n) {
  co_await ta::sleep_for(10ms);
  co_return n;
}

ta::task<int> slow_after(int n) {
  co_await ta::sleep_for(n == 0 ? 1s : 1h);
  co_return n;
}

/// Asks for one more.
ta::task<std::string> next_of(std::shared_ptr<generator> all) {
  const auto next = co_await all->next();
  std::string text = next ? std::to_string(next->index) : "end";
  if (next && !next->result)
    text += ta::to_string(next->result.error().reason());
  co_return text;
}

} // namespace completions

BOOST_AUTO_TEST_SUITE(completions)

BOOST_AUTO_TEST_CASE(each_outcome_comes_when_it_is_there) {
  for (const bool function : {false, true})
    for (const std::size_t concurrency : {1u, 2u, 8u}) {
      virtual_time world;
      std::vector<std::chrono::nanoseconds> came;
      auto body = [&]() -> ta::task<void> {
        const auto begin = world.now();
        auto done = ta::as_completed({.concurrency = concurrency}, ten_ms, std::views::iota(0, 8));
        while (auto one = co_await done.next())
          came.push_back(world.now() - begin);
      };
      auto plain = [&]() -> ta::task<void> {
        auto done = ta::as_completed(
            {.concurrency = concurrency}, [](int n) { return n; }, std::views::iota(0, 8));
        while (auto one = co_await done.next())
          came.push_back(0ns);
      };
      auto h = function ? world.tasks.add_task({}, plain).value() : world.tasks.add_task({}, body).value();
      h.get();
      BOOST_REQUIRE(came.size() == 8u);
      for (std::size_t i = 0; i < 8 && !function; ++i)
        BOOST_CHECK(came[i] == 10ms * (1 + i / concurrency));
    }
}

BOOST_AUTO_TEST_CASE(an_endless_range_is_read_a_little_ahead_of_who_asks) {
  for (const std::size_t concurrency : {1u, 4u, 40u}) {
    virtual_time world{{.capacity = 64}};
    std::size_t most = 0;
    int begun = 0;
    auto body = [&]() -> ta::task<int> {
      auto item = [&](int n) -> ta::task<int> {
        ++begun;
        co_await ta::sleep_for(1ms);
        co_return n;
      };
      auto done = ta::as_completed({.concurrency = concurrency}, item, std::views::iota(0));
      int got = 0;
      for (; got < 100; ++got) {
        const auto one = co_await done.next();
        BOOST_TEST(one.has_value());
        co_await ta::sleep_for(1s);
        most = std::max(most, static_cast<std::size_t>(begun - got));
      }
      co_return got;
    };
    BOOST_TEST(world.tasks.add_task({}, body).value().get() == 100);
    BOOST_TEST(most <= std::max<std::size_t>(16, 2 * concurrency) + 1);
    BOOST_TEST(most > concurrency);
    world.settle();
    BOOST_TEST(world.tasks.statistics().running == 0u);
  }
}

BOOST_AUTO_TEST_CASE(many_outcomes_come_once_each_on_real_threads) {
  ta::task_manager tasks;
  auto body = []() -> ta::task<std::size_t> {
    std::vector<char> seen(100'000);
    auto done = ta::as_completed(
        {}, [](int n) { return n; }, std::views::iota(0, 100'000));
    std::size_t count = 0;
    while (auto one = co_await done.next())
      if (one->result.value() == static_cast<int>(one->index) && !std::exchange(seen[one->index], 1))
        ++count;
    co_return count;
  };
  BOOST_TEST(tasks.add_task({}, body).value().get() == 100'000u);
}

/// An lvalue range is the caller's: it may be destroyed as soon as the generator is gone.
BOOST_AUTO_TEST_CASE(a_range_is_not_read_any_more_when_its_generator_is_gone) {
  for (const bool sized : {false, true})
    for (int round = 0; round < 20; ++round) {
      ta::task_manager tasks{{.scheduler_threads = 4}};
      std::atomic<bool> reads{false}, drops{false}, gone{false}, read_late{false};
      const auto read = [&](int n) {
        reads = true;
        while (n > round % 4 && !drops)
          std::this_thread::yield();
        const auto a_moment = std::chrono::steady_clock::now() + 2ms;
        while (!gone && std::chrono::steady_clock::now() < a_moment)
          std::this_thread::yield();
        if (gone)
          read_late = true;
        return n;
      };
      auto body = [&]() -> ta::task<void> {
        auto pulled = std::views::iota(0) | std::views::transform(read);
        auto indexed = std::views::iota(0, 1000) | std::views::transform(read);
        auto identity = [](int n) { return n; };
        std::optional<generator> all;
        if (sized)
          all.emplace(ta::as_completed({.concurrency = 2}, identity, indexed));
        else
          all.emplace(ta::as_completed({.concurrency = 2}, identity, pulled));
        (void)co_await all->next();
        while (!reads)
          std::this_thread::yield();
        drops = true;
        all.reset();
        gone = true;
      };
      tasks.add_task({}, body).value().get();
      BOOST_TEST(!read_late.load());
    }
}

BOOST_AUTO_TEST_CASE(a_generator_that_is_handed_on_wakes_who_asks) {
  virtual_time world;
  auto body = [&world]() -> ta::task<std::string> {
    auto all
        = std::make_shared<generator>(ta::as_completed({.concurrency = 1}, slow_after, std::vector{0, 0, 0}));
    std::string trace;
    for (int i = 0; i < 4; ++i) { // here, and in a task of its own, by turns
      if (i % 2 == 0)
        trace += co_await next_of(all);
      else
        trace += co_await world.tasks.add_task({}, next_of, all).value();
    }
    co_return trace;
  };
  BOOST_TEST(world.tasks.add_task({}, body).value().get() == "012end");
}

BOOST_AUTO_TEST_CASE(items_go_on_while_one_of_the_tasks_that_have_asked_does) {
  for (const bool dropped : {false, true}) {
    virtual_time world;
    int gone = 0;
    std::shared_ptr<generator> all;
    auto item = [&gone](int n) -> ta::task<int> {
      const witness here{&gone};
      const int got = co_await slow_after(n);
      co_return got;
    };
    auto maker = [&]() -> ta::task<void> {
      all = std::make_shared<generator>(ta::as_completed({.concurrency = 3}, item, std::vector{0, 0, 1, 2}));
      co_await next_of(all);
      co_await ta::sleep_for(1s);
    };
    auto user = [&]() -> ta::task<void> {
      co_await ta::sleep_for(1500ms);
      co_await next_of(all);
      co_await ta::sleep_for(30min);
      if (dropped)
        all.reset();
    };
    auto first = world.tasks.add_task({.id = "first"}, maker).value();
    auto second = world.tasks.add_task({.id = "second"}, user).value();
    world.advance(3s);
    BOOST_TEST(first.finished());
    BOOST_TEST(world.tasks.task_status().size() == 3u); // the second, and two items, which are its now
    world.advance(40min);
    BOOST_TEST(second.finished());
    BOOST_TEST(gone == 4);
    BOOST_TEST(world.tasks.task_status().empty());
    BOOST_TEST(world.tasks.statistics().running == 0u);
  }
}

BOOST_AUTO_TEST_CASE(items_of_a_generator_that_outlives_its_task_end_with_the_task) {
  virtual_time world;
  int gone = 0;
  std::shared_ptr<generator> all;
  auto item = [&gone](int) -> ta::task<int> {
    const witness here{&gone};
    co_await ta::shield(ta::sleep_for(5s));
    co_return 1;
  };
  auto maker = [&]() -> ta::task<void> {
    all = std::make_shared<generator>(ta::as_completed({.concurrency = 2}, item, std::views::iota(0)));
    const auto none = co_await ta::move_on_after(0s, ta::sleep_for(1s));
    BOOST_TEST(!none);
    const auto first = co_await all->next();
    BOOST_TEST(first.has_value());
  };
  auto h = world.tasks.add_task({}, maker).value();
  world.settle();
  world.advance(6s);
  BOOST_TEST(!h.finished()); // two more have begun meanwhile, and are waited for
  world.advance(5s);
  BOOST_TEST(h.finished());
  BOOST_TEST(gone >= 3);
  const auto late = world.tasks.add_task({}, next_of, all).value().get();
  BOOST_TEST(late.find("end") == std::string::npos); // what was there is still given
  all.reset();                                       // on this thread
  BOOST_TEST(world.tasks.statistics().running == 0u);
}

BOOST_AUTO_TEST_CASE(a_generator_that_ends_early_tells_each_item_of_a_sized_range) {
  virtual_time world;
  auto body = []() -> ta::task<std::string> {
    std::string trace;
    auto run = [&trace](auto done) -> ta::task<void> {
      std::size_t seen = 0, unstarted = 0;
      while (auto one = co_await done.next()) {
        ++seen;
        if (!one->result && one->result.error().reason() == ta::end_reason::not_started)
          ++unstarted;
      }
      trace += std::to_string(seen) + '/' + std::to_string(unstarted) + ' ';
    };
    const ta::gather_options two{.concurrency = 1, .until = ta::gather_end::quorum(2)};
    co_await run(ta::as_completed(two, ten_ms, std::vector<int>(50)));
    co_await run(ta::as_completed(two, ten_ms, std::list<int>(50)));
    co_await run(ta::as_completed(two, ten_ms, std::views::iota(0)));
    co_return trace;
  };
  BOOST_TEST(world.tasks.add_task({}, body).value().get() == "50/48 50/48 2/0 ");
}

BOOST_AUTO_TEST_SUITE_END()
