#include "base/deadline_heap.hpp"

#include <boost/test/unit_test.hpp>

#include <random>
#include <set>

using namespace std::chrono_literals;

namespace deadline_heaps {
using namespace taskactor::detail;
} // namespace deadline_heaps

BOOST_AUTO_TEST_SUITE(deadline_heaps)

namespace {
struct entry {
  time_point due{};
  std::size_t position = 0;
};
} // namespace

BOOST_AUTO_TEST_CASE(the_earliest_is_always_first_whatever_is_pushed_and_removed) {
  std::mt19937 random{7};
  std::vector<entry> entries(300);
  deadline_heap<entry> heap;
  std::multiset<time_point> model;
  for (int step = 0; step < 20'000; ++step) {
    auto& one = entries[random() % entries.size()];
    if (one.position == 0) {
      one.due = time_point{std::chrono::nanoseconds{random() % 1000}};
      heap.push(one);
      model.insert(one.due);
    } else {
      heap.remove(one);
      model.erase(model.find(one.due));
    }
    BOOST_REQUIRE(heap.size() == model.size());
    if (!model.empty())
      BOOST_REQUIRE(heap.earliest()->due == *model.begin());
  }
  entry never;
  heap.remove(never); // harmless
}

BOOST_AUTO_TEST_CASE(an_alarm_never_comes_late_and_few_are_under_way) {
  taskactor::detail::alarm a;
  time_point now{1h};
  std::mt19937_64 random{3};
  std::size_t most = 0;
  std::vector<time_point> rings;
  for (int step = 0; step < 200'000; ++step) { // deadlines of all sizes, each replacing the one before
    const auto distance = std::chrono::nanoseconds{1LL << (random() % 45)};
    if (const auto at = a.arm(now + distance, [&] { return now; })) {
      BOOST_REQUIRE(*at <= now + distance);
      rings.push_back(*at);
    }
    most = std::max(most, a.under_way());
    now += 10us;
    for (auto ring = rings.begin(); ring != rings.end();)
      if (*ring <= now) {
        a.rang(*ring);
        ring = rings.erase(ring);
      } else {
        ++ring;
      }
  }
  BOOST_TEST(most < 200u);
}

BOOST_AUTO_TEST_CASE(following_its_alarms_reaches_a_far_deadline_in_few_steps) {
  taskactor::detail::alarm a;
  time_point now{1h};
  const auto due = now + 24h * 30;
  int steps = 0;
  while (now < due) {
    const auto at = a.arm(due, [&] { return now; });
    BOOST_REQUIRE(at.has_value());
    now = *at;
    a.rang(now);
    ++steps;
  }
  BOOST_CHECK(now == due);
  BOOST_TEST(steps < 100);
}

BOOST_AUTO_TEST_SUITE_END()
