// What the page "From APScheduler" shows.
#include "scheduler/plays.hpp"

#include <boost/test/unit_test.hpp>

namespace from_apscheduler_pages {

using namespace test;

ta::task<void> report() { co_return; }

} // namespace from_apscheduler_pages

BOOST_AUTO_TEST_SUITE(from_apscheduler_pages)
using namespace from_apscheduler_pages;

BOOST_AUTO_TEST_CASE(triggers) {
  schedule_world world;
  auto& schedules = world.schedules;
  const auto first = [](const ta::expected<ta::schedule_handle>& made) {
    return ta::to_rfc3339(made.value().next()->nominal);
  };
  {
    // scheduler.add_job(report, "date", run_date="2026-12-24 18:00", timezone="Europe/Berlin")
    const auto at = ta::trigger::parse("at 2026-12-24T18:00 @ Europe/Berlin").value();
    const auto job = schedules.add({}, at, report);
    BOOST_TEST(first(job) == "2026-12-24T17:00:00Z");
  }
  {
    // scheduler.add_job(report, "interval", minutes=90, start_date="2026-01-01 00:10:00", jitter=30)
    const auto every = ta::trigger::parse("every 90m from 2026-01-01T00:10:00Z jitter 30s").value();
    const auto job = schedules.add({}, every, report);
    BOOST_TEST(first(job) == "2026-01-01T00:10:00Z");
  }
  {
    // scheduler.add_job(report, "cron", day_of_week="mon-fri", hour=9, end_date="2026-12-31")
    const auto cron = ta::trigger::parse("cron 0 9 * * mon-fri end 2026-12-31T00:00:00Z").value();
    const auto job = schedules.add({}, cron, report);
    BOOST_TEST(first(job) == "2026-01-01T09:00:00Z");
  }
  {
    // scheduler.add_job(report, CronTrigger.from_crontab("0 0 1-15 may-aug *"))
    const auto job = schedules.add({}, ta::trigger::cron("0 0 1-15 may-aug *").value(), report);
    BOOST_TEST(first(job) == "2026-05-01T00:00:00Z");
  }
  {
    // AndTrigger([IntervalTrigger(hours=2), CronTrigger(day_of_week="sat,sun")])
    const auto both = ta::trigger::parse("all_of(every 2h; cron * * * * sat,sun)").value();
    const auto job = schedules.add({}, both, report);
    BOOST_TEST(first(job) == "2026-01-03T00:00:00Z");
  }
  {
    // OrTrigger([CronTrigger(day_of_week="mon", hour=2), CronTrigger(day_of_week="tue", hour=15)])
    const auto either = ta::trigger::parse("any_of(0 2 * * mon; 0 15 * * tue)").value();
    const auto job = schedules.add({}, either, report);
    BOOST_TEST(first(job) == "2026-01-05T02:00:00Z");
  }
}

BOOST_AUTO_TEST_CASE(jobs) {
  virtual_time time;
  auto& tasks = time.tasks;
  // scheduler = BackgroundScheduler(); scheduler.start()
  ta::scheduler schedules{tasks};
  const auto hourly = ta::trigger::parse("@hourly").value();
  // job = scheduler.add_job(report, hourly, id="report", max_instances=2, coalesce=True,
  //                         misfire_grace_time=300)
  auto job = schedules
                 .add({.name = "report",
                       .max_instances = 2,
                       .missed = ta::missed_policy::latest,
                       .missed_window = 5min},
                      hourly, report)
                 .value();
  // scheduler.pause_job("report"); scheduler.resume_job("report")
  schedules.find("report")->pause();
  schedules.find("report")->resume();
  // job.modify(next_run_time=datetime.now())
  BOOST_TEST(job.run_now().value() == "report-1");
  // job.reschedule("interval", hours=2)
  BOOST_TEST(ta::to_rfc3339(job.change(ta::trigger::every(2h).value()).value().nominal)
             == "2026-01-01T02:00:00Z");
  // job.next_run_time
  const auto next = job.next();
  // scheduler.get_jobs()
  const auto all = schedules.list();
  BOOST_TEST((next.found.has_value() && all.size() == 1U));
  // job.remove()
  BOOST_TEST(job.cancel());
}

BOOST_AUTO_TEST_CASE(listeners) {
  schedule_world world;
  auto& tasks = world.time.tasks;
  int missed = 0;
  const auto alert = [&](const std::string&, const std::string&) { ++missed; };
  // scheduler.add_listener(alert, EVENT_JOB_MISSED | EVENT_JOB_ERROR)
  const auto listening = tasks.observe([&](const ta::task_event& what) { alert(what.id, what.text); },
                                       {.kinds = {ta::event_kind::schedule_missed, ta::event_kind::failed}});
  world.add({.missed = ta::missed_policy::none}, "every 10s");
  world.move_wall(35s);
  BOOST_TEST(missed == 1);
}

BOOST_AUTO_TEST_SUITE_END()
