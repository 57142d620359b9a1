// What the page "Schedules" shows of schedules in a store.
#include "support/virtual_time.hpp"

#include <taskactor/queue/job_runner.hpp>
#include <taskactor/queue/job_scheduler.hpp>
#include <taskactor/queue/job_schedules.hpp>
#include <taskactor/registry.hpp>

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <iostream>
#include <string>

namespace guide_pages_of_job_scheduler {

using namespace test;

std::atomic<int> written{0};
void write_report(std::string of) { written += of == "sales" ? 1 : 0; }
TASKACTOR_REGISTER_AS(write_report, "guide.write_report");

void report_nightly(const ta::store& store) {
  const ta::job_schedules schedules{store};
  const auto nightly = ta::trigger::parse("cron 0 3 * * * @ Europe/Berlin").value();
  const auto made = schedules.add({.name = "report"}, nightly, "reports", write_report, "sales").get();
  if (!made && made.error().code != ta::errc::duplicate_id) // from the second start on it is there
    std::cerr << made.error() << '\n';
}

} // namespace guide_pages_of_job_scheduler

BOOST_AUTO_TEST_SUITE(guide_pages)
using namespace guide_pages_of_job_scheduler;

BOOST_AUTO_TEST_CASE(a_report_is_written_nightly) {
  virtual_time time;
  auto& tasks = time.tasks;
  const ta::store store{tasks};
  ta::job_scheduler scheduler{tasks, store};
  ta::job_runner runner{tasks, store, {.queues = {{"reports", 2}}}};
  report_nightly(store);
  report_nightly(store);
  written = 0;
  time.advance(72h);
  BOOST_TEST(written == 3);
}

BOOST_AUTO_TEST_SUITE_END()
