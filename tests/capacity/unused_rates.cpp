// A rate's token of what never ran goes back; and the figures of those that wait.
#include "lifecycle/bodies.hpp"
#include "support/virtual_time.hpp"

#include <boost/test/unit_test.hpp>

#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <memory>
#include <sstream>
#include <string>
#include <vector>

using namespace test;

namespace unused_rates {

const ta::rate hourly{.count = 1, .period = 1h};

/// How long the next task that needs a token of "mail" waits.
std::chrono::nanoseconds next_waits(virtual_time& world) {
  const auto begin = world.now();
  auto h = world.tasks.add_task({.limits = {{"mail"}}}, [] {}).value();
  h.wait();
  return world.now() - begin;
}

std::size_t count_of(const std::string& text, const std::string& what) {
  std::size_t count = 0;
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + 1))
    ++count;
  return count;
}

} // namespace unused_rates

BOOST_AUTO_TEST_SUITE(unused_rates)

BOOST_AUTO_TEST_CASE(who_has_its_token_and_never_runs_gives_it_back) {
  const std::vector<ta::limit> both{{"mail"}, {"zoo"}};
  enum class end { cancelled, queue_timeout, total_timeout, shed };
  for (const auto how : {end::cancelled, end::queue_timeout, end::total_timeout, end::shed})
    for (const bool at_capacity : {true, false}) {
      virtual_time world{{.max_queue = 2}};
      world.tasks.add_limiter("mail", {.rate = hourly});
      world.tasks.add_limiter("zoo", {.capacity = at_capacity ? 1u : 0u});
      world.tasks.resize(ta::limiter_kind::global, at_capacity ? 0 : 8);
      ta::task_options options{.limits = both};
      if (how == end::queue_timeout)
        options.queue_timeout = 1s;
      if (how == end::total_timeout)
        options.total_timeout = 1s;
      auto h = world.tasks.add_task(options, hanging).value();
      world.settle();
      BOOST_TEST(world.tasks.statistics().limits.at("mail").in_use == 1u);
      if (how == end::cancelled)
        h.cancel();
      if (how == end::shed) {
        (void)world.tasks.add_task({}, [] {});
        (void)world.tasks.add_task({.admission = {.on_full = ta::on_full::shed}}, [] {});
      }
      world.advance(1s);
      BOOST_TEST(h.finished());
      BOOST_TEST(world.tasks.statistics().limits.at("mail").in_use == 0u);
      world.tasks.resize(ta::limiter_kind::global, 8);
      world.settle();
      BOOST_CHECK(next_waits(world) == 0s);
      BOOST_CHECK(next_waits(world) == 1h); // that one ran
    }
}

BOOST_AUTO_TEST_CASE(so_does_a_body_that_gives_up_waiting_for_the_rest) {
  virtual_time world;
  world.tasks.add_limiter("mail", {.rate = hourly});
  world.tasks.add_limiter("zoo", {.capacity = 0});
  auto body = []() -> ta::task<void> {
    const std::vector<ta::limit> both{{"mail"}, {"zoo"}};
    (void)co_await ta::move_on_after(1s, ta::acquire(both));
  };
  world.tasks.add_task({}, body).value().wait();
  BOOST_CHECK(next_waits(world) == 0s);
  auto taking = []() -> ta::task<void> { auto permit = co_await ta::acquire("mail"); };
  auto h = world.tasks.add_task({.timeout = ta::no_timeout}, taking).value();
  const auto begin = world.now();
  h.wait();
  BOOST_CHECK(world.now() - begin == 1h);
  BOOST_CHECK(next_waits(world) == 1h); // a permit that there was is used, whatever was done with it
}

BOOST_AUTO_TEST_CASE(it_is_worth_nothing_once_it_would_have_been_there_anyway) {
  virtual_time world;
  world.tasks.add_limiter("mail", {.rate = ta::rate{.count = 1, .period = 1s}});
  world.tasks.add_limiter("zoo", {.capacity = 0});
  auto held = world.tasks.add_task({.limits = {{"mail"}, {"zoo"}}}, hanging).value();
  world.advance(10s);
  BOOST_CHECK(next_waits(world) == 0s);
  held.cancel();
  world.settle();
  BOOST_CHECK(next_waits(world) == 1s);
}

BOOST_AUTO_TEST_CASE(waiting_counts_who_waits_for_limiters_attempts_and_predecessors) {
  virtual_time world;
  world.tasks.add_limiter("db", {.capacity = 1});
  const std::vector<ta::limit> db{{"db"}};
  const auto waiting = [&] { return world.tasks.statistics().waiting; };
  std::vector<ta::handle<int>> handles;
  for (int i = 0; i < 4; ++i)
    handles.push_back(world.tasks.add_task({.limits = db}, hanging).value());
  world.settle();
  BOOST_TEST(waiting() == 3u);
  handles[1].cancel();
  world.settle();
  BOOST_TEST(waiting() == 2u);
  (void)world.tasks.add_task({.retry = ta::retry{.max_attempts = 2, .backoff = {.first = 10s}}}, failing, 1s);
  world.advance(2s);
  BOOST_TEST(waiting() == 3u);
  auto clean_up = []() -> ta::task<void> { co_await ta::shield(ta::sleep_for(3s)); };
  (void)world.tasks.add_task({.id = "x"}, clean_up);
  world.settle();
  (void)world.tasks.add_task({.id = "x", .admission = {.on_duplicate = ta::on_duplicate::replace}}, clean_up);
  world.settle();
  BOOST_TEST(waiting() == 4u);
  auto taking = []() -> ta::task<void> { auto permit = co_await ta::acquire("db"); };
  (void)world.tasks.add_task({}, taking);
  world.settle();
  BOOST_TEST(waiting() == 4u); // that one runs
  world.tasks.cancel_all();
  world.advance(10s);
  BOOST_TEST(waiting() == 0u);
}

BOOST_AUTO_TEST_CASE(a_concurrency_beyond_the_capacity_is_told_once_with_both_numbers) {
  std::ostringstream text;
  auto sink = std::make_shared<spdlog::sinks::ostream_sink_mt>(text);
  virtual_time world{{.capacity = 3, .logger = std::make_shared<spdlog::logger>("test", sink)}};
  auto item = [](int) -> ta::task<void> { co_await ta::sleep_for(1ms); };
  const std::vector<int> few(3), many(10);
  (void)world.tasks.gather({.concurrency = 3}, item, many);
  (void)world.tasks.gather({.concurrency = 64}, item, few);
  BOOST_TEST(count_of(text.str(), "concurrency") == 0u, text.str()); // it made no difference
  for (int i = 0; i < 3; ++i)
    (void)world.tasks.gather({.concurrency = 64}, item, many);
  BOOST_TEST(count_of(text.str(), "concurrency 64, but the manager's capacity is 3") == 1u, text.str());
}

BOOST_AUTO_TEST_SUITE_END()
