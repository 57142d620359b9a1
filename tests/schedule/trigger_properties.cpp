// Random triggers of all kinds: what they fire at, against the plainest way to say it; and that text and
// JSON are read as they were written.
#include "schedule/fires.hpp"
#include "schedule/random_crons.hpp"
#include "schedule/wall_clock.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

namespace trigger_properties {

namespace ta = taskactor;
using namespace schedule_tests;
using namespace std::chrono_literals;

constexpr seconds_count year_2026 = 20'454 * day;

ta::fire_time some_time(cron_maker& random) {
  return at(year_2026 + random.below(3000) * day + random.below(86'400))
         + std::chrono::microseconds{random.below(4) * 250'000};
}

std::chrono::local_days some_day(cron_maker& random) {
  return std::chrono::local_days{std::chrono::days{random.below(24'000)}};
}

ta::calendar_interval some_calendar(cron_maker& random) {
  ta::calendar_interval of{.every = 1 + random.below(random.one_in(4) ? 40 : 3),
                           .unit = static_cast<ta::calendar_unit>(random.below(4)),
                           .from = random.one_in(5) ? std::chrono::local_days{} : some_day(random)};
  if (of.unit >= ta::calendar_unit::months && random.one_in(2))
    of.day = static_cast<unsigned>(random.below(32));
  of.at = std::chrono::seconds{random.below(1440) * 60};
  if (random.one_in(2)) // where clocks are mostly changed
    of.at = std::chrono::seconds{random.below(8) * 1800};
  return of;
}

/// Whether an interval of the calendar fires on this day.
bool is_day_of(const ta::calendar_interval& of, std::chrono::local_days date) {
  if (date < of.from)
    return false;
  const auto shown = civil_day::of(date.time_since_epoch() / 1s),
             first = civil_day::of(of.from.time_since_epoch() / 1s);
  const auto days = (date - of.from).count();
  const int months = (shown.year - first.year) * 12 + shown.month - first.month;
  const int on = of.day ? (*of.day == 0 ? shown.length : static_cast<int>(*of.day)) : first.day;
  switch (of.unit) {
  case ta::calendar_unit::days:
    return days % of.every == 0;
  case ta::calendar_unit::weeks:
    return days % (7 * of.every) == 0;
  case ta::calendar_unit::months:
    return shown.day == on && months % of.every == 0;
  case ta::calendar_unit::years:
    return shown.day == on && months % (12 * of.every) == 0;
  }
  return false;
}

ta::trigger_options some_options(cron_maker& random, bool on_the_wall) {
  ta::trigger_options options;
  const std::vector<std::string> zones{"", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe",
                                       "Asia/Kolkata"};
  options.zone = zones[static_cast<std::size_t>(random.below(5))];
  if (on_the_wall && random.one_in(3))
    options.gap = static_cast<ta::gap_policy>(random.below(3));
  if (on_the_wall && random.one_in(3))
    options.fold = static_cast<ta::fold_policy>(random.below(3));
  if (random.one_in(3))
    options.start = some_time(random);
  if (random.one_in(4))
    options.end = options.start.value_or(some_time(random)) + std::chrono::days{random.below(2000)};
  if (options.start && random.one_in(3))
    options.count = 1 + static_cast<std::size_t>(random.below(30));
  if (random.one_in(3))
    options.jitter = std::chrono::microseconds{random.one_in(2) ? random.below(1000) * 1'000'000LL
                                                                : random.below(1'000'000)};
  return options;
}

/// Of any kind. What can't be made, as a day that no month has, isn't.
ta::trigger some_trigger(cron_maker& random, int levels = 2) {
  for (;;) {
    const int kind = random.below(levels > 0 ? 6 : 5);
    const auto options = some_options(random, kind != 0 && kind != 1 && kind != 5);
    const auto made = [&]() -> ta::expected<ta::trigger> {
      switch (kind) {
      case 0:
        return ta::trigger::at(some_time(random), options);
      case 1: {
        const auto unit
            = std::vector<std::int64_t>{1, 1000, 1'000'000, 60'000'000, 3'600'000'000, 86'400'000'000}
                [static_cast<std::size_t>(random.below(6))];
        return ta::trigger::every(std::chrono::microseconds{1000 + random.below(50'000) * unit},
                                  random.one_in(2) ? ta::fire_time{} : some_time(random), options);
      }
      case 2:
        return ta::trigger::at(
            ta::wall_time{std::chrono::floor<std::chrono::seconds>(some_time(random)).time_since_epoch()},
            options);
      case 3:
        return ta::trigger::cron(random.make(random.one_in(3)).text, options);
      case 4:
        return ta::trigger::calendar(some_calendar(random), options);
      default:
        std::vector<ta::trigger> parts;
        for (int i = 1 + random.below(4); i > 0; --i)
          parts.push_back(some_trigger(random, levels - 1));
        return random.one_in(2) ? ta::trigger::any_of(parts, options) : ta::trigger::all_of(parts, options);
      }
    }();
    if (made)
      return *made;
  }
}

/// The next fires of both are the same, or both have none for the same reason.
bool fire_alike(const ta::trigger& a, const ta::trigger& b) {
  auto after = at(year_2026);
  for (int i = 0; i < 5; ++i) {
    const auto one = a.next(after, "name"), other = b.next(after, "name");
    if (one.found.has_value() != other.found.has_value())
      return false;
    if (!one)
      return one.why == other.why;
    if (one->nominal != other->nominal || one->due != other->due)
      return false;
    after = one->nominal;
  }
  return true;
}

} // namespace trigger_properties

BOOST_AUTO_TEST_SUITE(trigger_properties)
using namespace trigger_properties;

BOOST_AUTO_TEST_CASE(random_calendars_fire_when_a_walk_over_all_minutes_says) {
  const auto zones = all_zones();
  int fired = 0, changes = 0;
  for (int i = 0; i < 500; ++i) {
    cron_maker random{2'000'000'000U + static_cast<unsigned>(i)};
    const auto& name = zones[static_cast<std::size_t>(random.below(static_cast<int>(zones.size())))];
    const auto of = some_calendar(random);
    const walk_policies policies{static_cast<ta::gap_policy>(random.below(3)),
                                 static_cast<ta::fold_policy>(random.below(3))};
    const auto made = ta::trigger::calendar(of, {.zone = name, .gap = policies.gap, .fold = policies.fold});
    if (!made) {
      BOOST_TEST((of.day.value_or(0) > 28), made.error()); // of February, or 31 of short months
      continue;
    }
    const c_zone zone{name};
    const seconds_count from = 1000 * day + random.below(23'000) * day,
                        middle = zone.change(from, from + 200 * day, 6 * hour);
    const auto periods = clock_periods(zone, middle - 102 * day, middle + 102 * day);
    if (!std::all_of(periods.begin(), periods.end(),
                     [](const auto& each) { return each.begin % minute == 0 && each.offset % minute == 0; }))
      continue;
    seconds_count today = INT64_MIN;
    bool on_day = false;
    const auto wanted = walk(periods, minute, 2 * day, policies, [&](seconds_count local) {
      const auto date
          = std::chrono::floor<std::chrono::days>(std::chrono::local_seconds{std::chrono::seconds{local}});
      if (const auto number = date.time_since_epoch().count(); number != today) {
        today = number;
        on_day = is_day_of(of, date);
      }
      return on_day && local - today * day == of.at.count();
    });
    const auto found = asked(*made, middle - 100 * day, middle + 100 * day);
    BOOST_TEST_REQUIRE((wanted == found), made->to_text() << difference(wanted, found));
    fired += static_cast<int>(found.size());
    changes += static_cast<int>(periods.size()) - 1;
  }
  BOOST_TEST((fired > 500 && changes > 100));
}

BOOST_AUTO_TEST_CASE(any_of_is_the_union_and_all_of_what_all_have) {
  int common = 0;
  for (int i = 0; i < 300; ++i) {
    cron_maker random{3'000'000'000U + static_cast<unsigned>(i)};
    const auto begin = year_2026 + random.below(1000) * day, end = begin + 3 * day;
    std::vector<ta::trigger> parts;
    instants all, each;
    for (int k = 2 + random.below(3); k > 0; --k) {
      const auto part = random.one_in(3)
                            ? ta::trigger::every(std::chrono::minutes{1 + random.below(20)})
                            : ta::trigger::cron("*/" + std::to_string(1 + random.below(15)) + " * * * *");
      parts.push_back(part.value());
      const auto of_part = asked(parts.back(), begin, end);
      if (instants more; all.empty())
        all = of_part;
      else {
        std::set_intersection(all.begin(), all.end(), of_part.begin(), of_part.end(),
                              std::back_inserter(more));
        all = more;
      }
      instants both;
      std::set_union(each.begin(), each.end(), of_part.begin(), of_part.end(), std::back_inserter(both));
      each = both;
    }
    const auto any_of = ta::trigger::any_of(parts).value(), all_of = ta::trigger::all_of(parts).value();
    BOOST_TEST_REQUIRE((asked(any_of, begin, end) == each), any_of.to_text());
    BOOST_TEST_REQUIRE((asked(all_of, begin, end) == all), all_of.to_text());
    common += static_cast<int>(all.size());
  }
  BOOST_TEST(common > 1000);
}

BOOST_AUTO_TEST_CASE(start_end_and_count_leave_of_a_trigger_what_lies_within) {
  int fired = 0;
  for (int i = 0; i < 500; ++i) {
    cron_maker random{4'000'000'000U + static_cast<unsigned>(i)};
    const auto text = random.make(false).text;
    const auto bare = ta::trigger::cron(text, {.zone = "Europe/Berlin"});
    if (!bare)
      continue;
    const auto begin = year_2026 + random.below(500) * day, start = begin + random.below(30) * day,
               end = start + random.below(30) * day;
    auto wanted = asked(*bare, start, end + 1);
    const auto count = static_cast<std::size_t>(random.below(20));
    if (count > 0 && wanted.size() > count)
      wanted.resize(count);
    const auto bounded
        = ta::trigger::cron(text,
                            {.zone = "Europe/Berlin", .start = at(start), .end = at(end), .count = count})
              .value();
    const auto found = asked(bounded, begin, begin + 100 * day);
    BOOST_TEST_REQUIRE((wanted == found), bounded.to_text() << difference(wanted, found));
    fired += static_cast<int>(found.size());
  }
  BOOST_TEST(fired > 1000);
}

BOOST_AUTO_TEST_CASE(rare_days_are_found_centuries_ahead) {
  int far = 0;
  const auto compare = [&](const random_cron& cron, seconds_count from) {
    const auto made = ta::trigger::cron(cron.text);
    if (!made)
      return;
    auto wanted = from;
    do
      wanted += day;
    while (!cron.fires_on(civil_day::of(wanted)));
    BOOST_TEST_REQUIRE((made->next(at(from))->nominal == at(wanted)),
                       cron.text << " from " << ta::to_rfc3339(at(from)));
    far += wanted - from > 700 * day;
  };
  for (int i = 0; i < 200; ++i) {
    cron_maker random{5'000'000'000U + static_cast<unsigned>(i)};
    auto cron = random.make(false);
    cron.text = "0 0 " + cron.text.substr(cron.text.find(' ', cron.text.find(' ') + 1) + 1);
    compare(cron, (random.below(400) - 200) * 365 * day);
  }
  for (int weekday = 0; weekday < 7; ++weekday)
    for (int century = -4; century < 20; ++century) { // a leap day on this weekday: 28 or 40 years apart
      random_cron cron;
      cron.text = "0 0 * 2 " + std::to_string(weekday) + "#5";
      cron.months = {2};
      cron.days_and_weekdays = true;
      cron.days.emplace_back([](const civil_day&) { return true; });
      cron.weekdays.emplace_back([=](const civil_day& d) { return d.weekday == weekday && d.day == 29; });
      compare(cron, century * 36'500 * day);
    }
  BOOST_TEST(far > 150);
  BOOST_TEST(fires("0 0 29 2 sun#5", "2200-01-01T00:00:00Z", 1).size() == 1U);
  BOOST_TEST((fires("0 0 0 29 feb * 9990-9999", "1970-01-01T00:00:00Z")
              == std::vector<std::string>{"9992-02-29T00:00:00Z", "9996-02-29T00:00:00Z"}));
}

BOOST_AUTO_TEST_CASE(what_is_written_is_read_as_the_same_trigger) {
  for (int i = 0; i < 2000; ++i) {
    cron_maker random{6'000'000'000U + static_cast<unsigned>(i)};
    const auto of = some_trigger(random);
    const auto text = of.to_text(), json = of.to_json();
    const auto by_text = ta::trigger::parse(text), by_json = ta::trigger::parse_json(json);
    BOOST_TEST_REQUIRE(by_text.has_value(), text << ": " << refusal(by_text));
    BOOST_TEST_REQUIRE(by_json.has_value(), json << ": " << refusal(by_json));
    BOOST_TEST_REQUIRE(by_text->to_text() == text);
    BOOST_TEST_REQUIRE(by_json->to_text() == text);
    BOOST_TEST_REQUIRE(by_text->to_json() == json);
    BOOST_TEST_REQUIRE((*by_text == of && *by_json == of));
    if (i % 10 == 0)
      BOOST_TEST_REQUIRE((fire_alike(of, *by_text) && fire_alike(of, *by_json)), text);
  }
}

BOOST_AUTO_TEST_CASE(a_damaged_text_is_read_or_refused_and_nothing_else) {
  int refused = 0;
  for (int i = 0; i < 5000; ++i) {
    cron_maker random{7'000'000'000U + static_cast<unsigned>(i)};
    const auto of = some_trigger(random);
    const bool is_json = random.one_in(2);
    auto text = is_json ? of.to_json() : of.to_text();
    for (int k = 1 + random.below(3); k > 0 && !text.empty(); --k) {
      const auto place = static_cast<std::size_t>(random.below(static_cast<int>(text.size())));
      if (random.one_in(2))
        text.erase(place, 1);
      else
        text[place] = "0123456789 ;()@*-,/#LW\"{}[]:.TZ\xff\n"[random.below(33)];
    }
    const auto made = is_json ? ta::trigger::parse_json(text) : ta::trigger::parse(text);
    refused += !made;
    if (!made)
      BOOST_TEST_REQUIRE((made.error().code == ta::errc::invalid_argument && !made.error().message.empty()));
    else
      BOOST_TEST_REQUIRE(ta::trigger::parse(made->to_text()).value().to_text() == made->to_text(), text);
  }
  BOOST_TEST((refused > 1000 && refused < 5000));
}

BOOST_AUTO_TEST_SUITE_END()
