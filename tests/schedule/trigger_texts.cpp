// How triggers are written, as text and as JSON.
#include "schedule/fires.hpp"

#include <boost/test/unit_test.hpp>

#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace trigger_texts {

namespace ta = taskactor;
using namespace schedule_tests;

struct row {
  const char* given;
  const char* text;
  const char* json;
};

const std::vector<row> rows{
    {"0 9 * * mon-fri", "cron 0 9 * * mon-fri", R"({"cron":"0 9 * * mon-fri"})"},
    {" cron  0 \t9 * * MON-fri\t@  Europe/Berlin ", "cron 0 9 * * MON-fri @ Europe/Berlin",
     R"({"cron":"0 9 * * MON-fri","zone":"Europe/Berlin"})"},
    {"@daily @ UTC", "cron @daily", R"({"cron":"@daily"})"},
    {"at 2026-12-24T18:00 @ Europe/Berlin", "at 2026-12-24T18:00:00 @ Europe/Berlin",
     R"({"at":"2026-12-24T18:00:00","zone":"Europe/Berlin"})"},
    {"at 2026-12-24T18:00:00.5+01:00", "at 2026-12-24T17:00:00.5Z", R"({"at":"2026-12-24T17:00:00.5Z"})"},
    {"every 90", "every 90s", R"({"every":"90s"})"},
    {"every 1h30m", "every 90m", R"({"every":"90m"})"},
    {"every 36525d", "every 36525d", R"({"every":"36525d"})"},
    {"every 1d0h0m0.000001s", "every 86400000001us", R"({"every":"86400000001us"})"},
    {"every 1.5ms from 2026-01-01T00:00:00+01:00", "every 1500us from 2025-12-31T23:00:00Z",
     R"({"every":"1500us","from":"2025-12-31T23:00:00Z"})"},
    {"calendar month", "calendar 1 months at 00:00:00",
     R"({"calendar":{"every":1,"unit":"months","at":"00:00:00"}})"},
    {"calendar 2 months at 09:00 on last from 2026-01-31 fold both gap skip",
     "calendar 2 months on last at 09:00:00 from 2026-01-31 gap skip fold both",
     R"({"calendar":{"every":2,"unit":"months","day":"last","at":"09:00:00","from":"2026-01-31"},"gap":"skip","fold":"both"})"},
    {"calendar year on 3", "calendar 1 years on 3 at 00:00:00",
     R"({"calendar":{"every":1,"unit":"years","day":3,"at":"00:00:00"}})"},
    {"@hourly jitter 30 count 5 end 2027-01-01T00:00:00Z start 2026-01-01T00:00:00Z",
     "cron @hourly start 2026-01-01T00:00:00Z end 2027-01-01T00:00:00Z count 5 jitter 30s",
     R"({"cron":"@hourly","start":"2026-01-01T00:00:00Z","end":"2027-01-01T00:00:00Z","count":5,"jitter":"30s"})"},
    {"any_of ( 0 9 * * * ; all_of(every 5m;@hourly @ Asia/Tokyo) jitter 1m) @ Europe/Berlin",
     "any_of(cron 0 9 * * *; all_of(every 5m; cron @hourly @ Asia/Tokyo) jitter 1m) @ Europe/Berlin",
     R"({"any_of":[{"cron":"0 9 * * *"},{"all_of":[{"every":"5m"},{"cron":"@hourly","zone":"Asia/Tokyo"}],"jitter":"1m"}],"zone":"Europe/Berlin"})"},
};

} // namespace trigger_texts

BOOST_AUTO_TEST_SUITE(trigger_texts)
using namespace trigger_texts;

BOOST_AUTO_TEST_CASE(a_trigger_is_written_in_one_way) {
  for (const auto& [given, text, json] : rows) {
    const auto of = parsed(given);
    BOOST_TEST(of.to_text() == text);
    BOOST_TEST(of.to_json() == json);
    BOOST_TEST(parsed(text).to_text() == text);
    BOOST_TEST(ta::trigger::parse_json(json).value().to_text() == text);
  }
}

BOOST_AUTO_TEST_CASE(json_takes_texts_and_any_order) {
  const auto read = [](const char* json) { return ta::trigger::parse_json(json).value().to_text(); };
  BOOST_TEST(read(R"("0 9 * * * @ Asia/Tokyo")") == "cron 0 9 * * * @ Asia/Tokyo");
  BOOST_TEST(read(R"({"zone": "Asia/Tokyo", "cron": "@daily"})") == "cron @daily @ Asia/Tokyo");
  BOOST_TEST(read(R"({"any_of": ["every 5m", {"at": "2026-01-01T00:00"}]})")
             == "any_of(every 5m; at 2026-01-01T00:00:00)");
  BOOST_TEST(read(R"({"calendar": {"unit": "month", "day": 31}})") == "calendar 1 months on 31 at 00:00:00");
}

BOOST_AUTO_TEST_CASE(what_names_no_zone_gets_the_given_one) {
  const auto zoned
      = [](std::string_view text) { return ta::trigger::parse(text, "Asia/Tokyo").value().to_text(); };
  BOOST_TEST(zoned("@daily") == "cron @daily @ Asia/Tokyo");
  BOOST_TEST(zoned("@daily @ UTC") == "cron @daily");
  BOOST_TEST(zoned("any_of(@daily; @daily @ Europe/Berlin) @ UTC")
             == "any_of(cron @daily @ Asia/Tokyo; cron @daily @ Europe/Berlin)");
  BOOST_TEST(ta::trigger::parse_json(R"({"all_of": [{"cron": "@daily"}, "@daily @ UTC"]})", "Asia/Tokyo")
                 .value()
                 .to_text()
             == "all_of(cron @daily @ Asia/Tokyo; cron @daily) @ Asia/Tokyo");
  BOOST_TEST(parsed("@daily", "Asia/Tokyo").zone() == "Asia/Tokyo");
  BOOST_TEST(parsed("@daily").zone() == "UTC");
}

BOOST_AUTO_TEST_CASE(one_that_was_moved_from_is_as_it_was) {
  auto one = parsed("@daily"), other = parsed("@hourly");
  const auto taken = std::move(one);
  other = std::move(one);
  BOOST_TEST(one.to_text() == "cron @daily"); // NOLINT: that is what is tested
  BOOST_CHECK(taken == one && other == one);  // NOLINT
  BOOST_TEST(fires(one, instant("2026-01-01T12:00:00Z"), 1)
             == std::vector<std::string>{"2026-01-02T00:00:00Z"});
}

BOOST_AUTO_TEST_CASE(values_are_compared_as_they_are_written) {
  BOOST_CHECK(parsed("0 9 * * 1") == parsed("cron  0 9 * * 1 @ UTC"));
  BOOST_CHECK(!(parsed("0 9 * * 1") == parsed("0 9 * * mon")));
  std::ostringstream out;
  out << parsed("0 9 * * 1") << ' ' << ta::no_fire::over;
  BOOST_TEST(out.str() == "cron 0 9 * * 1 there are no more fires");
  // Of an API that counts finer than triggers do.
  BOOST_TEST(ta::trigger::cron("@daily", {.jitter = std::chrono::nanoseconds{1500}}).value().to_text()
             == "cron @daily jitter 1us");
  BOOST_TEST(ta::trigger::cron("@daily", {.jitter = std::chrono::nanoseconds{500}}).value().to_text()
             == "cron @daily");
}

BOOST_AUTO_TEST_SUITE_END()
