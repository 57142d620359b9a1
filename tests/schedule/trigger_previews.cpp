// What a preview says of changes of clocks, and how times are written.
#include "schedule/fires.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

namespace trigger_previews {

namespace ta = taskactor;
using namespace schedule_tests;
using texts = std::vector<std::string>;

/// Each fire as its time and its note.
texts previewed(std::string_view text, std::string_view after, std::size_t count = 3) {
  texts lines;
  for (const auto& each : parsed(text).preview(count, instant(after), "x").fires)
    lines.push_back(each.local + (each.note.empty() ? "" : " | " + each.note));
  return lines;
}

} // namespace trigger_previews

BOOST_AUTO_TEST_SUITE(trigger_previews)
using namespace trigger_previews;

BOOST_AUTO_TEST_CASE(clocks_set_forward) {
  BOOST_TEST((previewed("30 2 * * * @ Europe/Berlin", "2026-03-27T12:00:00Z")
              == texts{"2026-03-28T02:30:00+01:00",
                       "2026-03-29T03:00:00+02:00 | instead of 02:30:00, which clocks pass over; clocks were "
                       "set forward at "
                       "2026-03-29T01:00:00Z",
                       "2026-03-30T02:30:00+02:00"}));
  BOOST_TEST((previewed("30 2 * * * @ Europe/Berlin gap shift", "2026-03-28T12:00:00Z", 1)
              == texts{"2026-03-29T03:30:00+02:00 | instead of 02:30:00, which clocks pass over; clocks were "
                       "set forward at "
                       "2026-03-29T01:00:00Z"}));
  BOOST_TEST((previewed("30 2 * * * @ Europe/Berlin gap skip", "2026-03-28T12:00:00Z", 1)
              == texts{"2026-03-30T02:30:00+02:00 | clocks were set forward at 2026-03-29T01:00:00Z"}));
  BOOST_TEST((previewed("0 9 * * * @ Europe/Berlin", "2026-03-28T12:00:00Z", 2)
              == texts{"2026-03-29T09:00:00+02:00 | clocks were set forward at 2026-03-29T01:00:00Z",
                       "2026-03-30T09:00:00+02:00"}));
}

BOOST_AUTO_TEST_CASE(clocks_set_back) {
  BOOST_TEST((previewed("30 2 * * * @ Europe/Berlin", "2026-10-24T12:00:00Z", 2)
              == texts{"2026-10-25T02:30:00+02:00 | the first 02:30:00 of two",
                       "2026-10-26T02:30:00+01:00 | clocks were set back at 2026-10-25T01:00:00Z"}));
  BOOST_TEST((previewed("*/30 2 25 10 * @ Europe/Berlin", "2026-10-24T12:00:00Z", 4)
              == texts{"2026-10-25T02:00:00+02:00 | the first 02:00:00 of two",
                       "2026-10-25T02:30:00+02:00 | the first 02:30:00 of two",
                       "2026-10-25T02:00:00+01:00 | the second 02:00:00 of two; clocks were set back at "
                       "2026-10-25T01:00:00Z",
                       "2026-10-25T02:30:00+01:00 | the second 02:30:00 of two"}));
}

BOOST_AUTO_TEST_CASE(several_changes_between_two_fires) {
  BOOST_TEST((previewed("0 9 1 7 * @ Europe/Berlin", "2025-12-01T00:00:00Z", 2)
              == texts{"2026-07-01T09:00:00+02:00 | clocks were set forward at 2026-03-29T01:00:00Z",
                       "2027-07-01T09:00:00+02:00 | clocks were set back at 2026-10-25T01:00:00Z; clocks "
                       "were set forward at "
                       "2027-03-28T01:00:00Z"}));
  BOOST_TEST((previewed("0 9 29 2 * @ Europe/Berlin", "2024-03-01T00:00:00Z", 1)
              == texts{"2028-02-29T09:00:00+01:00 | clocks were changed 8 times, at last set back at "
                       "2027-10-31T01:00:00Z"}));
}

BOOST_AUTO_TEST_CASE(utc_has_no_notes_and_instants_are_shown_in_their_zone) {
  BOOST_TEST((previewed("0 9 * * *", "2026-03-28T12:00:00Z", 2)
              == texts{"2026-03-29T09:00:00Z", "2026-03-30T09:00:00Z"}));
  BOOST_TEST((previewed("every 12h @ America/New_York", "2026-03-08T00:00:00Z", 2)
              == texts{"2026-03-08T08:00:00-04:00 | clocks were set forward at 2026-03-08T07:00:00Z",
                       "2026-03-08T20:00:00-04:00"}));
  BOOST_TEST(previewed("at 2026-01-01T00:00:00Z @ Asia/Kolkata", "2025-01-01T00:00:00Z")[0].starts_with(
      "2026-01-01T05:30:00+05:30"));
  BOOST_TEST(previewed("at 1800-01-01T00:00:00Z @ Europe/Berlin", "1700-01-01T00:00:00Z")[0].starts_with(
      "1800-01-01T00:53:00+00:53"));
}

BOOST_AUTO_TEST_CASE(when_it_is_due_is_noted_and_why_it_ends) {
  const auto lines = previewed("at 2026-01-01T00:00:00Z jitter 1h", "2025-01-01T00:00:00Z");
  BOOST_TEST((lines.size() == 1U && lines[0].starts_with("2026-01-01T00:00:00Z | due 2026-01-01T00:")),
             lines[0]);
  const auto ended = parsed("at 2026-01-01T00:00:00Z").preview(5, instant("2025-01-01T00:00:00Z"));
  BOOST_TEST(ended.fires.size() == 1U);
  BOOST_CHECK(ended.end == ta::no_fire::over);
  BOOST_CHECK(!parsed("@daily").preview(5, instant("2025-01-01T00:00:00Z")).end);
  const auto unknown = parsed("@yearly @ Europe/Berlin").preview(50, instant("2030-06-01T00:00:00Z"));
  BOOST_TEST(unknown.fires.size() == 8U); // 2031 to 2038, by the clock: that is 2037-12-31T23:00:00Z
  BOOST_CHECK(unknown.end == ta::no_fire::zone_data);
  BOOST_TEST(parsed("every 1s").preview(200'000, instant("2025-01-01T00:00:00Z")).fires.size() == 100'000U);
}

BOOST_AUTO_TEST_CASE(times_are_read_and_written) {
  for (const auto& [text, utc] : {std::pair{"2026-03-29T01:00:00Z", "2026-03-29T01:00:00Z"},
                                  {"2026-03-29t01:00:00z", "2026-03-29T01:00:00Z"},
                                  {"2026-03-29T01:00:00+02:00", "2026-03-28T23:00:00Z"},
                                  {"2026-03-29T01:00:00-00:30", "2026-03-29T01:30:00Z"},
                                  {"2026-03-29T01:00:00.5Z", "2026-03-29T01:00:00.5Z"},
                                  {"2026-03-29T01:00:00.123456789Z", "2026-03-29T01:00:00.123456Z"},
                                  {"1969-12-31T23:59:59.999999Z", "1969-12-31T23:59:59.999999Z"},
                                  {"0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"},
                                  {"9999-12-31T23:59:59.9Z", "9999-12-31T23:59:59.9Z"}})
    BOOST_TEST(ta::to_rfc3339(instant(text)) == utc);
  BOOST_TEST(ta::to_rfc3339(ta::fire_time::min()) == "0001-01-01T00:00:00Z");
  BOOST_TEST(ta::to_rfc3339(ta::fire_time::max()) == "9999-12-31T23:59:59.999999Z");
  BOOST_TEST(ta::to_rfc3339(ta::fire_time::max(), "Asia/Tokyo") == "9999-12-31T23:59:59.999999Z");
  BOOST_TEST(ta::to_rfc3339(instant("2026-03-29T01:00:00Z"), "Europe/Berlin") == "2026-03-29T03:00:00+02:00");
  BOOST_TEST(ta::to_rfc3339(instant("2026-03-29T01:00:00Z"), "") == "2026-03-29T01:00:00Z");
}

BOOST_AUTO_TEST_SUITE_END()
