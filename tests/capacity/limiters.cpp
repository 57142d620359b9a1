// The rules of limiters, without actors, case by case. Random interleavings: limiter_properties.cpp.
#include "capacity/limiter.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>

using namespace std::chrono_literals;

namespace limiters {
using namespace taskactor::detail;
using kind = limiter::notice::kind;
} // namespace limiters

BOOST_AUTO_TEST_SUITE(limiters)

namespace {

std::size_t granted(const limiter::notices& all, holder_id who) {
  std::size_t sum = 0;
  for (const auto& n : all)
    if (n.what == kind::grant && n.holder == who)
      sum += n.count;
  return sum;
}

std::size_t recalled(const limiter::notices& all, holder_id who) {
  std::size_t sum = 0;
  for (const auto& n : all)
    if (n.what == kind::recall && n.holder == who)
      sum += n.count;
  return sum;
}

} // namespace

BOOST_AUTO_TEST_CASE(it_lends_what_it_has_and_the_rest_when_it_comes_back) {
  limiter l{3};
  BOOST_TEST(granted(l.acquire(1, 5), 1) == 3u);
  BOOST_TEST(l.lent() == 3u);
  BOOST_TEST(granted(l.release(1, 2), 1) == 2u);
  BOOST_TEST(l.lent_to(1) == 3u);
}

BOOST_AUTO_TEST_CASE(it_serves_in_the_order_of_asking) {
  limiter l{1};
  (void)l.acquire(1, 1);
  (void)l.acquire(2, 1);
  (void)l.acquire(3, 1);
  const auto next = l.release(1, 1);
  BOOST_TEST(granted(next, 2) == 1u);
  BOOST_TEST(granted(next, 3) == 0u);
}

BOOST_AUTO_TEST_CASE(a_holder_is_asked_for_its_tokens_when_another_one_waits) {
  limiter l{2};
  (void)l.acquire(1, 2);
  BOOST_TEST(recalled(l.acquire(2, 1), 1) == 1u);
  BOOST_TEST(recalled(l.acquire(2, 1), 1) == 1u); // the second one; not the first one again
  BOOST_TEST(granted(l.release(1, 1), 2) == 1u);
}

BOOST_AUTO_TEST_CASE(a_smaller_capacity_recalls_and_a_larger_one_grants) {
  limiter l{4};
  (void)l.acquire(1, 6);
  BOOST_TEST(recalled(l.resize(1), 1) == 3u);
  BOOST_TEST(l.resize(1).empty());
  (void)l.release(1, 3);
  BOOST_TEST(l.lent() == 1u);
  BOOST_TEST(granted(l.resize(10), 1) == 2u);
}

BOOST_AUTO_TEST_CASE(a_dead_holder_returns_its_tokens_and_is_forgotten) {
  limiter l{2};
  (void)l.acquire(1, 9);
  (void)l.acquire(2, 1);
  BOOST_TEST(granted(l.gone(1), 2) == 1u);
  BOOST_TEST(l.lent() == 1u);
  BOOST_TEST(l.gone(1).empty());
}

BOOST_AUTO_TEST_CASE(a_token_that_was_not_lent_can_not_come_back) {
  limiter l{1};
  (void)l.release(7, 5);
  BOOST_TEST(l.lent() == 0u);
  BOOST_TEST(granted(l.acquire(1, 3), 1) == 1u);
}

BOOST_AUTO_TEST_CASE(what_comes_due_between_two_looks_at_the_clock_is_not_forgotten) {
  const time_point start{1h};
  limiter l{10, taskactor::rate{.count = 1, .period = 1h}};
  (void)l.acquire(1, 2, start);
  BOOST_CHECK(l.refill_at() == start + 1h);
  BOOST_TEST(l.set_rate(taskactor::rate{.count = 1'000'000'000}, start).empty());
  BOOST_CHECK(l.refill_at() == start + 1ns); // however late it is asked
  BOOST_TEST(granted(l.refilled(start + 1ms), 1) == 1u);
  BOOST_CHECK(!l.refill_at());
}

BOOST_AUTO_TEST_SUITE_END()
