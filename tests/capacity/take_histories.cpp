// What comes back unused of a bucket's tokens, against the same history without them.
#include "capacity/limiter.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <chrono>
#include <random>
#include <string>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
using taskactor::rate;

namespace take_histories {

using namespace taskactor::detail;

/// All that was taken, and not given back: from that the debt is computed anew each time.
struct reference {
  struct take {
    std::uint64_t last;
    std::size_t count;
    time_point at;
    bool unused = false;
  };
  std::chrono::nanoseconds debt(time_point now, std::chrono::nanoseconds interval) const {
    time_point full{};
    for (const auto& each : all)
      if (!each.unused)
        full = std::max(full, each.at) + static_cast<std::int64_t>(each.count) * interval;
    return std::max(std::chrono::nanoseconds{full - now}, 0ns);
  }
  std::vector<take> all;
};

} // namespace take_histories

BOOST_AUTO_TEST_SUITE(take_histories)

BOOST_AUTO_TEST_CASE(the_bucket_is_as_full_as_if_they_had_never_been_taken) {
  for (unsigned seed = 1; seed <= 500; ++seed) {
    std::mt19937 random{seed};
    const rate allowed{.count = 1, .period = 10ms, .burst = 1 + random() % 5};
    token_bucket bucket{allowed};
    take_history history;
    reference truth;
    time_point now{1h};
    std::uint64_t given = 0;
    for (int step = 0; step < 200; ++step) {
      now += std::chrono::microseconds{random() % 12'000};
      const auto there = bucket.available(now);
      if (random() % 3 != 0 && there != 0) {
        const auto count = 1 + random() % there;
        history.note(given += count, bucket.debt(now));
        bucket.take(count, now);
        truth.all.push_back({given, count, now});
      } else if (!truth.all.empty()) {
        auto& which = truth.all[random() % truth.all.size()];
        if (!which.unused) {
          which.unused = true;
          bucket.put_back(
              history.give_back(which.last, std::min(bucket.debt_of(which.count), bucket.debt(now))), now);
        }
      }
      BOOST_REQUIRE_MESSAGE(bucket.debt(now) == truth.debt(now, 10ms),
                            "seed " << seed << ", step " << step << ": " << bucket.debt(now).count()
                                    << " ns in place of " << truth.debt(now, 10ms).count());
    }
  }
}

BOOST_AUTO_TEST_CASE(many_takes_are_remembered_in_bounded_memory_and_never_to_anybodys_advantage) {
  token_bucket bucket{rate{.count = 1, .period = 10ms, .burst = 100'000}};
  take_history history;
  reference truth;
  time_point now{1h};
  std::mt19937 random{7};
  for (std::uint64_t given = 1; given <= 3000; ++given) { // each with a little more debt than the last one
    now += 9ms;
    history.note(given, bucket.debt(now));
    bucket.take(1, now);
    truth.all.push_back({given, 1, now});
  }
  BOOST_TEST(sizeof(history) < 64u);
  for (int i = 0; i < 200; ++i) {
    auto& which = truth.all[random() % truth.all.size()];
    if (std::exchange(which.unused, true))
      continue;
    bucket.put_back(history.give_back(which.last, std::min(bucket.debt_of(1), bucket.debt(now))), now);
    BOOST_TEST(bucket.debt(now) >= truth.debt(now, 10ms));
  }
}

BOOST_AUTO_TEST_CASE(what_comes_back_at_once_is_there_again) {
  const time_point now{1h};
  limiter all{100, rate{.count = 1, .period = 1h}};
  BOOST_TEST(all.acquire(1, 1, now).size() == 1u);
  BOOST_TEST(all.acquire(1, 1, now).empty());
  const auto next = all.give_back(1, 1, 1, now);
  BOOST_REQUIRE(next.size() == 1u);
  BOOST_TEST(next[0].count == 1u);
  BOOST_TEST(next[0].last == 2u);
  BOOST_TEST(all.release(1, 1, now).empty());
  BOOST_TEST(all.acquire(1, 1, now).empty()); // that one was used
}

BOOST_AUTO_TEST_CASE(a_token_that_was_not_lent_gives_nothing_back) {
  const time_point now{1h};
  limiter all{100, rate{.count = 1, .period = 1h}};
  BOOST_TEST(all.acquire(1, 1, now).size() == 1u);
  BOOST_TEST(all.give_back(2, 5, 1, now).empty());
  BOOST_TEST(all.acquire(1, 1, now).empty());
  BOOST_TEST(all.lent() == 1u);
}

BOOST_AUTO_TEST_SUITE_END()
