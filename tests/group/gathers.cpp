// Many as one: order, limits, deadlines, cancellation, odd ranges, and the sink.
#include "lifecycle/bodies.hpp"
#include "support/virtual_time.hpp"

#include <boost/test/unit_test.hpp>

#include <list>
#include <ranges>
#include <sstream>

using namespace test;

BOOST_AUTO_TEST_SUITE(gathers)

namespace {

struct gauge {
  int now = 0;
  int most = 0;
};

ta::task<int> doubled(int n) {
  co_await ta::sleep_for(std::chrono::milliseconds{(n * 37) % 11});
  co_return 2 * n;
}

ta::task<int> picky(int n) {
  co_await ta::sleep_for(1s);
  if (n == 1)
    throw std::runtime_error{"one"};
  if (n == 2)
    co_await hanging();
  co_return n;
}

} // namespace

BOOST_AUTO_TEST_CASE(outcomes_are_in_the_order_of_the_items) {
  virtual_time world;
  std::vector<int> items(1000);
  for (int i = 0; i < 1000; ++i)
    items[static_cast<std::size_t>(i)] = i;
  const auto all = world.tasks.gather({.concurrency = 16}, doubled, items);
  BOOST_REQUIRE(all.size() == 1000u);
  for (int i = 0; i < 1000; ++i)
    BOOST_REQUIRE(all[static_cast<std::size_t>(i)].value() == 2 * i);
  BOOST_TEST(world.tasks.statistics().items == 1000u);
  BOOST_TEST(world.tasks.statistics().global.in_use == 0u);
  BOOST_TEST(world.tasks.task_status().empty());
}

BOOST_AUTO_TEST_CASE(one_items_end_does_not_touch_the_others) {
  virtual_time world;
  const auto all = world.tasks.gather({.each = {.timeout = 5s}}, picky, std::vector{0, 1, 2, 3});
  BOOST_TEST(all[0].value() == 0);
  BOOST_CHECK(all[1].state() == ta::state::failed);
  BOOST_CHECK(all[2].state() == ta::state::timed_out);
  BOOST_CHECK(all[2].error().reason() == ta::end_reason::run_timeout);
  BOOST_TEST(all[3].value() == 3);
}

BOOST_AUTO_TEST_CASE(never_more_run_at_once_than_asked_for) {
  for (const std::size_t limit : {1u, 3u, 7u}) {
    virtual_time world{{.capacity = 5}};
    gauge g;
    auto body = [&g](int) -> ta::task<void> {
      g.most = std::max(g.most, ++g.now);
      co_await ta::sleep_for(1s);
      --g.now;
    };
    const auto start = world.now();
    const auto all = world.tasks.gather({.concurrency = limit}, body, std::vector<int>(21));
    BOOST_TEST(g.most == static_cast<int>(std::min<std::size_t>(limit, 5)));
    BOOST_CHECK(world.now() - start >= 1s * static_cast<int>(21 / std::min<std::size_t>(limit, 5)));
  }
}

BOOST_AUTO_TEST_CASE(each_item_has_a_deadline_of_its_own_also_late_in_the_gather) {
  virtual_time world;
  auto body = [](int n) -> ta::task<int> {
    co_await ta::sleep_for(n % 5 == 4 ? 10s : 900ms);
    co_return n;
  };
  const auto start = world.now();
  const auto all
      = world.tasks.gather({.concurrency = 1, .each = {.timeout = 1s}}, body, std::views::iota(0, 25));
  for (int n = 0; n < 25; ++n)
    BOOST_CHECK(all[static_cast<std::size_t>(n)].state()
                == (n % 5 == 4 ? ta::state::timed_out : ta::state::completed));
  BOOST_CHECK(world.now() - start == 20 * 900ms + 5 * 1s);
}

BOOST_AUTO_TEST_CASE(when_the_total_time_is_up_the_result_is_partial) {
  virtual_time world;
  auto body = [](int n) -> ta::task<int> {
    co_await ta::sleep_for(1s);
    co_return n;
  };
  const auto start = world.now();
  const auto all
      = world.tasks.gather({.concurrency = 2, .total_timeout = 2500ms}, body, std::views::iota(0, 10));
  BOOST_CHECK(world.now() - start == 2500ms);
  for (std::size_t n = 0; n < 10; ++n)
    if (n < 4)
      BOOST_TEST(all[n].has_value());
    else
      BOOST_CHECK(all[n].error().reason()
                  == (n < 6 ? ta::end_reason::total_timeout : ta::end_reason::not_started));
}

BOOST_AUTO_TEST_CASE(a_body_that_swallows_its_end_does_not_hold_up_the_answer) {
  virtual_time world{{.cancel_grace = 1h}};
  auto body = [](int n) -> ta::task<int> {
    if (n == 0) {
      const int never = co_await swallowing();
      co_return never;
    }
    co_return n;
  };
  const auto start = world.now();
  const auto all = world.tasks.gather({.each = {.timeout = 1s}}, body, std::vector{0, 1});
  BOOST_CHECK(world.now() - start == 1s);
  BOOST_CHECK(all[0].state() == ta::state::timed_out);
  BOOST_TEST(all[1].value() == 1);
}

BOOST_AUTO_TEST_CASE(zero_timeouts_have_expired) {
  virtual_time world;
  int runs = 0;
  auto body = [&runs](int) { ++runs; };
  for (const auto& end : world.tasks.gather({.each = {.timeout = 0s}}, body, std::vector{1, 2, 3}))
    BOOST_CHECK(end.state() == ta::state::timed_out);
  for (const auto& end : world.tasks.gather({.total_timeout = 0s}, body, std::vector{1, 2, 3}))
    BOOST_CHECK(!end.has_value());
  BOOST_TEST(runs == 0);
}

BOOST_AUTO_TEST_CASE(jitter_delays_the_starts_within_its_bound) {
  virtual_time world;
  std::vector<std::chrono::nanoseconds> starts;
  const auto begin = world.now();
  auto body = [&](int) { starts.push_back(world.now() - begin); };
  (void)world.tasks.gather({.concurrency = 32, .jitter = 100ms}, body, std::vector<int>(32));
  BOOST_REQUIRE(starts.size() == 32u);
  BOOST_CHECK(*std::max_element(starts.begin(), starts.end()) < 100ms);
  BOOST_CHECK(std::adjacent_find(starts.begin(), starts.end(), std::not_equal_to<>{}) != starts.end());
}

BOOST_AUTO_TEST_CASE(any_input_range_will_do) {
  virtual_time world;
  const std::list<int> list{1, 2, 3};
  BOOST_TEST(world.tasks.gather({}, doubled, list)[2].value() == 6);
  std::istringstream text{"4 5 6"};
  auto words = std::ranges::subrange{std::istream_iterator<int>{text}, std::istream_iterator<int>{}};
  const auto all = world.tasks.gather({.concurrency = 2}, doubled, words);
  BOOST_REQUIRE(all.size() == 3u);
  BOOST_TEST(all[2].value() == 12);
  BOOST_TEST(world.tasks.gather({}, doubled, std::vector<int>{}).empty());
  BOOST_TEST(world.tasks.gather({}, doubled, std::list<int>{}).empty());
}

BOOST_AUTO_TEST_CASE(items_that_only_move_and_results_of_void_are_fine) {
  virtual_time world;
  std::size_t length = 0;
  auto body = [&length](const std::string& text) { length += text.size(); };
  const std::vector<std::string> items{"a", "bc", std::string(50, 'd')};
  for (const auto& end : world.tasks.gather({.concurrency = 1}, body, items))
    BOOST_TEST(end.has_value());
  BOOST_TEST(length == 53u);
}

BOOST_AUTO_TEST_CASE(bad_options_are_refused_by_name) {
  virtual_time world;
  BOOST_CHECK_EXCEPTION(
      world.tasks.gather({.jitter = -1s}, doubled, std::vector{1}), std::system_error,
      [](const std::system_error& e) { return std::string{e.what()}.starts_with("jitter: "); });
}

BOOST_AUTO_TEST_CASE(after_the_stop_a_gather_is_refused) {
  virtual_time world;
  world.tasks.shutdown();
  BOOST_CHECK_EXCEPTION(world.tasks.gather({}, doubled, std::vector{1}), std::system_error,
                        [](const std::system_error& e) { return e.code() == ta::errc::stopping; });
}

BOOST_AUTO_TEST_CASE(the_end_of_its_parent_ends_the_items) {
  virtual_time world;
  int gone = 0;
  auto body = [&gone](int) -> ta::task<void> {
    const witness here{&gone};
    co_await hanging();
  };
  auto parent = [body]() -> ta::task<void> {
    const std::vector<int> items(10);
    auto all = co_await ta::gather({.concurrency = 4}, body, items);
  };
  for (const bool timeout : {false, true}) {
    gone = 0;
    auto h = world.tasks.add_task({.timeout = timeout ? 1s : 1h}, parent).value();
    world.settle();
    if (!timeout)
      h.cancel();
    world.advance(1s);
    BOOST_CHECK(h.state() == (timeout ? ta::state::timed_out : ta::state::cancelled));
    BOOST_TEST(gone == 4);
    BOOST_TEST(world.tasks.statistics().running == 0u);
  }
}

BOOST_AUTO_TEST_CASE(items_inherit_what_is_left_of_their_parents_time) {
  virtual_time world;
  auto body = [](int n) -> ta::task<std::chrono::nanoseconds> {
    co_await ta::sleep_for(n * 1s);
    co_return ta::this_task::remaining();
  };
  auto parent = [body]() -> ta::task<std::vector<std::chrono::nanoseconds>> {
    co_await ta::sleep_for(1s);
    const std::vector items{0, 2};
    auto all = co_await ta::gather({.each = {.timeout = 5s}}, body, items);
    co_return std::vector{all[0].value(), all[1].value()};
  };
  BOOST_CHECK((world.tasks.add_task({.timeout = 4s}, parent).value().get()
               == std::vector<std::chrono::nanoseconds>{3s, 1s}));
  BOOST_CHECK((world.tasks.add_task({.timeout = 1h}, parent).value().get()
               == std::vector<std::chrono::nanoseconds>{5s, 3s}));
}

BOOST_AUTO_TEST_CASE(a_killed_parent_waits_for_its_items_to_be_gone) {
  virtual_time world{{.cancel_grace = 2s}};
  int gone = 0;
  auto body = [&gone](int) -> ta::task<void> {
    const witness here{&gone};
    const int never = co_await swallowing();
    (void)never;
  };
  auto parent = [body]() -> ta::task<void> {
    const std::vector<int> items(3);
    auto all = co_await ta::gather({}, body, items);
  };
  auto h = world.tasks.add_task({}, parent).value();
  world.settle();
  h.cancel();
  world.advance(5s);
  BOOST_CHECK(h.state() == ta::state::cancelled);
  BOOST_TEST(gone == 3);
  BOOST_TEST(world.tasks.statistics().running == 0u);
  BOOST_TEST(world.tasks.statistics().global.in_use == 0u);
}

BOOST_AUTO_TEST_CASE(running_items_are_listed_below_the_gathers_id) {
  virtual_time world;
  auto parent = []() -> ta::task<void> {
    const std::vector<std::chrono::nanoseconds> items(3, 1h);
    auto body = [](std::chrono::nanoseconds d) -> ta::task<void> { co_await ta::sleep_for(d); };
    ta::gather_options options;
    options.id = "crawl";
    options.concurrency = 2;
    auto all = co_await ta::gather(options, body, items);
  };
  (void)world.tasks.add_task({.id = "parent"}, parent);
  world.settle();
  const auto status = world.tasks.task_status();
  BOOST_REQUIRE(status.size() == 3u);
  BOOST_TEST(status[0].id == "parent");
  BOOST_TEST(status[1].id == "parent/crawl/0");
  BOOST_TEST(status[2].id == "parent/crawl/1");
}

BOOST_AUTO_TEST_CASE(a_gather_leaves_its_tokens_to_others_who_wait) {
  virtual_time world{{.capacity = 1}};
  int done_before = 0;
  bool other_done = false;
  auto body = [&](int n) -> ta::task<void> {
    co_await ta::sleep_for(1ms);
    if (n == 10)
      (void)world.tasks.add_task({}, [&other_done] { other_done = true; });
    if (!other_done)
      ++done_before;
  };
  (void)world.tasks.gather({}, body, std::views::iota(0, 1000));
  BOOST_TEST(other_done);
  BOOST_TEST(done_before <= 13);
}

BOOST_AUTO_TEST_CASE(a_stream_of_items_is_run_in_flat_memory_and_each_outcome_seen_once) {
  ta::task_manager tasks;
  std::vector<char> seen(200'000);
  const auto count = tasks.gather_each(
      {}, [](int n) { return n; }, std::views::iota(0, 200'000),
      [&](std::size_t index, const ta::outcome<int>& end) {
        if (end.value() == static_cast<int>(index))
          ++seen[index];
      });
  BOOST_TEST(count == 200'000u);
  BOOST_CHECK(std::all_of(seen.begin(), seen.end(), [](char n) { return n == 1; }));
}

BOOST_AUTO_TEST_CASE(a_sink_that_throws_ends_the_gather_which_rethrows) {
  virtual_time world;
  int calls = 0;
  auto sink = [&calls](std::size_t, const ta::outcome<int>&) {
    if (++calls == 3)
      throw std::length_error{"full"};
  };
  BOOST_CHECK_THROW(world.tasks.gather_each({.concurrency = 2}, doubled, std::views::iota(0, 1000), sink),
                    std::length_error);
  BOOST_TEST(calls < 10);
  BOOST_TEST(world.tasks.gather({}, doubled, std::vector{1})[0].value() == 2);
}

BOOST_AUTO_TEST_CASE(a_range_that_throws_ends_the_feed_and_what_was_pulled_is_run) {
  virtual_time world;
  int calls = 0;
  auto items = std::views::iota(0, 10) | std::views::transform([](int n) {
                 if (n == 5)
                   throw std::out_of_range{"five"};
                 return n;
               });
  BOOST_CHECK_THROW(
      world.tasks.gather_each({}, doubled, items, [&](std::size_t, const ta::outcome<int>&) { ++calls; }),
      std::out_of_range);
  BOOST_TEST(calls == 5);
}

BOOST_AUTO_TEST_CASE(cancel_all_ends_a_gather_and_tells_which_items_had_not_started) {
  ta::task_manager tasks;
  std::atomic<int> started{0};
  auto body = [&started](int) -> ta::task<void> {
    ++started;
    co_await hanging();
  };
  std::thread canceller([&] {
    while (started < 3)
      std::this_thread::yield();
    tasks.cancel_all();
  });
  const auto all = tasks.gather({.concurrency = 3}, body, std::vector<int>(8));
  canceller.join();
  int cancelled = 0, unstarted = 0;
  for (const auto& end : all) {
    BOOST_CHECK(end.state() == ta::state::cancelled);
    (end.error().reason() == ta::end_reason::not_started ? unstarted : cancelled) += 1;
  }
  BOOST_TEST(cancelled == 3);
  BOOST_TEST(unstarted == 5);
}

BOOST_AUTO_TEST_CASE(a_blocking_gather_inside_a_coroutine_is_refused_before_anything_starts) {
  virtual_time world;
  int started = 0;
  auto body = [&]() -> ta::task<void> {
    co_await ta::yield();
    const std::vector<int> items{1, 2}; // gone when it is refused
    (void)world.tasks.gather(
        {}, [&started](int) { ++started; }, items);
  };
  auto h = world.tasks.add_task({}, body).value();
  BOOST_CHECK_EXCEPTION(h.get(), std::system_error,
                        [](const std::system_error& e) { return e.code() == ta::errc::would_block; });
  world.settle();
  BOOST_TEST(started == 0);
}

BOOST_AUTO_TEST_SUITE_END()
