// Triggers asked for times at the ends of all clocks, by many threads, and quickly.
#include "schedule/fires.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <limits>
#include <string>
#include <thread>
#include <vector>

namespace trigger_limits {

namespace ta = taskactor;
using namespace schedule_tests;
using namespace std::chrono_literals;

const std::vector<std::string>& all_kinds() {
  static const std::vector<std::string> texts{"at 2026-01-01T00:00:00Z",
                                              "at 2026-01-01T00:00 @ Europe/Berlin",
                                              "every 1ms",
                                              "every 36525d from 9999-12-31T00:00:00Z",
                                              "* * * * * *",
                                              "0 0 29 2 mon#5 @ Europe/Berlin",
                                              "0 0 0 1 1 * 9999",
                                              "0 0 1 1 * @ Asia/Tokyo gap shift fold both",
                                              "calendar 10000 years on 29 from 2000-02-29",
                                              "calendar 10000 days @ America/New_York",
                                              "calendar day from 9999-12-31 at 23:59:59",
                                              "any_of(@daily; every 7h)",
                                              "all_of(@daily; every 7h)",
                                              "@daily start 9999-12-31T23:59:59Z jitter 1d"};
  return texts;
}

/// Nanoseconds of this thread's processor for one search, the least of several series.
template <class Call>
double least_cost(Call&& call) {
  const auto used = [] {
    std::timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
  };
  double least = 1e18;
  for (int series = 0; series < 20; ++series) {
    const auto begin = used();
    for (int i = 0; i < 1000; ++i)
      call();
    least = std::min(least, (used() - begin) / 1000);
  }
  return least;
}

} // namespace trigger_limits

BOOST_AUTO_TEST_SUITE(trigger_limits)
using namespace trigger_limits;

BOOST_AUTO_TEST_CASE(any_time_may_be_asked_for) {
  constexpr auto most = std::numeric_limits<std::int64_t>::max(),
                 least = std::numeric_limits<std::int64_t>::min();
  for (const auto& text : all_kinds()) {
    const auto of = parsed(text);
    for (const auto after :
         {ta::fire_time::min(), instant("0001-01-01T00:00:00Z"), instant("1800-06-01T00:00:00Z"),
          instant("2037-12-31T23:59:59.999999Z"), instant("9999-12-31T23:59:58Z"), ta::fire_time::max()}) {
      const auto next = of.next(after, "x");
      BOOST_TEST_CONTEXT(text << " after " << ta::to_rfc3339(after))
      if (next)
        BOOST_TEST((next->nominal > after && next->due >= next->nominal
                    && next->due < instant("9999-12-31T23:59:59.999999Z") + 1us));
      else if (after == ta::fire_time::max())
        BOOST_TEST((next.why == ta::no_fire::over || next.why == ta::no_fire::search_limit));
      BOOST_TEST(of.preview(3, after).fires.size() <= 3U);
    }
    // Of clocks that count otherwise.
    using std::chrono::sys_time;
    BOOST_TEST((of.next(sys_time<std::chrono::hours>::max()).found == std::nullopt));
    BOOST_TEST((of.next(sys_time<std::chrono::nanoseconds>{std::chrono::nanoseconds{most}}).found.has_value()
                || true));
    for (const auto first : {of.next(sys_time<std::chrono::hours>::min()),
                             of.next(sys_time<std::chrono::seconds>{std::chrono::seconds{least}}),
                             of.next(std::chrono::sys_days::min())})
      BOOST_TEST((first.found.has_value() == of.next(ta::fire_time::min()).found.has_value()), text);
  }
  BOOST_TEST(
      (parsed("every 1s").next(std::chrono::system_clock::time_point{1500ms})->nominal == ta::fire_time{2s}));
  BOOST_TEST((parsed("every 1ms").next(std::chrono::sys_time<std::chrono::nanoseconds>{-1ns})->nominal
              == ta::fire_time{}));
  BOOST_TEST(parsed("every 1s").preview(2, std::chrono::system_clock::time_point{1500ms}).fires[1].local
             == "1970-01-01T00:00:03Z");
}

BOOST_AUTO_TEST_CASE(the_last_fires_of_all_are_found_and_then_none) {
  BOOST_TEST((fires("calendar day from 9999-12-31 at 23:59:59", "0001-01-01T00:00:00Z")
              == std::vector<std::string>{"9999-12-31T23:59:59Z"}));
  BOOST_TEST((fires("* * * * * *", "9999-12-31T23:59:57Z")
              == std::vector<std::string>{"9999-12-31T23:59:58Z", "9999-12-31T23:59:59Z"}));
  BOOST_CHECK(parsed("* * * * * *").next(instant("9999-12-31T23:59:59Z")).why == ta::no_fire::over);
  BOOST_CHECK(parsed("every 1s").next(instant("9999-12-31T23:59:59Z")).why == ta::no_fire::search_limit);
  BOOST_TEST(fires("calendar 4000 years on 29 from 2000-02-29", "0001-01-01T00:00:00Z", 9).size() == 2U);
}

BOOST_AUTO_TEST_CASE(threads_may_share_a_trigger_and_read_zones_at_once) {
  const auto shared = parsed("30 2 * * * @ Europe/Berlin jitter 1h");
  const auto wanted = shared.next(instant("2026-03-28T12:00:00Z"), "x")->due;
  std::vector<std::jthread> threads;
  std::vector<int> wrong(4);
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&, i] {
      for (int k = 0; k < 200; ++k) {
        const auto own = ta::trigger::parse("0 9 * * * @ Etc/GMT+" + std::to_string(1 + k % 12)).value();
        const auto copy = shared;
        wrong[static_cast<std::size_t>(i)] += copy.next(instant("2026-03-28T12:00:00Z"), "x")->due != wanted;
        wrong[static_cast<std::size_t>(i)] += own.zone() != "Etc/GMT+" + std::to_string(1 + k % 12);
      }
    });
  threads.clear();
  BOOST_TEST((wrong == std::vector<int>(4)));
}

BOOST_AUTO_TEST_CASE(a_next_fire_is_found_in_microseconds) {
  // 2 us in a release, as bench and callgrind measure; here the tests' own build, and sanitizers, come on
  // top.
  for (const auto* text :
       {"0 9 * * mon-fri @ Europe/Berlin", "*/5 * * * *", "0 0 * 2 MON#5", "30 2 * * * @ America/New_York",
        "0 0 LW * * @ Australia/Lord_Howe", "0 0 0 29 2 * 2400", "calendar 7 years on 29 from 2024-02-29"}) {
    const auto of = parsed(text);
    auto after = instant("2026-01-01T00:00:00Z");
    const auto cost = least_cost([&] { after += of.next(after, {}).found ? 1us : 2us; });
    BOOST_TEST_MESSAGE(text << ": " << cost << " ns");
    BOOST_TEST(cost < 50'000, text);
  }
}

BOOST_AUTO_TEST_SUITE_END()
