// What each kind of trigger fires at, what its options leave of that, and why it ends.
#include "schedule/fires.hpp"

#include <boost/test/unit_test.hpp>

#include <set>
#include <string>
#include <vector>

namespace trigger_kinds {

namespace ta = taskactor;
using namespace schedule_tests;
using namespace std::chrono_literals;
using texts = std::vector<std::string>;

ta::no_fire why_not(std::string_view text, std::string_view after) {
  const auto next = parsed(text).next(instant(after));
  BOOST_TEST_REQUIRE(!next, text);
  return next.why;
}

} // namespace trigger_kinds

BOOST_AUTO_TEST_SUITE(trigger_kinds)
using namespace trigger_kinds;

BOOST_AUTO_TEST_CASE(at_fires_once) {
  BOOST_TEST(fires("at 2026-12-24T18:00:00.25+01:00", "2026-01-01T00:00:00Z")
             == texts{"2026-12-24T17:00:00.25Z"});
  BOOST_TEST(fires("at 2026-12-24T18:00 @ Europe/Berlin", "2026-01-01T00:00:00Z")
             == texts{"2026-12-24T17:00:00Z"});
  BOOST_TEST(fires("at 2026-12-24T18:00:00Z", "2026-12-24T18:00:00Z").empty());
  BOOST_CHECK(why_not("at 2026-12-24T18:00", "2027-01-01T00:00:00Z") == ta::no_fire::over);
}

BOOST_AUTO_TEST_CASE(at_a_time_that_clocks_pass_over_or_show_twice) {
  const auto begin = "2026-01-01T00:00:00Z";
  BOOST_TEST(fires("at 2026-03-29T02:30 @ Europe/Berlin", begin) == texts{"2026-03-29T01:00:00Z"});
  BOOST_TEST(fires("at 2026-03-29T02:30 @ Europe/Berlin gap shift", begin) == texts{"2026-03-29T01:30:00Z"});
  BOOST_TEST(fires("at 2026-03-29T02:30 @ Europe/Berlin gap skip", begin).empty());
  BOOST_TEST(fires("at 2026-10-25T02:30 @ Europe/Berlin", begin) == texts{"2026-10-25T00:30:00Z"});
  BOOST_TEST(fires("at 2026-10-25T02:30 @ Europe/Berlin fold second", begin)
             == texts{"2026-10-25T01:30:00Z"});
  BOOST_TEST((fires("at 2026-10-25T02:30 @ Europe/Berlin fold both", begin)
              == texts{"2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z"}));
}

BOOST_AUTO_TEST_CASE(every_counts_from_its_anchor_without_drift) {
  BOOST_TEST((fires("every 90m from 2026-01-01T00:10:00Z", "2026-01-01T05:00:00Z")
              == texts{"2026-01-01T06:10:00Z", "2026-01-01T07:40:00Z", "2026-01-01T09:10:00Z"}));
  BOOST_TEST(fires("every 90m from 2026-01-01T00:10:00Z", "1999-01-01T00:00:00Z", 1)
             == texts{"2026-01-01T00:10:00Z"});
  BOOST_TEST((fires("every 7ms", "1970-01-01T00:00:00.007Z", 2)
              == texts{"1970-01-01T00:00:00.014Z", "1970-01-01T00:00:00.021Z"}));
  // By elapsed time: 24 hours over a change of clocks.
  BOOST_TEST((fires("every 1d from 2026-03-28T02:30:00+01:00 @ Europe/Berlin", "2026-03-28T01:30:00Z", 2)
              == texts{"2026-03-29T01:30:00Z", "2026-03-30T01:30:00Z"}));
}

BOOST_AUTO_TEST_CASE(calendar_goes_by_days_weeks_months_and_years) {
  BOOST_TEST((fires("calendar 3 days at 09:00 from 2026-02-26", "2026-02-26T09:00:00Z")
              == texts{"2026-03-01T09:00:00Z", "2026-03-04T09:00:00Z", "2026-03-07T09:00:00Z"}));
  BOOST_TEST((fires("calendar 2 weeks at 09:00:30 from 2026-01-05", "2026-01-01T00:00:00Z", 2)
              == texts{"2026-01-05T09:00:30Z", "2026-01-19T09:00:30Z"}));
  BOOST_TEST((fires("calendar 2 months on last at 09:00 from 2026-01-01", "2026-01-01T00:00:00Z")
              == texts{"2026-01-31T09:00:00Z", "2026-03-31T09:00:00Z", "2026-05-31T09:00:00Z"}));
  BOOST_TEST((fires("calendar 1 month on 31 from 2026-01-31", "2026-01-31T00:00:00Z")
              == texts{"2026-03-31T00:00:00Z", "2026-05-31T00:00:00Z", "2026-07-31T00:00:00Z"}));
  BOOST_TEST((fires("calendar year from 2024-02-29", "2024-03-01T00:00:00Z", 2)
              == texts{"2028-02-29T00:00:00Z", "2032-02-29T00:00:00Z"}));
  BOOST_TEST((fires("calendar 1 day at 02:30 from 2026-03-28 @ Europe/Berlin", "2026-03-28T12:00:00Z", 2)
              == texts{"2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"}));
}

BOOST_AUTO_TEST_CASE(any_of_fires_with_each_all_of_when_all_do) {
  BOOST_TEST((fires("any_of(every 6h; cron 0 9 * * *)", "2026-01-01T00:00:00Z", 4)
              == texts{"2026-01-01T06:00:00Z", "2026-01-01T09:00:00Z", "2026-01-01T12:00:00Z",
                       "2026-01-01T18:00:00Z"}));
  BOOST_TEST(fires("any_of(@daily; every 1d)", "2026-01-01T12:00:00Z", 2).size() == 2U); // at one time once
  BOOST_TEST((fires("all_of(0 0 13 * *; 0 0 * * fri)", "2026-01-01T00:00:00Z", 3)
              == texts{"2026-02-13T00:00:00Z", "2026-03-13T00:00:00Z", "2026-11-13T00:00:00Z"}));
  BOOST_TEST((fires("all_of(any_of(0 9 * * *; 0 10 * * *); every 2h)", "2026-01-01T00:00:00Z", 2)
              == texts{"2026-01-01T10:00:00Z", "2026-01-02T10:00:00Z"}));
  BOOST_TEST((fires("any_of(at 2026-01-01T09:00 @ Europe/Berlin; at 2026-01-01T09:00 @ Asia/Tokyo)",
                    "2025-01-01T00:00:00Z")
              == texts{"2026-01-01T00:00:00Z", "2026-01-01T08:00:00Z"}));
  BOOST_CHECK(why_not("all_of(@daily; at 2026-01-01T00:00)", "2026-01-01T00:00:00Z") == ta::no_fire::over);
  BOOST_CHECK(why_not("any_of(at 2025-01-01T00:00; at 2026-01-01T00:00)", "2026-01-01T00:00:00Z")
              == ta::no_fire::over);
}

BOOST_AUTO_TEST_CASE(a_search_that_finds_nothing_ends) {
  const std::string never = "all_of(every 10ms; every 10ms from 1970-01-01T00:00:00.005Z)";
  BOOST_CHECK(why_not(never, "2026-01-01T00:00:00Z") == ta::no_fire::search_limit);
  // What might come before what was found isn't passed over.
  BOOST_CHECK(why_not("any_of(" + never + "; @yearly)", "2026-01-01T00:00:00Z") == ta::no_fire::search_limit);
  BOOST_TEST(fires("any_of(" + never + "; every 1s)", "2026-01-01T00:00:00Z", 1)
             == texts{"2026-01-01T00:00:01Z"});
  BOOST_TEST(fires("any_of(every 1s; " + never + ")", "2026-01-01T00:00:00Z", 1)
             == texts{"2026-01-01T00:00:01Z"});
  BOOST_CHECK(why_not("all_of(" + never + "; @yearly)", "2026-01-01T00:00:00Z") == ta::no_fire::search_limit);
  BOOST_CHECK(why_not(never + " end 2026-01-01T00:01:00Z", "2026-01-01T00:00:00Z") == ta::no_fire::over);
  BOOST_TEST(ta::to_string(ta::no_fire::search_limit) == "no fire was found within the limits of a search");
}

BOOST_AUTO_TEST_CASE(start_end_and_count_bound_it) {
  const std::string bounds = " start 2026-01-02T00:00:00Z end 2026-01-04T00:00:00Z";
  const texts three{"2026-01-02T00:00:00Z", "2026-01-03T00:00:00Z", "2026-01-04T00:00:00Z"};
  for (const auto* text : {"@daily", "every 1d", "any_of(@daily; @monthly)", "all_of(@daily; every 6h)",
                           "calendar 1 days from 2020-01-01"}) {
    BOOST_TEST(fires(text + bounds, "2000-01-01T00:00:00Z", 9) == three, text);
    BOOST_TEST(fires(text + std::string{" count 3 start 2026-01-02T00:00:00Z"}, "2000-01-01T00:00:00Z", 9)
               == three);
    BOOST_TEST(
        fires(text + std::string{" count 3 start 2026-01-01T00:00:00.000001Z"}, "2026-01-03T00:00:00Z", 9)
        == texts{three[2]});
    BOOST_CHECK(why_not(text + bounds, "2026-01-04T00:00:00Z") == ta::no_fire::over);
  }
  BOOST_TEST(fires("@daily count 1 start 2026-01-02T00:00:00Z", "9999-01-01T00:00:00Z").empty());
  // Fewer than it may be: its own end comes first.
  BOOST_TEST(fires("0 0 0 1 1 * 2026 count 5 start 2026-01-01T00:00:00Z", "2000-01-01T00:00:00Z").size()
             == 1U);
}

BOOST_AUTO_TEST_CASE(jitter_is_the_same_for_the_same_name_and_ends_before_the_next_fire) {
  const auto often = parsed("every 10s jitter 1d"), daily = parsed("@daily jitter 1h");
  std::set<std::chrono::microseconds> delays;
  ta::fire_time after = instant("2026-01-01T00:00:00Z");
  for (int i = 0; i < 1000; ++i) {
    const auto next = often.next(after, "backup");
    BOOST_TEST_REQUIRE(next.found.has_value());
    BOOST_TEST((next->due >= next->nominal && next->due < next->nominal + 10s));
    BOOST_TEST((often.next(after, "backup")->due == next->due));
    const auto day = daily.next(after, "backup");
    BOOST_TEST((day->due >= day->nominal && day->due <= day->nominal + 1h));
    delays.insert(next->due - next->nominal);
    after = next->nominal;
  }
  BOOST_TEST(delays.size() > 990U); // evenly spread
  BOOST_TEST((*delays.begin() < 100ms && *delays.rbegin() > 9900ms));
  BOOST_TEST((daily.next(after, "backup")->due != daily.next(after, "mail")->due));
  BOOST_TEST((parsed("@daily").next(after, "backup")->due == parsed("@daily").next(after)->nominal));
  // The last one of all has its jitter, too.
  const auto last = parsed("at 9999-12-31T23:59:59.5Z jitter 1d").next(after);
  BOOST_TEST((last->due >= last->nominal && last->due < last->nominal + 500ms));
}

BOOST_AUTO_TEST_CASE(a_macro_is_its_fields) {
  for (const auto& [macro, fields] : {std::pair{"@yearly", "0 0 1 1 *"},
                                      {"@annually", "0 0 1 1 *"},
                                      {"@monthly", "0 0 1 * *"},
                                      {"@weekly", "0 0 * * 0"},
                                      {"@daily", "0 0 * * *"},
                                      {"@MIDNIGHT", "0 0 * * *"},
                                      {"@hourly", "0 * * * *"}})
    BOOST_TEST(fires(macro, "2026-03-28T12:34:56Z", 5) == fires(fields, "2026-03-28T12:34:56Z", 5), macro);
}

BOOST_AUTO_TEST_CASE(what_a_zones_file_doesnt_know_is_said) {
  BOOST_TEST(fires("0 9 31 12 * @ Europe/Berlin", "2037-06-01T00:00:00Z") == texts{"2037-12-31T08:00:00Z"});
  BOOST_CHECK(why_not("0 9 31 12 * @ Europe/Berlin", "2037-12-31T08:00:00Z") == ta::no_fire::zone_data);
  BOOST_CHECK(why_not("0 9 * * * @ Europe/Berlin", "2150-01-01T00:00:00Z") == ta::no_fire::zone_data);
  BOOST_CHECK(why_not("at 2040-07-01T12:00 @ Europe/Berlin", "2026-01-01T00:00:00Z")
              == ta::no_fire::zone_data);
  BOOST_CHECK(why_not("0 0 0 1 1 * 2036,2039 @ Europe/Berlin", "2037-01-01T00:00:00Z")
              == ta::no_fire::zone_data);
  BOOST_CHECK(why_not("0 0 0 1 1 * 2036 @ Europe/Berlin", "2037-01-01T00:00:00Z") == ta::no_fire::over);
  BOOST_CHECK(why_not("0 9 * * * end 2030-01-01T00:00:00Z @ Europe/Berlin", "2037-01-01T00:00:00Z")
              == ta::no_fire::over);
  // Whoever's clocks aren't changed any more is known for good.
  BOOST_TEST(fires("0 9 1 1 * @ Asia/Tokyo", "2150-01-01T12:00:00Z", 1) == texts{"2151-01-01T00:00:00Z"});
  BOOST_TEST(fires("0 9 1 1 * @ Etc/GMT-3", "2150-01-01T12:00:00Z", 1) == texts{"2151-01-01T06:00:00Z"});
  // Of several the one that isn't known may come before the one that is.
  BOOST_CHECK(why_not("any_of(0 9 * * * @ Europe/Berlin; 0 9 * * *)", "2037-12-31T10:00:00Z")
              == ta::no_fire::zone_data);
  BOOST_TEST(fires("any_of(0 9 * * * @ Europe/Berlin; 0 9 * * *)", "2037-12-30T10:00:00Z", 9)
             == (texts{"2037-12-31T08:00:00Z", "2037-12-31T09:00:00Z"}));
  BOOST_CHECK(why_not("all_of(0 9 * * * @ Europe/Berlin; 0 8 * * *)", "2037-12-31T10:00:00Z")
              == ta::no_fire::zone_data);
  // An instant is one, whatever clocks show.
  BOOST_TEST(fires("at 2040-07-01T12:00:00Z @ Europe/Berlin", "2026-01-01T00:00:00Z").size() == 1U);
  BOOST_TEST(ta::to_rfc3339(instant("2040-07-01T12:00:00Z"), "Europe/Berlin") == "2040-07-01T12:00:00Z");
  BOOST_TEST(ta::to_string(ta::no_fire::zone_data) == "the zone's data ends before the next fire");
}

BOOST_AUTO_TEST_CASE(a_gap_of_a_day_is_never_made_up) {
  // Samoa went from Thursday to Saturday.
  BOOST_TEST((fires("0 9 * * * @ Pacific/Apia", "2011-12-29T00:00:00Z", 3)
              == texts{"2011-12-29T19:00:00Z", "2011-12-30T19:00:00Z", "2011-12-31T19:00:00Z"}));
  BOOST_TEST(fires("at 2011-12-30T09:00 @ Pacific/Apia", "2011-01-01T00:00:00Z").empty());
}

BOOST_AUTO_TEST_SUITE_END()
