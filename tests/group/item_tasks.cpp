// Items that are tasks of their own: limits, retries, their three clocks, priorities, threads, ids and ends.
#include "lifecycle/bodies.hpp"
#include "support/virtual_time.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <atomic>
#include <map>
#include <memory>
#include <numeric>
#include <optional>
#include <random>
#include <ranges>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using namespace test;

namespace item_tasks {

struct gauge {
  int now = 0, most = 0, calls = 0;

  ta::task<int> pass(int n, std::chrono::nanoseconds pause = 1s) {
    most = std::max(most, ++now);
    ++calls;
    co_await ta::sleep_for(pause);
    --now;
    co_return n;
  }
};

std::vector<int> first(int count) {
  std::vector<int> result(static_cast<std::size_t>(count));
  std::iota(result.begin(), result.end(), 0);
  return result;
}

/// Fails until its attempt of that number.
ta::task<int> completes_at(std::size_t attempt, int n) {
  co_await ta::sleep_for(10ms);
  if (ta::this_task::attempt() < attempt)
    throw std::runtime_error{"attempt " + std::to_string(ta::this_task::attempt())};
  co_return n;
}

const ta::retry three_times{.max_attempts = 3, .backoff = {.first = 1s, .factor = 1}};

std::vector<ta::state> states_of(const std::vector<ta::outcome<int>>& all) {
  std::vector<ta::state> result;
  for (const auto& each : all)
    result.push_back(each.state());
  return result;
}

/// The error of a gather that can't be.
std::string refusal(virtual_time& world, ta::gather_options options) {
  try {
    (void)world.tasks.gather(
        options, [](int n) { return test::after(1s, n); }, first(2));
  } catch (const std::system_error& error) {
    BOOST_CHECK(error.code() == ta::errc::invalid_argument);
    return error.what();
  }
  return "";
}

} // namespace item_tasks

BOOST_AUTO_TEST_SUITE(item_tasks)

BOOST_AUTO_TEST_CASE(a_named_limiter_bounds_the_items) {
  virtual_time world;
  world.tasks.add_limiter("db", {.capacity = 2});
  gauge g;
  const auto begin = world.now();
  const auto all = world.tasks.gather(
      {.concurrency = 8, .each = {.limits = {{"db"}}}}, [&g](int n) { return g.pass(n); }, first(10));
  BOOST_TEST(g.most == 2);
  BOOST_CHECK(world.now() - begin == 5s);
  for (int n = 0; n < 10; ++n)
    BOOST_TEST(all[static_cast<std::size_t>(n)].value() == n);
  BOOST_TEST(world.tasks.statistics().limits.at("db").in_use == 0u);
  BOOST_TEST(world.tasks.statistics().global.in_use == 0u);
  BOOST_TEST(world.tasks.statistics().completed == 10u);
  BOOST_TEST(world.tasks.statistics().items == 0u); // they are tasks
  BOOST_TEST(world.tasks.task_status().empty());
}

BOOST_AUTO_TEST_CASE(a_rate_paces_the_items_one_by_one) {
  virtual_time world;
  world.tasks.add_limiter("mail", {.rate = ta::rate{.count = 1, .period = 1s}});
  std::vector<std::chrono::steady_clock::time_point> starts;
  auto body = [&](int) { starts.push_back(world.now()); };
  (void)world.tasks.gather({.concurrency = 4, .each = {.limits = {{"mail"}}}}, body, first(6));
  BOOST_REQUIRE(starts.size() == 6u);
  for (std::size_t i = 1; i < starts.size(); ++i)
    BOOST_CHECK(starts[i] - starts[i - 1] == 1s);
}

BOOST_AUTO_TEST_CASE(an_item_is_tried_again_and_keeps_its_place_meanwhile) {
  virtual_time world;
  int calls = 0;
  auto body = [&calls](int n) -> ta::task<int> {
    ++calls;
    co_return co_await completes_at(static_cast<std::size_t>(n), n);
  };
  const auto begin = world.now();
  const auto all
      = world.tasks.gather({.concurrency = 1, .each = {.retry = three_times}}, body, std::vector{1, 2, 3, 4});
  BOOST_TEST(all[0].value() == 1);
  BOOST_TEST(all[1].value() == 2);
  BOOST_TEST(all[2].value() == 3);
  BOOST_CHECK(all[3].state() == ta::state::failed);
  BOOST_TEST(all[3].error().message() == "failed: std::runtime_error: attempt 3");
  BOOST_TEST(calls == 9);
  BOOST_CHECK(world.now() - begin == 9 * 10ms + 5 * 1s);
}

BOOST_AUTO_TEST_CASE(each_attempt_has_an_item_of_its_own) {
  virtual_time world;
  auto body = [](std::string text) -> ta::task<std::string> {
    co_await ta::sleep_for(1ms);
    auto taken = std::move(text);
    text = "used";
    if (ta::this_task::attempt() < 3)
      throw std::runtime_error{taken};
    co_return taken;
  };
  std::vector<std::string> items{"a long text that owns some memory", "another one of that kind"};
  const auto expected = items;
  const auto all = world.tasks.gather({.each = {.retry = three_times}}, body, std::move(items));
  for (std::size_t i = 0; i < expected.size(); ++i)
    BOOST_TEST(all[i].value() == expected[i]);
}

BOOST_AUTO_TEST_CASE(retry_on_decides_and_the_first_error_that_is_final_ends_all) {
  virtual_time world;
  auto retry = three_times;
  retry.retry_on
      = [](const ta::failure& what) { return what.message().find("attempt 1") != std::string::npos; };
  auto body = [](int n) { return n == 5 ? completes_at(4, n) : test::after(1h, n); };
  std::map<std::size_t, ta::state> ends;
  (void)world.tasks.gather_each(
      {.concurrency = 8, .each = {.retry = retry}, .until = ta::gather_end::first_error()}, body, first(8),
      [&](std::size_t index, ta::outcome<int>&& how) { ends[index] = how.state(); });
  BOOST_REQUIRE(ends.size() == 8u);
  for (const auto& [index, how] : ends)
    BOOST_CHECK(how == (index == 5 ? ta::state::failed : ta::state::cancelled));
  BOOST_TEST(world.tasks.find("gather-1/5")->attempt == 2u);
}

BOOST_AUTO_TEST_CASE(each_item_has_the_three_clocks_of_a_task) {
  virtual_time world;
  world.tasks.add_limiter("one", {.capacity = 1});
  const auto nothing = [](std::size_t, ta::outcome<int>&&) {};
  // It waits for the limiter behind one that runs for 10 s.
  auto long_one = [](int n) { return test::after(10s, n); };
  auto all = world.tasks.gather({.concurrency = 3, .each = {.queue_timeout = 3s, .limits = {{"one"}}}},
                                long_one, first(3));
  BOOST_CHECK(all[0].state() == ta::state::completed);
  for (std::size_t i : {1, 2}) {
    BOOST_CHECK(all[i].state() == ta::state::timed_out);
    BOOST_CHECK(all[i].error().reason() == ta::end_reason::queue_timeout);
  }
  // Each attempt has its time, and all of them have theirs.
  const auto begin = world.now();
  all = world.tasks.gather({.each = {.timeout = 2s, .retry = three_times}}, long_one, first(1));
  BOOST_CHECK(all[0].error().reason() == ta::end_reason::run_timeout);
  BOOST_CHECK(world.now() - begin == 3 * 2s + 2 * 1s);
  all = world.tasks.gather({.each = {.timeout = 2s, .total_timeout = 4s, .retry = three_times}}, long_one,
                           first(1));
  BOOST_CHECK(all[0].state() == ta::state::timed_out);
  BOOST_CHECK(world.now() - begin <= 3 * 2s + 2 * 1s + 4s);
  // The manager's default is not for items.
  (void)world.tasks.gather_each(
      {.each = {.limits = {{"one"}}}}, [](int n) { return test::after(24h, n); }, first(2), nothing);
  BOOST_TEST(world.tasks.statistics().timed_out == 4u);
}

BOOST_AUTO_TEST_CASE(the_total_time_of_all_ends_what_waits_runs_and_backs_off) {
  virtual_time world;
  world.tasks.add_limiter("two", {.capacity = 2});
  auto body = [](int n) { return n == 0 ? test::failing(1s) : test::after(1h, n); };
  const auto begin = world.now();
  const auto all
      = world.tasks.gather({.concurrency = 6,
                            .each = {.limits = {{"two"}}, .retry = ta::retry{.backoff = {.first = 10min}}},
                            .total_timeout = 30s},
                           body, first(9));
  BOOST_CHECK(world.now() - begin == 30s);
  BOOST_REQUIRE(all.size() == 9u);
  for (std::size_t i = 0; i < 6; ++i)
    BOOST_CHECK(all[i].state() == ta::state::timed_out);
  for (std::size_t i = 6; i < 9; ++i)
    BOOST_CHECK(all[i].error().reason() == ta::end_reason::not_started);
  world.settle();
  BOOST_TEST(world.tasks.statistics().limits.at("two").in_use == 0u);
  BOOST_TEST(world.tasks.task_status().empty());
}

BOOST_AUTO_TEST_CASE(an_item_is_found_explained_and_cancelled_wherever_it_is) {
  virtual_time world;
  world.tasks.add_limiter("one", {.capacity = 1});
  auto body = [](int n) { return n == 1 ? test::failing(1ms) : test::after(1h, n); };
  auto parent = [&]() -> ta::task<std::vector<ta::outcome<int>>> {
    auto options = ta::gather_options{.id = "g", .concurrency = 4};
    options.each.retry = ta::retry{.backoff = {.first = 10min}};
    const auto items = first(4);
    auto backing_off = co_await ta::gather(options, body, items);
    co_return backing_off;
  };
  const auto h = world.tasks.add_task({.id = "p", .timeout = ta::no_timeout}, parent).value();
  world.advance(10ms);
  BOOST_TEST(world.tasks.task_status().size() == 5u); // each of them once
  BOOST_TEST(world.tasks.find("p/g/1")->attempts.size() == 1u);
  BOOST_TEST(world.tasks.find("p/g/2")->parent == "p");
  BOOST_CHECK(world.tasks.cancel_task("p/g/1") == ta::cancel_reply::requested);
  BOOST_CHECK(world.tasks.cancel_task("p/g/2") == ta::cancel_reply::requested);
  world.settle();
  BOOST_CHECK(world.tasks.cancel_task("p/g/2") == ta::cancel_reply::finished);
  BOOST_TEST(world.tasks.task_status().size() == 3u);
  world.advance(2h);
  const auto all = h.wait_outcome().value();
  BOOST_CHECK((states_of(all)
               == std::vector{ta::state::completed, ta::state::cancelled, ta::state::cancelled,
                              ta::state::completed}));
  BOOST_CHECK(all[1].error().reason() == ta::end_reason::cancel_requested);
}

BOOST_AUTO_TEST_CASE(an_item_that_waits_for_a_limiter_says_so) {
  virtual_time world;
  world.tasks.add_limiter("one", {.capacity = 1});
  auto parent = [&]() -> ta::task<void> {
    auto options = ta::gather_options{.id = "g", .each = {.limits = {{"one"}}}};
    auto body = [](int n) { return test::after(1h, n); };
    const auto items = first(2);
    (void)co_await ta::gather(options, body, items);
  };
  const auto h = world.tasks.add_task({.id = "p", .timeout = ta::no_timeout}, parent).value();
  world.advance(1s);
  BOOST_TEST(world.tasks.explain("p/g/1")->text() == "p/g/1: waits: since 1 s for \"one\"");
  world.advance(3h);
  BOOST_TEST(h.finished());
}

BOOST_AUTO_TEST_CASE(priorities_and_shares_count_among_items_and_tasks) {
  virtual_time world{{.capacity = 1, .priority_aging = 0s}};
  std::vector<std::string> order;
  auto note = [&order](std::string what) -> ta::task<void> {
    order.push_back(std::move(what));
    co_await ta::sleep_for(1s);
  };
  std::vector<ta::handle<void>> tasks;
  tasks.push_back(world.tasks.add_task({}, note, std::string{"first"}).value());
  world.settle();
  for (int i = 0; i < 3; ++i)
    tasks.push_back(world.tasks.add_task({.priority = 2}, note, std::string{"urgent"}).value());
  (void)world.tasks.gather(
      {.concurrency = 2, .each = {.priority = 7}}, [&](int) { return note("item"); }, first(2));
  BOOST_CHECK((order == std::vector<std::string>{"first", "urgent", "urgent", "urgent", "item", "item"}));
}

BOOST_AUTO_TEST_CASE(items_run_on_threads) {
  ta::task_manager tasks;
  std::atomic<int> wrong{0};
  const auto me = std::this_thread::get_id();
  auto body = [&](const std::string& text) {
    if (ta::this_task::id().rfind("gather-1/", 0) != 0 || std::this_thread::get_id() == me)
      ++wrong;
    if (text == "fails")
      throw std::runtime_error{text};
    return text + "!";
  };
  const auto all = tasks.gather({.each = {.where = ta::run_where::thread,
                                          .retry = ta::retry{.max_attempts = 2, .backoff = {.first = 1ms}}}},
                                body, std::vector<std::string>{"one", "fails", "two"});
  BOOST_TEST(wrong == 0);
  BOOST_TEST(all[0].value() == "one!");
  BOOST_CHECK(all[1].state() == ta::state::failed);
  BOOST_TEST(all[2].value() == "two!");
  BOOST_TEST(tasks.statistics().thread.in_use == 0u);
}

BOOST_AUTO_TEST_CASE(items_that_only_move_run_once) {
  virtual_time world;
  world.tasks.add_limiter("db", {.capacity = 1});
  std::vector<std::unique_ptr<int>> items;
  for (int i = 0; i < 3; ++i)
    items.push_back(std::make_unique<int>(i));
  auto body = [](std::unique_ptr<int> n) { return *n; };
  auto all = world.tasks.gather({.each = {.limits = {{"db"}}}}, body, std::move(items));
  BOOST_TEST(all[2].value() == 2);
  std::vector<std::unique_ptr<int>> none;
  BOOST_CHECK_EXCEPTION((void)world.tasks.gather({.each = {.retry = three_times}}, body, std::move(none)),
                        std::system_error, [](const auto& error) {
                          return error.code() == ta::errc::invalid_argument
                                 && std::string{error.what()}.find("each.retry: the items can't be copied")
                                        != std::string::npos;
                        });
}

BOOST_AUTO_TEST_CASE(what_an_item_cannot_be_is_refused_before_anything_starts) {
  virtual_time world;
  const auto says = [&](const ta::gather_options& options, std::string_view what) {
    const auto said = refusal(world, options);
    BOOST_TEST(said.find(what) != std::string::npos, "\"" << said << "\" hasn't \"" << what << '"');
  };
  says({.each = {.id = "x"}}, "each.id");
  says({.each = {.timeout = -1s}}, "each.timeout");
  says({.each = {.queue_timeout = -1s}}, "each.queue_timeout");
  says({.each = {.total_timeout = -1s}}, "each.total_timeout");
  says({.each = {.limits = {{"none"}}}}, "each.");
  says({.each = {.limits = {{"none", 0}}}}, "each.limits");
  says({.each = {.priority = 10}}, "each.priority");
  says({.each = {.where = ta::run_where::thread}}, "each.");
  says({.each = {.where = ta::run_where::process}}, "each.where");
  says({.each = {.retry = ta::retry{.max_attempts = 0}}}, "each.");
  says({.each = {.admission = {.on_full = ta::on_full::wait}}}, "each.admission.on_full");
  says({.each = {.admission = {.on_duplicate = ta::on_duplicate::join}}}, "each.admission.on_duplicate");
  BOOST_TEST(world.tasks.statistics().submitted == 0u);
}

BOOST_AUTO_TEST_CASE(items_are_not_kept_out_by_a_full_queue_and_keep_nobody_out) {
  virtual_time world{{.capacity = 4, .max_queue = 2}};
  world.tasks.add_limiter("db", {.capacity = 100});
  const auto full = world.tasks.add_task({.timeout = ta::no_timeout}, test::after, 1h, 0).value();
  bool fits = false, too_many = true;
  auto body = [&](int n) -> ta::task<int> {
    co_await ta::sleep_for(1s);
    if (n == 0) {
      fits = world.tasks.add_task({}, test::after, 1s, 0).has_value();
      too_many = world.tasks.add_task({}, test::after, 1s, 0).has_value();
    }
    co_return n;
  };
  const auto all = world.tasks.gather({.concurrency = 3, .each = {.limits = {{"db"}}}}, body, first(20));
  BOOST_TEST(fits);
  BOOST_TEST(!too_many);
  for (const auto& each : all)
    BOOST_CHECK(each.has_value());
}

BOOST_AUTO_TEST_CASE(an_id_that_is_taken_gets_a_number_behind_it) {
  virtual_time world;
  const auto other
      = world.tasks.add_task({.id = "g/1", .timeout = ta::no_timeout}, test::after, 1h, 7).value();
  std::vector<std::string> ids;
  auto body = [&ids](int n) -> ta::task<int> {
    ids.push_back(ta::this_task::id());
    co_await ta::sleep_for(1s);
    co_return n;
  };
  auto both = [&]() -> ta::task<int> {
    const ta::gather_options options{.id = "twice", .each = {.total_timeout = 1h}};
    auto one = [&]() -> ta::task<int> {
      const auto items = first(2);
      const auto all = co_await ta::gather(options, body, items);
      co_return all[0].value() + all[1].value();
    };
    auto sums = co_await ta::when_all(one(), one());
    co_return std::get<0>(sums) + std::get<1>(sums);
  };
  const auto all = world.tasks.gather({.id = "g", .each = {.total_timeout = 1h}}, body, first(3));
  BOOST_CHECK(
      (states_of(all) == std::vector{ta::state::completed, ta::state::completed, ta::state::completed}));
  BOOST_CHECK((ids == std::vector<std::string>{"g/0", "g/1#2", "g/2"}));
  BOOST_TEST(world.tasks.add_task({}, both).value().get() == 2);
}

BOOST_AUTO_TEST_CASE(a_handle_of_somebody_else_shares_an_items_result) {
  virtual_time world;
  std::optional<ta::handle<int>> shared;
  auto body = [](int n) { return test::after(1s, n); };
  auto parent = [&]() -> ta::task<int> {
    auto options = ta::gather_options{.id = "g", .each = {.total_timeout = 1h}};
    const auto items = std::vector{41, 42};
    const auto all = co_await ta::gather(options, body, items);
    co_return all[1].value();
  };
  const auto h = world.tasks.add_task({.id = "p"}, parent).value();
  world.settle();
  auto same = world.tasks.add_task({.id = "p/g/1", .admission = {.on_duplicate = ta::on_duplicate::join}},
                                   test::after, 1s, 0);
  BOOST_REQUIRE(same.has_value());
  world.advance(2s);
  BOOST_TEST(h.get() == 42);
  BOOST_TEST(same->get() == 42);
}

BOOST_AUTO_TEST_CASE(as_completed_and_a_pause_before_each_item) {
  virtual_time world;
  auto parent = [&]() -> ta::task<std::vector<std::size_t>> {
    auto options = ta::gather_options{.concurrency = 3, .each = {.retry = three_times}, .jitter = 10ms};
    auto body = [](int n) { return completes_at(static_cast<std::size_t>(3 - n), n); };
    const auto items = first(3);
    auto done = ta::as_completed(options, body, items);
    std::vector<std::size_t> order;
    while (auto one = co_await done.next())
      order.push_back(one->result.has_value() ? one->index : 99);
    co_return order;
  };
  const auto h = world.tasks.add_task({}, parent).value();
  world.advance(1min);
  BOOST_CHECK((h.get() == std::vector<std::size_t>{2, 1, 0}));
}

BOOST_AUTO_TEST_CASE(the_events_of_an_item_are_those_of_one_task) {
  virtual_time world;
  std::map<std::string, std::vector<ta::event_kind>> seen;
  const auto watch
      = world.tasks.observe([&](const ta::task_event& what) { seen[what.id].push_back(what.kind); });
  (void)world.tasks.gather(
      {.id = "g", .each = {.total_timeout = 1h}}, [](int n) { return test::after(1s, n); }, first(1));
  world.settle();
  BOOST_CHECK((seen["g/0"] == std::vector{ta::event_kind::started, ta::event_kind::completed}));
}

BOOST_AUTO_TEST_SUITE_END()
