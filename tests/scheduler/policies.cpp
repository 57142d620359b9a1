// Each policy with each jump of the clock and each duration of a body, and a heap of schedules due at once.
#include "scheduler/plays.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <optional>
#include <thread>

namespace policies {

using namespace test;

enum class jump { none, small, forward, back, far };
constexpr std::chrono::seconds jumps[] = {0s, 1s, 35s, -35s, 3600s};

struct row {
  ta::overlap_policy overlap;
  ta::missed_policy missed;
  jump by;
  std::chrono::milliseconds lasts;
};

/// Fires each 10 s; at 00:00:25 the clock is set; it ends 30 s later.
std::string told(const row& r) {
  schedule_world world;
  auto h = world.add({.overlap = r.overlap, .missed = r.missed, .missed_window = 40s}, "every 10s", r.lasts);
  world.time.advance(25s);
  world.move_wall(jumps[static_cast<int>(r.by)]);
  world.time.advance(30s);
  std::string text;
  for (const auto& each : world.fires)
    text += (text.empty() ? "" : " ") + each.substr(each.find(':') + 1, 5) + each.substr(each.find('@') + 3);
  const auto c = h.info().counts;
  return text + " | " + std::to_string(c.made_up) + ' ' + std::to_string(c.missed) + ' '
         + std::to_string(c.skipped) + ' ' + std::to_string(c.running) + ' ' + std::to_string(c.waiting);
}

} // namespace policies

BOOST_AUTO_TEST_SUITE(policies)
using namespace policies;

BOOST_AUTO_TEST_CASE(what_is_missed) {
  using enum ta::missed_policy;
  using enum ta::overlap_policy;
  const auto allow_all = [](ta::missed_policy missed, jump by) { return told({allow, missed, by, 0s}); };
  for (const auto missed : {latest, all, none}) {
    BOOST_TEST(allow_all(missed, jump::none)
               == "00:10:00:10 00:20:00:20 00:30:00:30 00:40:00:40 00:50:00:50 | 0 0 0 0 0");
    BOOST_TEST(allow_all(missed, jump::small)
               == "00:10:00:10 00:20:00:20 00:30:00:30 00:40:00:40 00:50:00:50 | 0 0 0 0 0");
    // It waits until the clock shows 00:30 again, and fires no time twice.
    BOOST_TEST(allow_all(missed, jump::back) == "00:10:00:10 00:20:00:20 | 0 0 0 0 0");
  }
  // At 01:00 the fire of 01:00 is in time; those of 00:30, 00:40 and 00:50 are missed.
  BOOST_TEST(allow_all(none, jump::forward)
             == "00:10:00:10 00:20:00:20 01:00:01:00 01:10:01:10 01:20:01:20 01:30:01:30 | 0 3 0 0 0");
  BOOST_TEST(allow_all(latest, jump::forward)
             == "00:10:00:10 00:20:00:20 01:00:01:00 01:10:01:10 01:20:01:20 01:30:01:30 | 0 3 0 0 0");
  BOOST_TEST(
      allow_all(all, jump::forward)
      == "00:10:00:10 00:20:00:20 00:30:01:00 00:40:01:00 00:50:01:00 01:00:01:00 01:10:01:10 01:20:01:20 "
         "01:30:01:30 | 3 0 0 0 0");
  // At 01:00:25: of 360 the window of 40 s has four, the latest 5 s late.
  BOOST_TEST(allow_all(none, jump::far)
             == "00:10:00:10 00:20:00:20 00:30:00:30 00:40:00:40 00:50:00:50 | 0 360 0 0 0");
  BOOST_TEST(allow_all(latest, jump::far)
             == "00:10:00:10 00:20:00:20 00:20:00:25 00:30:00:30 00:40:00:40 00:50:00:50 | 1 359 0 0 0");
  BOOST_TEST(
      allow_all(all, jump::far)
      == "00:10:00:10 00:20:00:20 59:50:00:25 00:00:00:25 00:10:00:25 00:20:00:25 00:30:00:30 00:40:00:40 "
         "00:50:00:50 | 4 356 0 0 0");
}

BOOST_AUTO_TEST_CASE(what_overlaps) {
  using enum ta::missed_policy;
  using enum ta::overlap_policy;
  const auto at = [](ta::overlap_policy overlap, jump by, std::chrono::milliseconds lasts) {
    return told({overlap, all, by, lasts});
  };
  for (const auto overlap : {skip, queue_one, cancel_old, allow})
    BOOST_TEST(at(overlap, jump::none, 9s)
               == "00:10:00:10 00:20:00:20 00:30:00:30 00:40:00:40 00:50:00:50 | 0 0 0 1 0");
  BOOST_TEST(at(skip, jump::none, 16s) == "00:10:00:10 00:30:00:30 00:50:00:50 | 0 0 2 1 0");
  BOOST_TEST(at(queue_one, jump::none, 16s) == "00:10:00:10 00:20:00:26 00:30:00:42 | 0 0 1 1 1");
  BOOST_TEST(at(cancel_old, jump::none, 16s)
             == "00:10:00:10 00:20:00:20 00:30:00:30 00:40:00:40 00:50:00:50 | 0 0 0 1 0");
  BOOST_TEST(at(allow, jump::none, 16s)
             == "00:10:00:10 00:20:00:20 00:30:00:30 00:40:00:40 00:50:00:50 | 0 0 0 2 0");
  // At 01:00 there are four at once.
  BOOST_TEST(at(skip, jump::forward, 9s)
             == "00:10:00:10 00:20:00:20 01:10:01:10 01:20:01:20 01:30:01:30 | 0 0 4 1 0");
  BOOST_TEST(at(queue_one, jump::forward, 9s)
             == "00:10:00:10 00:20:00:20 00:30:01:04 01:10:01:13 01:20:01:22 | 0 0 3 1 1");
  BOOST_TEST(at(cancel_old, jump::forward, 9s)
             == "00:10:00:10 00:20:00:20 01:00:01:00 01:10:01:10 01:20:01:20 01:30:01:30 | 0 0 3 1 0");
  BOOST_TEST(at(allow, jump::forward, 9s).ends_with("| 3 0 0 1 0"));
}

BOOST_AUTO_TEST_CASE(more_than_can_be_counted_are_caught_up_with) {
  schedule_world world{{.capacity = 200}};
  auto h = world.add({.overlap = ta::overlap_policy::allow, .missed = ta::missed_policy::all}, "every 1ms");
  (void)h.pause();
  world.move_wall(24h * 365 * 100);
  (void)h.resume(ta::on_resume::make_up);
  world.time.settle();
  BOOST_TEST(world.fires.size() == 100U);
  BOOST_TEST(world.fires.front() == "2125-12-07T23:59:59.901Z@2125-12-08T00:00:00Z");
  BOOST_TEST(world.fires.back() == "2125-12-08T00:00:00Z@2125-12-08T00:00:00Z");
  BOOST_TEST(h.info().counts.missed == 10'000U);
  (void)h.cancel();
}

BOOST_AUTO_TEST_CASE(a_hundred_thousand_due_at_once_begin_within_seconds) {
  constexpr std::size_t count = 100'000;
  std::atomic<std::size_t> fired{0};
  std::optional<ta::task_manager> tasks; // with room for 10,000: the others wait
  std::optional<ta::scheduler> schedules;
  std::chrono::sys_seconds due;
  // A busy machine takes longer to add them.
  for (auto lead = 3s;; lead *= 2) {
    schedules.reset();
    tasks.emplace();
    schedules.emplace(*tasks);
    fired = 0;
    due = std::chrono::ceil<std::chrono::seconds>(std::chrono::system_clock::now()) + lead;
    const auto at = ta::trigger::at(due).value();
    std::size_t added = 0;
    while (added < count && schedules->add({.missed_window = 1h}, at, [&fired] { ++fired; }))
      ++added;
    if (added == count)
      break;
    BOOST_REQUIRE(lead < 60s);
  }
  while (fired.load() != count && std::chrono::system_clock::now() < due + 90s)
    std::this_thread::yield();
  const auto late = std::chrono::system_clock::now() - due;
  BOOST_TEST(fired.load() == count);
  BOOST_TEST_MESSAGE("all had begun " << std::chrono::duration_cast<std::chrono::milliseconds>(late).count()
                                      << " ms after they were due");
  BOOST_TEST((late < 60s)); // on a busy machine; 5 s are the figure
}

BOOST_AUTO_TEST_SUITE_END()
