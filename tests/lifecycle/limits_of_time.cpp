// Durations, rates and counts at their limits, wherever they are given: a very long time is never over, and
// a very large number is no small one.
#include "bodies.hpp"
#include "capacity/token_bucket.hpp"
#include "support/virtual_time.hpp"

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <limits>
#include <random>
#include <string>

using namespace test;

namespace limits_of_time {

constexpr auto most = std::numeric_limits<std::size_t>::max();
constexpr std::chrono::hours century{24 * 365 * 100};

/// What users write for "for ever", and what comes near it.
const ta::time_span for_ever[] = {ta::no_timeout,
                                  ta::no_timeout - 1ns,
                                  std::chrono::nanoseconds::max() / 2 + 1ns,
                                  std::chrono::microseconds::max(),
                                  std::chrono::seconds::max(),
                                  std::chrono::hours::max(),
                                  std::chrono::years::max()};

ta::state end_of(const ta::handle<int>& h) { return h.wait_outcome().state(); }

} // namespace limits_of_time

BOOST_AUTO_TEST_SUITE(limits_of_time)

BOOST_AUTO_TEST_CASE(a_task_with_a_limit_of_for_ever_has_its_time) {
  for (const auto limit : for_ever) {
    virtual_time world{
        {.capacity = 1, .default_timeout = limit, .cancel_grace = limit, .history = {.ttl = limit}}};
    auto plain = world.tasks.add_task({.id = "a"}, after, 1h, 1).value();
    auto all = world.tasks
                   .add_task({.timeout = limit, .queue_timeout = limit, .total_timeout = limit}, after, 1h, 1)
                   .value();
    world.advance(2h);
    BOOST_CHECK(end_of(plain) == ta::state::completed);
    BOOST_CHECK(end_of(all) == ta::state::completed);
    BOOST_CHECK(world.tasks.find("a").has_value());
  }
}

BOOST_AUTO_TEST_CASE(a_sleep_and_a_scope_of_for_ever_last) {
  for (const auto limit : for_ever) {
    virtual_time world{{.default_timeout = ta::no_timeout}};
    auto sleeps = [limit]() -> ta::task<int> {
      co_await ta::sleep_for(limit);
      co_return 0;
    };
    auto in_scopes = [limit]() -> ta::task<int> {
      auto inner = after(1h, 1);
      auto middle = ta::fail_after(limit, std::move(inner));
      const auto got = co_await ta::move_on_after(limit, std::move(middle));
      co_return got.value_or(-1);
    };
    auto sleeper = world.tasks.add_task({}, sleeps).value();
    auto scoped = world.tasks.add_task({}, in_scopes).value();
    world.advance(century);
    BOOST_CHECK(sleeper.state() == ta::state::running);
    BOOST_TEST(scoped.get() == 1);
    sleeper.cancel();
    world.settle();
    BOOST_CHECK(sleeper.state() == ta::state::cancelled);
  }
}

BOOST_AUTO_TEST_CASE(a_point_in_time_before_all_others_has_passed) {
  virtual_time world;
  auto body = []() -> ta::task<int> {
    using time_point = std::chrono::steady_clock::time_point;
    int seen = 0;
    try {
      auto inner = hanging();
      co_await ta::fail_at(time_point::min(), std::move(inner));
    } catch (const ta::timeout_error&) {
      ++seen;
    }
    auto other = hanging();
    const auto moved = co_await ta::move_on_at(time_point::min(), std::move(other));
    seen += moved ? 0 : 1;
    co_await ta::sleep_until(time_point::min());
    co_return seen;
  };
  BOOST_TEST(world.tasks.add_task({}, body).value().get() == 2);
}

BOOST_AUTO_TEST_CASE(time_can_be_moved_to_its_end) {
  virtual_time world{{.default_timeout = ta::no_timeout}};
  auto sleeper = world.tasks.add_task({}, after, century, 7).value();
  world.advance(ta::no_timeout);
  BOOST_TEST(sleeper.get() == 7);
  world.advance(1h);
  BOOST_TEST(world.tasks.add_task({}, [] { return 8; }).value().get() == 8);
}

BOOST_AUTO_TEST_CASE(waiting_for_an_attempt_for_ever_is_no_attempt_at_once) {
  for (const auto limit : for_ever) {
    virtual_time world;
    int begun = 0;
    auto body = [&begun]() -> int {
      ++begun;
      throw std::runtime_error{"boom"};
    };
    const ta::retry how{.backoff = {.first = limit, .max = limit, .jitter = limit}};
    auto task = world.tasks.add_task({.retry = how}, body).value();
    world.advance(24h * 365);
    BOOST_TEST(begun == 1);
    BOOST_CHECK(task.state() == ta::state::queued);
    task.cancel();
    world.settle();
  }
}

BOOST_AUTO_TEST_CASE(who_never_ages_is_served_by_priority) {
  for (const auto aging : for_ever) {
    virtual_time world{{.capacity = 1, .priority_aging = aging}};
    std::string order;
    auto body = [&order](char name) { order += name; };
    auto first = world.tasks.add_task({}, after, 1h, 0).value();
    world.settle();
    static_cast<void>(world.tasks.add_task({.priority = 9}, body, 'c'));
    world.advance(1min);
    static_cast<void>(world.tasks.add_task({.priority = 5}, body, 'b'));
    static_cast<void>(world.tasks.add_task({.priority = 0}, body, 'a'));
    world.advance(2h);
    BOOST_TEST(order == "abc");
  }
}

BOOST_AUTO_TEST_CASE(a_limiter_at_the_limits_limits_as_it_says) {
  for (const std::size_t count : {std::size_t{1}, most / 2, most})
    for (const auto period : {ta::time_span{1ns}, ta::time_span{1s}, ta::time_span{ta::no_timeout}})
      for (const std::size_t burst : {std::size_t{1}, std::size_t{3}, most / 2 + 1, most}) {
        virtual_time world;
        world.tasks.add_limiter("mail", {.rate = ta::rate{.count = count, .period = period, .burst = burst}});
        int ran = 0;
        for (int i = 0; i < 10; ++i)
          static_cast<void>(world.tasks.add_task({.limits = {{"mail"}}}, [&ran] { ++ran; }));
        world.advance(1h);
        const bool never = count == 1 && period == ta::no_timeout;
        BOOST_TEST(ran == (never && burst < 10 ? static_cast<int>(burst) : 10));
      }
}

BOOST_AUTO_TEST_CASE(a_task_takes_a_number_of_tokens_that_can_be_added_up) {
  virtual_time world;
  world.tasks.add_limiter("mail", {.rate = ta::rate{.burst = most}});
  const auto refused = world.tasks.add_task({.limits = {{"mail", most}}}, [] {});
  BOOST_REQUIRE(!refused);
  BOOST_TEST(refused.error().message
             == "limits: \"mail\": 18446744073709551615 tokens; a task takes at most 1099511627776");
}

BOOST_AUTO_TEST_CASE(counts_at_their_limits_are_large) {
  virtual_time world{{.capacity = most,
                      .thread_capacity = most,
                      .process_capacity = most,
                      .max_queue = most,
                      .history = {.size = most}}};
  auto body = []() -> ta::task<int> {
    std::vector<int> items{1, 2, 3};
    auto each = [](int i) { return i; };
    const auto got = co_await ta::gather({.concurrency = most}, each, items);
    co_return static_cast<int>(got.size());
  };
  BOOST_TEST(world.tasks.add_task({.retry = ta::retry{.max_attempts = most}}, body).value().get() == 3);
}

BOOST_AUTO_TEST_CASE(a_bucket_at_the_limits_gives_no_more_than_its_rate) {
  using ta::detail::time_point;
  std::mt19937_64 random{5};
  const auto any = [&] { return (random() >> (random() % 64)) | 1U; };
  for (int round = 0; round < 300; ++round) {
    const ta::rate allowed{.count = any(),
                           .period = std::chrono::nanoseconds{static_cast<std::int64_t>(any() >> 1) | 1},
                           .burst = any()};
    ta::detail::token_bucket bucket{allowed};
    time_point now{1h};
    const auto begin = now;
    long double taken = 0;
    for (int i = 0; i < 50; ++i) {
      const auto count = std::min<std::size_t>(bucket.available(now), any());
      BOOST_REQUIRE(count <= allowed.burst);
      bucket.take(count, now);
      taken += static_cast<long double>(count);
      const auto interval = std::min( // a bucket is full again after 146 years at most
          static_cast<long double>(allowed.period.count()) / static_cast<long double>(allowed.count),
          std::max(1.0L, std::floor(std::ldexp(1.0L, 62) / static_cast<long double>(allowed.burst))));
      const auto room = static_cast<long double>(allowed.burst)
                        + static_cast<long double>((now - begin).count()) / interval;
      BOOST_REQUIRE(taken <= room * (1 + 1e-15L) + 1);
      const auto refill = bucket.refill();
      BOOST_REQUIRE((bucket.available(now) == 0) == (refill > now));
      now = refill > now && random() % 2 == 0 && refill < time_point::max() - 1h
                ? refill
                : ta::detail::after(now, std::chrono::nanoseconds{static_cast<std::int64_t>(any() >> 6)});
      if (refill > begin && now == refill)
        BOOST_REQUIRE(bucket.available(now) != 0);
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
