// Attempts: each a new actor, with waits that grow, within the total deadline; and what a task says itself.
#include "bodies.hpp"
#include "support/listener.hpp"
#include "support/virtual_time.hpp"

#include <boost/test/unit_test.hpp>

#include <memory>
#include <string>
#include <vector>

using namespace test;

namespace retries {

/// Fails so many times.
auto flaky(int& runs, int failures) {
  return [&runs, failures]() -> ta::task<int> {
    ++runs;
    BOOST_TEST(ta::this_task::attempt() == static_cast<std::size_t>(runs));
    co_await ta::sleep_for(1s);
    if (runs <= failures)
      throw std::runtime_error{"try " + std::to_string(runs)};
    co_return runs;
  };
}

} // namespace retries

BOOST_AUTO_TEST_SUITE(retries)

BOOST_AUTO_TEST_CASE(waits_grow_by_the_factor_up_to_the_longest) {
  const ta::backoff how{.first = 100ms, .factor = 3, .max = 2s};
  BOOST_CHECK(how.wait_after(1) == 100ms);
  BOOST_CHECK(how.wait_after(2) == 300ms);
  BOOST_CHECK(how.wait_after(3) == 900ms);
  BOOST_CHECK(how.wait_after(4) == 2s);
  BOOST_CHECK(how.wait_after(100000) == 2s);
  const ta::backoff none{.first = 0s};
  BOOST_CHECK(none.wait_after(100000) == 0s);
}

BOOST_AUTO_TEST_CASE(a_failed_task_is_run_again_until_it_completes) {
  virtual_time world;
  listener events;
  const auto watch = world.tasks.observe(events.handler());
  int runs = 0;
  const auto begin = world.now();
  auto h = world.tasks
               .add_task({.id = "a", .retry = ta::retry{.max_attempts = 5, .backoff = {.first = 2s}}},
                         flaky(runs, 2))
               .value();
  BOOST_TEST(h.get() == 3);
  BOOST_CHECK(world.now() - begin == 1s + 2s + 1s + 4s + 1s);
  const auto info = world.tasks.find("a").value();
  BOOST_TEST(info.attempt == 3u);
  BOOST_REQUIRE(info.attempts.size() == 2u);
  BOOST_TEST(info.attempts[1].error == "failed: std::runtime_error: try 2");
  BOOST_CHECK(info.attempts[1].started - begin == 3s);
  BOOST_CHECK(info.attempts[1].ended - begin == 4s);
  const auto seen = events.wait_for(6);
  BOOST_REQUIRE(seen.size() == 6u);
  BOOST_TEST(seen[1]
             == "a to be tried again: attempt 1 of 5 failed: std::runtime_error: try 1; the next in 2 s");
  BOOST_TEST(seen[5] == "a completed");
  BOOST_TEST(world.tasks.statistics().failed == 0u);
}

BOOST_AUTO_TEST_CASE(the_last_failure_is_the_tasks) {
  virtual_time world;
  int runs = 0;
  auto h = world.tasks.add_task({.retry = ta::retry{.max_attempts = 2}}, flaky(runs, 9)).value();
  BOOST_CHECK_EXCEPTION(h.get(), std::runtime_error,
                        [](const auto& e) { return std::string{e.what()} == "try 2"; });
  BOOST_TEST(runs == 2);
  BOOST_TEST(world.tasks.statistics().global.in_use == 0u);
}

BOOST_AUTO_TEST_CASE(retry_on_decides_and_a_timeout_of_an_attempt_counts) {
  virtual_time world;
  int runs = 0;
  const ta::retry never{.retry_on = [](const ta::failure&) { return false; }};
  auto once = world.tasks.add_task({.retry = never}, flaky(runs, 9)).value();
  once.wait();
  BOOST_TEST(runs == 1);
  int late = 0;
  auto slow_at_first = [&late]() -> ta::task<int> {
    const auto time = late++ == 0 ? 1h : 1s;
    co_await ta::sleep_for(time);
    co_return late;
  };
  auto h = world.tasks.add_task({.timeout = 5s, .retry = ta::retry{}}, slow_at_first).value();
  BOOST_TEST(h.get() == 2);
  BOOST_TEST(world.tasks.statistics().timed_out == 0u);
}

BOOST_AUTO_TEST_CASE(the_total_deadline_holds_across_attempts) {
  virtual_time world;
  int runs = 0;
  const auto begin = world.now();
  auto h = world.tasks
               .add_task({.total_timeout = 10s,
                          .retry = ta::retry{.max_attempts = 99, .backoff = {.first = 4s, .factor = 1}}},
                         flaky(runs, 99))
               .value();
  h.wait();
  BOOST_TEST(runs == 2); // a third one would begin at ten seconds
  BOOST_CHECK(h.state() == ta::state::failed);
  BOOST_CHECK(world.now() - begin == 6s);
}

// An attempt that is late and doesn't end keeps its token; the caller doesn't wait for that (rule 8).
BOOST_AUTO_TEST_CASE(the_total_deadline_is_answered_while_a_late_attempt_has_its_grace) {
  virtual_time world{{.cancel_grace = 5s}};
  const ta::retry soon{.backoff = {.first = 500ms}};
  auto h = world.tasks.add_task({.timeout = 3s, .total_timeout = 4s, .retry = soon}, swallowing, nullptr)
               .value();
  world.settle();
  world.advance(3s);
  BOOST_TEST(!h.finished());
  world.advance(1s);
  BOOST_CHECK(h.state() == ta::state::timed_out);
  BOOST_TEST(h.wait_outcome().error().message() == "timed out: took too long (limit 4 s)");
  BOOST_TEST(world.tasks.statistics().global.in_use == 1u);
  world.advance(4s); // the grace began at three
  BOOST_TEST(world.tasks.statistics().running == 0u);
  BOOST_TEST(world.tasks.statistics().timed_out == 1u);
}

BOOST_AUTO_TEST_CASE(a_task_that_is_cancelled_while_a_late_attempt_has_its_grace_is_cancelled) {
  virtual_time world{{.cancel_grace = 5s}};
  auto h
      = world.tasks
            .add_task({.timeout = 3s, .retry = ta::retry{.backoff = {.first = 500ms}}}, swallowing, nullptr)
            .value();
  world.settle();
  world.advance(4s);
  BOOST_TEST(!h.finished());
  BOOST_CHECK(h.cancel() == ta::cancel_reply::requested);
  world.settle();
  BOOST_CHECK(h.state() == ta::state::cancelled);
  world.advance(4s);
  BOOST_TEST(world.tasks.statistics().running == 0u);
  BOOST_TEST(world.tasks.statistics().cancelled == 1u);
  BOOST_TEST(world.tasks.statistics().timed_out == 0u);
}

BOOST_AUTO_TEST_CASE(a_task_may_ask_for_another_attempt_or_forbid_it) {
  virtual_time world;
  int runs = 0;
  auto asking = [&runs]() -> ta::task<int> {
    if (++runs == 1)
      ta::this_task::retry_after(30s, "locked");
    co_return runs;
  };
  const ta::retry never{.retry_on = [](const ta::failure&) { return false; }};
  const auto begin = world.now();
  auto asked = world.tasks.add_task({.retry = never}, asking).value();
  BOOST_TEST(asked.get() == 2);
  BOOST_CHECK(world.now() - begin == 30s);
  int other = 0;
  auto forbidding = [&other]() -> ta::task<int> {
    ++other;
    ta::this_task::forbid_retry();
    throw std::runtime_error{"for good"};
    co_return 0;
  };
  auto forbidden = world.tasks.add_task({.retry = ta::retry{}}, forbidding).value();
  forbidden.wait();
  BOOST_TEST(other == 1);
  runs = 0;
  auto without = world.tasks.add_task({}, asking).value();
  without.wait();
  BOOST_TEST(without.try_outcome()->error().message().find("another attempt was asked for: locked")
             != std::string::npos);
}

BOOST_AUTO_TEST_CASE(each_attempt_has_its_own_copy_of_the_arguments) {
  virtual_time world;
  auto consuming = [](std::string text, std::vector<int> numbers) -> ta::task<std::size_t> {
    const auto size = text.size() + numbers.size();
    text.clear();
    numbers.clear();
    if (ta::this_task::attempt() < 3)
      throw std::runtime_error{"again"};
    co_return size;
  };
  auto h = world.tasks.add_task({.retry = ta::retry{}}, consuming, std::string{"abc"}, std::vector{1, 2})
               .value();
  BOOST_TEST(h.get() == 5u);
  auto owner = [](std::unique_ptr<int>) -> ta::task<void> { co_return; };
  const auto refused = world.tasks.add_task({.retry = ta::retry{}}, owner, std::make_unique<int>(1));
  BOOST_REQUIRE(!refused);
  BOOST_CHECK(refused.error().code == ta::errc::invalid_argument);
  BOOST_TEST(refused.error().message == "retry: the body or one of its arguments can't be copied");
}

BOOST_AUTO_TEST_CASE(wrong_options_are_refused_by_name) {
  virtual_time world;
  auto why = [&](ta::retry how) { return world.tasks.add_task({.retry = how}, hanging).error().message; };
  BOOST_TEST(why({.max_attempts = 0}) == "retry.max_attempts: 0; give one (no retry) or more");
  BOOST_TEST(why({.backoff = {.factor = 0.5}}).find("retry.backoff.factor: 0.5") == 0u);
  BOOST_TEST(why({.backoff = {.first = -1s}}).find("retry.backoff.first: -1 s is negative") == 0u);
  BOOST_TEST(why({.backoff = {.jitter = -1s}}).find("retry.backoff.jitter: -1 s is negative") == 0u);
}

BOOST_AUTO_TEST_CASE(between_attempts_a_task_waits_and_can_be_cancelled_or_shut_down) {
  virtual_time world{{.capacity = 1}};
  int runs = 0;
  auto h = world.tasks
               .add_task({.id = "a", .retry = ta::retry{.backoff = {.first = 1h, .max = 1h}}}, flaky(runs, 9))
               .value();
  world.advance(1s);
  BOOST_CHECK(h.state() == ta::state::queued);
  BOOST_TEST(world.tasks.add_task({}, after, 0s, 4).value().get() == 4); // its token is free
  BOOST_CHECK(h.cancel() == ta::cancel_reply::requested);
  world.settle();
  BOOST_CHECK(h.state() == ta::state::cancelled);
  auto other
      = world.tasks.add_task({.retry = ta::retry{.backoff = {.first = 1h, .max = 1h}}}, flaky(runs = 0, 9))
            .value();
  world.advance(1s);
  const auto report = world.tasks.shutdown({.drain = 1s});
  BOOST_TEST(report.cancelled == 1u);
  BOOST_TEST(report.clean());
  BOOST_CHECK(other.state() == ta::state::cancelled);
}

BOOST_AUTO_TEST_CASE(a_cancelled_attempt_is_the_last) {
  virtual_time world;
  int runs = 0;
  auto throwing = [&runs]() -> ta::task<void> {
    ++runs;
    try {
      co_await ta::sleep_for(1h);
    } catch (const ta::cancelled_error&) {
      throw std::runtime_error{"in clean-up"};
    }
  };
  auto h = world.tasks.add_task({.retry = ta::retry{}}, throwing).value();
  world.settle();
  h.cancel();
  h.wait();
  BOOST_TEST(runs == 1);
}

BOOST_AUTO_TEST_CASE(a_retry_on_that_throws_makes_the_failure_final_and_harms_nobody) {
  virtual_time world;
  int asked = 0;
  const ta::retry picky{
      .max_attempts = 5, .backoff = {.first = 1ms}, .retry_on = [&asked](const ta::failure& what) -> bool {
        ++asked;
        if (what.cause())
          std::rethrow_exception(what.cause()); // that no handler here catches
        throw 42;                               // of a timeout
      }};
  auto failing = [] { throw std::runtime_error{"its own"}; };
  auto failed = world.tasks.add_task({.retry = picky}, failing).value();
  BOOST_CHECK_THROW(failed.get(), std::runtime_error);
  auto late = world.tasks.add_task({.timeout = 1s, .retry = picky}, hanging).value();
  BOOST_CHECK(late.wait_outcome().state() == ta::state::timed_out);
  BOOST_TEST(asked == 2);
  BOOST_TEST(world.tasks.add_task({}, [] { return 5; }).value().get() == 5);
}

BOOST_AUTO_TEST_CASE(retry_on_is_asked_once_for_each_failure) {
  virtual_time world;
  int asked = 0;
  const ta::retry twice{.max_attempts = 3,
                        .backoff = {.first = 1ms, .jitter = 1ms},
                        .retry_on = [&asked](const ta::failure&) { return ++asked > 0; }};
  auto failing = [] { throw std::runtime_error{"again"}; };
  auto failed = world.tasks.add_task({.retry = twice}, failing).value();
  failed.wait();
  BOOST_TEST(asked == 2); // nobody is asked about the last attempt
  asked = 0;
  auto late = world.tasks.add_task({.timeout = 1s, .retry = twice}, hanging).value();
  late.wait();
  BOOST_TEST(asked == 2);
}

BOOST_AUTO_TEST_SUITE_END()
