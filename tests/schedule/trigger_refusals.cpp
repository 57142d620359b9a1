// What is no trigger: where it is wrong, and what would be right.
#include "schedule/fires.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <utility>
#include <vector>

namespace trigger_refusals {

namespace ta = taskactor;
using namespace schedule_tests;
using namespace std::chrono_literals;

struct refused {
  std::string text;
  std::string where; ///< how the message begins
  std::string right; ///< what is in it
};

const std::vector<refused>& texts() {
  static const std::vector<refused> all{
      // fields of cron
      {"cron 60 * * * *", R"("60" (column 6): )", "a minute is 0 to 59"},
      {"cron 0 24 * * *", R"("24" (column 8): )", "an hour is 0 to 23"},
      {"0 9 0 * *", R"("0" (column 5): )", "a day of the month is 1 to 31"},
      {"0 9 32 * *", R"("32" (column 5): )", "a day of the month is 1 to 31"},
      {"0 9 * 13 *", R"("13" (column 7): )", "a month is 1 to 12, or jan to dec"},
      {"0 9 * febr *", R"("febr" (column 7): )", "or jan to dec"},
      {"0 9 * * 8", R"("8" (column 9): )", "a day of the week is 0 to 7, or sun to sat"},
      {"0 9 * * mon-fry", R"("fry" (column 13): )", "sun to sat"},
      {"60 0 9 * * *", R"("60" (column 1): )", "a second is 0 to 59"},
      {"0 0 9 * * * 1969", R"("1969" (column 13): )", "a year is 1970 to 9999"},
      {"0 0 9 * * * 10000", R"("10000" (column 13): )", "a year is 1970 to 9999"},
      {"cron  0\t9,25 * * *", R"("25" (column 11): )", "an hour is 0 to 23"},
      {"-1 * * * *", "column 1: ", "a minute is 0 to 59"},
      {"1-2-3 * * * *", R"("2-3" (column 3): )", "a minute is 0 to 59"},
      {"0,,5 * * * *", R"(column 3: )", "a minute is 0 to 59"},
      {"0, * * * *", R"(column 3: )", "a minute is 0 to 59"},
      {"*/0 * * * *", R"("0" (column 3): )", "a step is a number from 1 on"},
      {"*/ * * * *", R"(column 3: )", "a step is a number from 1 on"},
      {"*/x * * * *", R"("x" (column 3): )", "a step is a number from 1 on"},
      {"5/15 * * * *", R"("5/15" (column 1): )", "write 5-59/15"},
      {"30-10 * * * *", R"("30-10" (column 1): )", "write 30-59,0-10"},
      {"0 22-2/3 * * *", R"("22-2" (column 3): )", "write 22,1"},
      {"0 0 25-5 * *", R"("25-5" (column 5): )", "write 25-31,1-5"},
      {"0 0 * * fri-mon", R"("fri-mon" (column 9): )", "write 5-6,0-1"},
      {"0 0 * * 7-3", R"("7-3" (column 9): )", "write 0-3"},
      {"0 0 0 1 1 * 2030-2028", R"("2030-2028" (column 13): )", "write 2028-2030"},
      {"0 0 ? * *", R"("?" (column 5): )", "write * for any day"},
      {"0 0 L-31 * *", R"("31" (column 7): )", "1 to 30"},
      {"0 0 32W * *", R"("32" (column 5): )", "1 to 31"},
      {"0 0 * * 1#6", R"("6" (column 11): )", "1 to 5"},
      {"0 0 * * L", R"("L" (column 9): )", "Write 5L or FRIL"},
      // cron as a whole
      {"cron", R"("cron" (column 1): )", "write for instance cron 0 9"},
      {"cron 0 9 * *", R"("*" (column 12): )", "these are 4"},
      {"* * * * * * * *", R"("*" (column 15): )", "these are 8"},
      {"@fortnightly", R"("@fortnightly" (column 1): )", "the macros are @yearly"},
      {"@daily 5", R"("5" (column 8): )", "nothing follows a macro"},
      {"0 0 30 2 *", R"("30" (column 5): )", "there is no such day"},
      {"0 0 31 4,6,9,11 *", R"("31" (column 5): )", "there is no such day"},
      {"0 0 0 29 2 * 2027", R"("29" (column 7): )", "there is no such day"},
      {"cron 0 9 * * * 1 1 1 @ UTC", R"("1" (column 20): )", "these are 8"},
      // kinds
      {"", "column 1: ", "write for instance cron"},
      {"   ", "column 1: ", "write for instance cron"},
      {"hourly", R"("hourly" (column 1): )", "begins with at, every, cron"},
      {"@ Europe/Berlin", R"("@" (column 1): )", "before the options"},
      {"every", R"("every" (column 1): )", "write every 90m"},
      {"every day", R"("day" (column 7): )", "such as 90s, 1h30m or 1d"},
      {"every 30m1h", R"("30m1h" (column 7): )", "such as 90s, 1h30m or 1d"},
      {"every 1.0000001s", R"("1.0000001s" (column 7): )", "whole microseconds"},
      {"every 100us", R"("100us" (column 7): )", "a millisecond to 100 years"},
      {"every 36526d", R"("36526d" (column 7): )", "a millisecond to 100 years"},
      {"every 5m since 2026-01-01T00:00:00Z", R"("since" (column 10): )",
       "write from TIME here, or an option"},
      {"every 5m from", R"("from" (column 10): )", "write from and one time"},
      {"every 5m from 2026-01-01", R"("2026-01-01" (column 15): )", "write a time as 2026-03-29T01:00:00Z"},
      {"every 5m from 2026-01-01T00:00:00Z x", R"("x" (column 36): )", "write from and one time"},
      {"at", R"("at" (column 1): )", "write at and one time"},
      {"at noon", R"("noon" (column 4): )", "write a time as 2026-12-24T18:00"},
      {"at 2026-02-30T00:00", R"("2026-02-30T00:00" (column 4): )", "write a time as"},
      {"at 2026-02-28T24:00", R"("2026-02-28T24:00" (column 4): )", "write a time as"},
      {"at 2026-02-28T10:00:00.5", R"("2026-02-28T10:00:00.5" (column 4): )", "whole seconds"},
      {"at 2026-12-24T18:00 2027-12-24T18:00", R"("2027-12-24T18:00" (column 21): )", "one time"},
      {"calendar", R"("calendar" (column 1): )", "write calendar 2 months"},
      {"calendar 2", R"("2" (column 10): )", "write calendar 2 months"},
      {"calendar 2 fortnights", R"("fortnights" (column 12): )", "write days, weeks, months or years"},
      {"calendar 10001 days", R"("10001" (column 10): )", "give 1 to 10000"},
      {"calendar 0 days", R"("0" (column 10): )", "write days, weeks"},
      {"calendar 1 months on 32", R"("32" (column 22): )", "a day from 1 to 31, or last"},
      {"calendar 1 weeks on 3", R"("3" (column 21): )", "of months and years"},
      {"calendar 1 months at 9", R"("9" (column 22): )", "write a time of the day as 09:00"},
      {"calendar 1 months at 24:00", R"("24:00" (column 22): )", "write a time of the day as 09:00"},
      {"calendar 1 months from 2026-02-29", R"("2026-02-29" (column 24): )", "write a day as 2026-01-31"},
      {"calendar 1 months on", R"("on" (column 19): )", "its value is missing"},
      {"calendar 1 months on 1 on 2", R"("2" (column 27): )", "given before, in column 22"},
      {"calendar 1 months in march", R"("in" (column 19): )", "write on DAY, at TIME, from DAY"},
      {"calendar 12 months on 31 from 2026-04-01", R"("31" (column 23): )",
       "none of these months has such a day"},
      // options
      {"0 9 * * * @ Mars/Olympus", R"("Mars/Olympus" (column 13): )",
       "write an IANA name, such as Europe/Berlin"},
      {"0 9 * * * @ Berlin", R"("Berlin" (column 13): )", "did you mean Europe/Berlin?"},
      {"0 9 * * * @ europe/berlin", R"("europe/berlin" (column 13): )", "did you mean Europe/Berlin?"},
      {"0 9 * * * @ Europe/Belrin", R"("Europe/Belrin" (column 13): )", "did you mean Europe/Berlin?"},
      {"0 9 * * * @ localtime", R"("localtime" (column 13): )", "there is no zone of this name"},
      {"0 9 * * * @ ../../etc/passwd", R"("../../etc/passwd" (column 13): )",
       "there is no zone of this name"},
      {"0 9 * * * @", R"("@" (column 11): )", "its value is missing"},
      {"0 9 * * * @ UTC UTC", R"("UTC" (column 17): )", "write @ ZONE, gap, fold"},
      {"0 9 * * * @ UTC @ UTC", R"("UTC" (column 19): )", "zone was given before, in column 13"},
      {"0 9 * * * gap later", R"("later" (column 15): )", "at_end, shift or skip"},
      {"0 9 * * * fold 2", R"("2" (column 16): )", "first, second or both"},
      {"0 9 * * * count 0", R"("0" (column 17): )", "a number from 1 to 100000"},
      {"0 9 * * * count -1", R"("-1" (column 17): )", "a number from 1 to 100000"},
      {"0 9 * * * count 100001 start 2026-01-01T00:00:00Z", R"("100001" (column 17): )", "at most 100000"},
      {"0 9 * * * count 5", R"("5" (column 17): )", "Give a start as well"},
      {"0 9 * * * start tomorrow", R"("tomorrow" (column 17): )", "write a time as"},
      {"0 9 * * * start 2026-02-01T00:00:00Z end 2026-01-01T00:00:00Z",
       R"("2026-01-01T00:00:00Z" (column 42): )", "it comes before start"},
      {"0 9 * * * jitter 2d", R"("2d" (column 18): )", "give zero to a day"},
      {"0 9 * * * jitter soon", R"("soon" (column 18): )", "write a duration"},
      {"every 5m gap skip", R"("skip" (column 14): )",
       "of cron, calendars, and times without an offset alone"},
      {"at 2026-12-24T18:00:00Z fold both", R"("both" (column 30): )", "times without an offset alone"},
      // any_of and all_of
      {"any_of", R"("any_of" (column 1): )", "write ( behind it"},
      {"any_of 0 9 * * *", R"("any_of" (column 1): )", "write ( behind it"},
      {"any_of x (0 9 * * *)", R"("any_of" (column 1): )", "write ( behind it"},
      {"any_of()", "column 8: ", "there is no trigger"},
      {"any_of(0 9 * * *;)", "column 18: ", "there is no trigger"},
      {"any_of(0 9 * * *; every 5m", R"("any_of" (column 1): )", "its ) is missing"},
      {"any_of(0 9 * * *; every 5x)", R"("5x" (column 25): )", "write a duration"},
      {"all_of(0 9 * * *; any_of(@daily; 0 25 * * *)) @ UTC", R"("25" (column 36): )", "an hour is 0 to 23"},
      {"any_of(0 9 * * *) gap skip", R"("skip" (column 23): )", "times without an offset alone"},
      {"any_of(0 9 * * *) ) @ UTC", "\")\" (column 19): ", "write @ ZONE, gap"},
      {"any_of(0 9 * * * @ Marz; @daily)", R"("Marz" (column 20): )", "there is no zone of this name"},
      {"all_of(0 9 * * *; every 1d) count 5", R"("5" (column 35): )", "Give a start as well"},
  };
  return all;
}

} // namespace trigger_refusals

BOOST_AUTO_TEST_SUITE(trigger_refusals)
using namespace trigger_refusals;

BOOST_AUTO_TEST_CASE(a_text_is_refused_with_its_column_and_what_would_be_right) {
  for (const auto& [text, where, right] : texts()) {
    const auto made = ta::trigger::parse(text);
    BOOST_TEST_CONTEXT(text) {
      BOOST_TEST_REQUIRE(!made.has_value());
      BOOST_TEST((made.error().code == ta::errc::invalid_argument));
      BOOST_TEST(made.error().message.starts_with(where), made.error());
      BOOST_TEST(made.error().message.find(right) != std::string::npos, made.error());
    }
  }
}

BOOST_AUTO_TEST_CASE(what_is_suggested_is_right) {
  for (const auto* text :
       {"5-59/15 * * * *", "30-59,0-10 * * * *", "0 22,1 * * *", "0 0 25-31,1-5 * *", "0 0 * * 5-6,0-1",
        "0 0 * * 0-3", "0 0 0 1 1 * 2028-2030", "0 0 * * 5L", "0 0 * * FRIL", "at 2026-12-24T18:00:00+01:00",
        "every 1h30m", "calendar 2 months"})
    BOOST_TEST(ta::trigger::parse(text).has_value(), text);
}

BOOST_AUTO_TEST_CASE(a_value_is_refused_by_its_field) {
  using t = ta::trigger;
  const ta::fire_time now{};
  const auto day = std::chrono::local_days{std::chrono::year{2026} / 1 / 31};
  const std::vector<std::pair<ta::expected<t>, std::string>> all{
      {t::cron("61 * * * *"), "cron: \"61\" (column 1): a minute is 0 to 59"},
      {t::cron("0 9 * * *", {.zone = "Mars"}), "zone: \"Mars\": there is no zone of this name"},
      {t::cron("0 9 * * *", {.gap = static_cast<ta::gap_policy>(7)}), "gap: give at_end, shift or skip"},
      {t::cron("0 9 * * *", {.fold = static_cast<ta::fold_policy>(7)}), "fold: give first, second or both"},
      {t::cron("0 9 * * *", {.start = ta::fire_time::max()}), "start: give a time of the years 1 to 9999"},
      {t::cron("0 9 * * *", {.end = ta::fire_time::min()}), "end: give a time of the years 1 to 9999"},
      {t::cron("0 9 * * *", {.start = now, .end = now - 1s}), "end: it comes before start"},
      {t::cron("0 9 * * *", {.count = 1}), "count: from when on? Give a start as well"},
      {t::cron("0 9 * * *", {.start = now, .count = 100'001}), "count: give at most 100000, or an end"},
      {t::cron("0 9 * * *", {.jitter = -1s}), "jitter: give zero to a day"},
      {t::cron("0 9 * * *", {.jitter = 25h}), "jitter: give zero to a day"},
      {t::cron(std::string(4001, ' ') + "0 9 * * *"),
       "cron (column 4001): a cron expression has at most 4000 bytes"},
      {t::every(0s), "every: give a millisecond to 100 years"},
      {t::every(-1s), "every: give a millisecond to 100 years"},
      {t::every(std::chrono::microseconds::max()), "every: give a millisecond to 100 years"},
      {t::every(1s, ta::fire_time::max()), "from: give a time of the years 1 to 9999"},
      {t::every(1s, {}, {.gap = ta::gap_policy::skip}), "gap: it is of cron, calendars"},
      {t::at(ta::fire_time::max()), "at: give a time of the years 1 to 9999"},
      {t::at(ta::fire_time::min()), "at: give a time of the years 1 to 9999"},
      {t::at(ta::wall_time{1us}), "at: give whole seconds of the years 1 to 9999"},
      {t::at(ta::wall_time::max()), "at: give whole seconds of the years 1 to 9999"},
      {t::calendar({.every = 0, .from = day}), "every: give 1 to 10000"},
      {t::calendar({.unit = static_cast<ta::calendar_unit>(9), .from = day}), "unit: give days"},
      {t::calendar({.from = day, .day = 3}), "day: give a day from 1 to 31, or last, of months and years"},
      {t::calendar({.unit = ta::calendar_unit::months, .from = day, .day = 32}),
       "day: give a day from 1 to 31"},
      {t::calendar({.from = day, .at = 24h}), "at: give 00:00:00 to 23:59:59"},
      {t::calendar({.from = day, .at = -1s}), "at: give 00:00:00 to 23:59:59"},
      {t::calendar({.from = std::chrono::local_days::max()}), "from: give a day of the years 1 to 9999"},
      {t::any_of({}), "any_of: give 1 to 64 triggers; these are 0"},
      {t::all_of(std::vector<t>(65, parsed("@daily"))), "all_of: give 1 to 64 triggers; these are 65"},
  };
  for (const auto& [made, message] : all) {
    BOOST_TEST((!made && made.error().code == ta::errc::invalid_argument), message);
    BOOST_TEST(refusal(made).starts_with(message), refusal(made));
  }
}

BOOST_AUTO_TEST_CASE(json_is_refused_with_its_path) {
  const std::vector<std::pair<std::string, std::string>> all{
      {"", "no JSON: "},
      {"{", "no JSON: "},
      {R"({"cron": "@daily", "cron": "@hourly"})", "cron: it is there twice"},
      {"5", "\"5\": write an object, or a string with a trigger's text"},
      {"{}", "write one of the keys at, every, cron, calendar, any_of and all_of"},
      {R"({"zone": "UTC"})", "write one of the keys at, every, cron"},
      {R"({"cron": "@daily", "every": "5m"})", "cron: \"@daily\": there is every as well"},
      {R"({"cron": 5})", "cron: \"5\": write a string, such as \"0 9 * * mon-fri\""},
      {R"({"cron": "0 25 * * *"})", "cron: \"25\" (column 3): an hour is 0 to 23"},
      {R"({"cron": "@daily", "tz": "UTC"})", "tz: \"UTC\": there is no such key; write zone, gap"},
      {R"({"cron": "@daily", "from": "2026-01-01T00:00:00Z"})",
       "from: \"2026-01-01T00:00:00Z\": there is no such key"},
      {R"({"cron": "@daily", "zone": "Berlin"})",
       "zone: \"Berlin\": there is no zone of this name; did you mean Europe/Berlin?"},
      {R"({"cron": "@daily", "zone": 1})", "zone: \"1\": write an IANA name"},
      {R"({"cron": "@daily", "gap": "later"})", "gap: \"later\": write at_end, shift or skip"},
      {R"({"cron": "@daily", "fold": true})", "fold: \"true\": write first, second or both"},
      {R"({"cron": "@daily", "start": "2026-01-01"})", "start: \"2026-01-01\": write a time as"},
      {R"({"cron": "@daily", "count": 0})", "count: \"0\": write a number from 1 to 100000"},
      {R"({"cron": "@daily", "count": "5"})", "count: \"5\": write a number"},
      {R"({"cron": "@daily", "count": 1.5})", "count: \"1.5\": write a number"},
      {R"({"cron": "@daily", "count": 5})", "count: from when on? Give a start as well"},
      {R"({"cron": "@daily", "jitter": 30})", "jitter: \"30\": write a duration"},
      {R"({"every": 90})", "every: \"90\": write a duration"},
      {R"({"every": "100us"})", "every: give a millisecond to 100 years"},
      {R"({"every": "5m", "from": "noon"})", "from: \"noon\": write a time as"},
      {R"({"at": "noon"})", "at: \"noon\": write a time as"},
      {R"({"calendar": "months"})", "calendar: \"months\": write an object, such as"},
      {R"({"calendar": {"every": 2}})", "calendar.unit: write days, weeks, months or years"},
      {R"({"calendar": {"unit": "months", "every": 10001}})", "calendar.every: give 1 to 10000"},
      {R"({"calendar": {"unit": "months", "day": 32}})", "calendar.day: give a day from 1 to 31"},
      {R"({"calendar": {"unit": "months", "day": "first"}})",
       "calendar.day: \"first\": write a day from 1 to 31, or last"},
      {R"({"calendar": {"unit": "months", "at": "9"}})", "calendar.at: \"9\": write a time of the day"},
      {R"({"calendar": {"unit": "months", "from": "2026-02-29"}})",
       "calendar.from: \"2026-02-29\": write a day as"},
      {R"({"calendar": {"unit": "months", "on": 1}})", "calendar.on: \"1\": there is no such key"},
      {R"({"any_of": {}})", "any_of: \"{}\": write an array of triggers"},
      {R"({"any_of": []})", "any_of: give 1 to 64 triggers; these are 0"},
      {R"({"any_of": ["@daily", 5]})", "any_of[1]: \"5\": write an object"},
      {R"({"any_of": ["@daily", {}]})", "any_of[1]: write one of the keys"},
      {R"({"any_of": ["@daily", "0 25 * * *"]})", "any_of[1]: \"25\" (column 3): an hour is 0 to 23"},
      {R"({"any_of": ["@daily", {"all_of": [{"cron": "@daily", "zone": "Mars"}]}]})",
       "any_of[1].all_of[0].zone: \"Mars\": there is no zone of this name"},
      {'"' + std::string(100'000, ' ') + '"', "a trigger's JSON has at most 100000 bytes"},
  };
  for (const auto& [text, message] : all) {
    const auto made = ta::trigger::parse_json(text);
    BOOST_TEST((!made && made.error().code == ta::errc::invalid_argument), text.substr(0, 80));
    BOOST_TEST(refusal(made).starts_with(message), text.substr(0, 80) << ": " << refusal(made));
  }
}

BOOST_AUTO_TEST_CASE(a_given_zone_that_is_wrong_has_no_column) {
  BOOST_TEST(refusal(ta::trigger::parse("@daily", "Mars")).starts_with("zone: \"Mars\": there is no zone"));
  BOOST_TEST(refusal(ta::trigger::parse_json(R"({"every": "5m"})", "Mars"))
                 .starts_with("zone: \"Mars\": there is no zone"));
}

BOOST_AUTO_TEST_CASE(what_is_too_large_or_too_deep_is_refused_at_once) {
  BOOST_TEST(refusal(std::string(10'001, ' ')) == "column 10001: a trigger's text has at most 10000 bytes");
  std::string deep = "@daily", json = R"("@daily")";
  for (int i = 0; i < 15; ++i) {
    deep = "any_of(" + deep + ')';
    json = R"({"all_of": [)" + json + "]}";
  }
  BOOST_TEST(ta::trigger::parse(deep).has_value());
  BOOST_TEST(ta::trigger::parse_json(json).has_value());
  BOOST_TEST(refusal("any_of(" + deep + ')').find("at most 16 levels of any_of and all_of")
             != std::string::npos);
  BOOST_TEST(refusal(ta::trigger::parse_json(R"({"all_of": [)" + json + "]}")).find("at most 16 levels")
             != std::string::npos);
  for (int i = 0; i < 300; ++i) {
    deep = "any_of(" + deep + ')';
    json = R"({"all_of": [)" + json + "]}";
  }
  BOOST_TEST(refusal(deep).find("at most 16 levels of any_of and all_of") != std::string::npos);
  BOOST_TEST(refusal(ta::trigger::parse_json(json)).find("at most 16 levels") != std::string::npos);
  const std::vector<ta::trigger> many(64, parsed("@daily"));
  const std::vector<ta::trigger> groups(4, ta::trigger::any_of(many).value());
  BOOST_TEST(refusal(ta::trigger::any_of(groups))
             == "any_of: at most 16 levels of any_of and all_of, and 256 triggers in all");
}

BOOST_AUTO_TEST_CASE(a_count_that_takes_too_long_to_find_is_refused) {
  const std::string start = " start 2026-01-01T00:00:00Z";
  BOOST_TEST(ta::trigger::parse("* * * * * * count 100000" + start).has_value());
  std::string parts;
  for (int i = 0; i < 10; ++i)
    parts += (i ? "; " : "") + std::string{"*/5 * * * *"};
  BOOST_TEST(refusal("any_of(" + parts + ") count 100000" + start).find("give an end instead")
             != std::string::npos);
  parts.clear();
  for (int i = 0; i < 40; ++i) // each of them alone is all right
    parts += (i ? "; " : "") + std::string{"* * * * * count 100000"} + start;
  BOOST_TEST(refusal("any_of(" + parts + ')').find("give an end instead") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(what_cant_be_seen_is_shown_and_what_is_long_is_cut) {
  BOOST_TEST(refusal("at \x1b[2J").starts_with(R"("\x1b[2J" (column 4): )"));
  const auto message = refusal("at " + std::string(5000, 'x'));
  BOOST_TEST(message.starts_with('"' + std::string(80, 'x') + "...\" (column 4): "), message);
}

BOOST_AUTO_TEST_CASE(times_are_refused_unless_they_are_rfc_3339) {
  for (const auto* text : {"",
                           "2026",
                           "2026-03-29",
                           "2026-03-29T01:00:00",
                           "2026-03-29 01:00:00Z",
                           "2026-3-29T01:00:00Z",
                           "2026-03-29T01:00Z",
                           "2026-03-29T01:00:60Z",
                           "2026-03-29T24:00:00Z",
                           "2026-13-29T01:00:00Z",
                           "2026-00-29T01:00:00Z",
                           "2026-02-29T01:00:00Z",
                           "2026-02-00T01:00:00Z",
                           "2026-03-29T01:00:00.Z",
                           "2026-03-29T01:00:00.5",
                           "2026-03-29T01:00:00+24:00",
                           "2026-03-29T01:00:00+02",
                           "2026-03-29T01:00:00+02:60",
                           "2026-03-29T01:00:00+2:00",
                           "2026-03-29T01:00:00Zz",
                           "0000-01-01T00:00:00Z",
                           "0001-01-01T00:00:00+01:00",
                           "9999-12-31T23:59:59-00:01",
                           "-026-01-01T00:00:00Z",
                           "+2026-01-01T00:00:00Z",
                           "2026-03-29T 1:00:00Z"})
    BOOST_TEST(!ta::parse_rfc3339(text).has_value(), text);
  BOOST_TEST(ta::parse_rfc3339("x").error().message
             == R"("x" is no time; write it as 2026-03-29T01:00:00Z or ...+02:00)");
  BOOST_CHECK_THROW(ta::to_rfc3339(ta::fire_time{}, "Mars"), std::system_error);
}

BOOST_AUTO_TEST_SUITE_END()
