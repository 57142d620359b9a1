// What the page "Schedules" shows of schedulers.
#include "scheduler/plays.hpp"

#include <boost/test/unit_test.hpp>

#include <iostream>
#include <sstream>

namespace guide_pages_of_scheduler {

using namespace test;

int written = 0;
ta::task<void> write_report(ta::schedule_fire at) {
  written += at.nominal ? 1 : 0;
  co_return;
}

ta::schedule_handle report_nightly(ta::scheduler& schedules) {
  const auto nightly = ta::trigger::parse("cron 0 3 * * * @ Europe/Berlin").value();
  return schedules.add({.name = "report", .task = {.timeout = 10min}}, nightly, write_report).value();
}

} // namespace guide_pages_of_scheduler

BOOST_AUTO_TEST_SUITE(guide_pages)
using namespace guide_pages_of_scheduler;

BOOST_AUTO_TEST_CASE(a_report_is_written_nightly) {
  virtual_time time;
  ta::scheduler schedules{time.tasks};
  auto h = report_nightly(schedules);
  written = 0;
  time.advance(72h);
  BOOST_TEST(written == 3);
}

BOOST_AUTO_TEST_CASE(a_clock_that_is_set) {
  std::ostringstream out;
  auto* const before = std::cout.rdbuf(out.rdbuf());
  {
    ta::testing::manager m;
    ta::scheduler schedules{m.tasks()};
    int fired = 0;
    auto h = schedules.add({.missed = ta::missed_policy::latest}, ta::trigger::every(1h).value(),
                           [&] { ++fired; });
    m.set_wall(m.wall_now() + 5h + 30min); // somebody sets the clock: five fires are missed
    m.settle();
    std::cout << fired << " made up, " << h->info().counts.missed << " missed\n";
    m.advance(30min);
    std::cout << fired << '\n';
  }
  std::cout.rdbuf(before);
  BOOST_TEST(out.str() == "1 made up, 4 missed\n2\n");
}

BOOST_AUTO_TEST_SUITE_END()
