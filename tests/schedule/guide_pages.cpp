// What the page "Schedules" shows.
#include "schedule/fires.hpp"

#include <taskactor/schedule.hpp>

#include <boost/test/unit_test.hpp>

#include <iostream>
#include <sstream>
#include <string>
#include <vector>

namespace guide_pages_of_schedule {

namespace ta = taskactor;
using namespace std::chrono_literals;

void print_week(std::ostream& out, ta::fire_time now) {
  const auto standup = ta::trigger::parse("cron 0 9 * * mon-fri @ Europe/Berlin").value();
  for (const auto& each : standup.preview(5, now).fires)
    out << each.local << "  " << each.note << '\n';
}

std::string say_next(const ta::trigger& t, ta::fire_time now) {
  const auto next = t.next(now);
  if (!next)
    return "never: " + std::string{ta::to_string(next.why)};
  return ta::to_rfc3339(next->nominal, t.zone());
}

std::vector<ta::expected<ta::trigger>> as_values() {
  using namespace std::chrono;
  return {
      ta::trigger::cron("0 9 * * mon-fri", {.zone = "Europe/Berlin", .jitter = 30s}),
      ta::trigger::every(90min, sys_days{2026y / 1 / 1}),
      ta::trigger::calendar({.every = 2, .unit = ta::calendar_unit::months, .day = 0, .at = 9h}),
      ta::trigger::at(local_days{2026y / 12 / 24} + 18h, {.zone = "Europe/Berlin"}),
  };
}

ta::expected<ta::trigger> first_monday_and_last_day(const std::string& zone) {
  const auto monday = ta::trigger::cron("0 8 * * mon#1", {.zone = zone});
  const auto last_day = ta::trigger::cron("0 17 L * *", {.zone = zone});
  return ta::trigger::any_of({monday.value(), last_day.value()}, {.zone = zone});
}

} // namespace guide_pages_of_schedule

BOOST_AUTO_TEST_SUITE(guide_pages)
using namespace guide_pages_of_schedule;

BOOST_AUTO_TEST_CASE(the_snippets_do_what_the_page_says) {
  const auto thursday = schedule_tests::instant("2026-03-26T12:00:00Z");
  std::ostringstream week;
  print_week(week, thursday);
  BOOST_TEST(week.str()
             == "2026-03-27T09:00:00+01:00  \n"
                "2026-03-30T09:00:00+02:00  clocks were set forward at 2026-03-29T01:00:00Z\n"
                "2026-03-31T09:00:00+02:00  \n"
                "2026-04-01T09:00:00+02:00  \n"
                "2026-04-02T09:00:00+02:00  \n");
  BOOST_TEST(say_next(schedule_tests::parsed("@daily @ Asia/Tokyo"), thursday)
             == "2026-03-27T00:00:00+09:00");
  BOOST_TEST(say_next(schedule_tests::parsed("at 2026-01-01T00:00"), thursday)
             == "never: there are no more fires");
  std::string texts;
  for (const auto& each : as_values())
    texts += each.value().to_text() + '\n';
  BOOST_TEST(texts
             == "cron 0 9 * * mon-fri @ Europe/Berlin jitter 30s\n"
                "every 90m from 2026-01-01T00:00:00Z\n"
                "calendar 2 months on last at 09:00:00\n"
                "at 2026-12-24T18:00:00 @ Europe/Berlin\n");
  const auto joint = first_monday_and_last_day("Europe/Berlin").value();
  BOOST_TEST(say_next(joint, thursday) == "2026-03-31T17:00:00+02:00");
  BOOST_TEST(say_next(joint, schedule_tests::instant("2026-03-31T15:00:00Z")) == "2026-04-06T08:00:00+02:00");
}

BOOST_AUTO_TEST_CASE(the_rows_of_the_pages_tables_hold) {
  const auto berlin = [](const std::string& cron) { return cron + " @ Europe/Berlin"; };
  using texts = std::vector<std::string>;
  using schedule_tests::fires;
  const auto spring = "2026-03-28T12:00:00Z", autumn = "2026-10-24T12:00:00Z";
  BOOST_TEST(
      (fires(berlin("30 2 * * *"), spring, 2) == texts{"2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"}));
  BOOST_TEST((fires(berlin("30 2 * * *") + " gap shift", spring, 1) == texts{"2026-03-29T01:30:00Z"}));
  BOOST_TEST((fires(berlin("30 2 * * *") + " gap skip", spring, 1) == texts{"2026-03-30T00:30:00Z"}));
  BOOST_TEST(
      (fires(berlin("30 2 * * *"), autumn, 2) == texts{"2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"}));
  BOOST_TEST((fires(berlin("30 2 * * *") + " fold second", autumn, 1) == texts{"2026-10-25T01:30:00Z"}));
  BOOST_TEST((fires(berlin("30 2 * * *") + " fold both", autumn, 2)
              == texts{"2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z"}));
  BOOST_TEST((fires(berlin("30 * * * *"), "2026-10-24T23:30:00Z", 3)
              == texts{"2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z", "2026-10-25T02:30:00Z"}));
  for (const auto& [cron, first] : {std::pair{"0 0 L * *", "2026-02-28T00:00:00Z"},
                                    {"0 0 L-2 * *", "2026-02-26T00:00:00Z"},
                                    {"0 0 LW * *", "2026-02-27T00:00:00Z"},
                                    {"0 0 15W * *", "2026-02-16T00:00:00Z"},
                                    {"0 0 * * 5L", "2026-02-27T00:00:00Z"},
                                    {"0 0 * * mon#2", "2026-02-09T00:00:00Z"},
                                    {"0 0 13 * fri", "2026-02-06T00:00:00Z"},
                                    {"0 0 */2 * mon", "2026-02-09T00:00:00Z"},
                                    {"*/10 * * * * *", "2026-02-01T00:00:10Z"},
                                    {"0 0 12 1 1 * 2030-2040/5", "2030-01-01T12:00:00Z"}})
    BOOST_TEST(fires(cron, "2026-02-01T00:00:00Z", 1) == texts{first}, cron);
}

BOOST_AUTO_TEST_SUITE_END()
