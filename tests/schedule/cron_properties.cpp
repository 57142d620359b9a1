// Random cron expressions in random zones, around changes of clocks, against a walk over each minute or
// second. TASKACTOR_TRIGGER_CASES in the environment: how many (2000), TASKACTOR_TRIGGER_SEED: others.
#include "schedule/random_crons.hpp"
#include "schedule/wall_clock.hpp"

#include <boost/test/unit_test.hpp>

#include <cstdlib>

namespace cron_properties {

namespace ta = taskactor;
using namespace schedule_tests;

std::uint64_t number_of(const char* variable, std::uint64_t otherwise) {
  const auto* text = std::getenv(variable);
  return text ? std::stoull(text) : otherwise;
}

constexpr seconds_count first_day = 10 * day, last_day = 24'700 * day; // 1970-01-11 and 2037-08-17

struct random_case {
  std::string zone;
  seconds_count middle;
};

/// Mostly at a change of clocks.
seconds_count some_middle(cron_maker& random, const c_zone& zone) {
  const auto from = first_day + random.below(static_cast<int>((last_day - first_day) / day)) * day;
  const auto to = std::min(from + 200 * day, last_day);
  const auto change = zone.change(from, to, 6 * hour);
  return change < to ? change : from;
}

/// A field of policies that is unset in every other case.
template <class Policy>
std::optional<Policy> some_policy(cron_maker& random) {
  return random.one_in(2) ? std::nullopt : std::optional{static_cast<Policy>(random.below(3))};
}

walk_policies policies_of(const ta::trigger_options& options, bool by_elapsed_time) {
  return {options.gap.value_or(by_elapsed_time ? ta::gap_policy::skip : ta::gap_policy::at_end),
          options.fold.value_or(by_elapsed_time ? ta::fold_policy::both : ta::fold_policy::first)};
}

/// Whether there is a day that it names, in 40 years of which each kind is one, or in the years that it
/// lists.
bool fires_at_all(const random_cron& cron) {
  const int from = cron.years.empty() ? 2000 : 1970, to = cron.years.empty() ? 2040 : 2038;
  const auto first = std::chrono::local_days{std::chrono::year{from} / 1 / 1};
  const auto last = std::chrono::local_days{std::chrono::year{to} / 1 / 1};
  for (auto date = first; date < last; date += std::chrono::days{1})
    if (cron.fires_on(civil_day::of(date.time_since_epoch() / std::chrono::seconds{1})))
      return true;
  return false;
}

/// How often clocks were changed in what was compared, and how often it fired.
struct tally {
  int changes = 0, fires = 0, refused = 0;
};

void compare(cron_maker& random, const std::string& zone_name, tally& sum) {
  const bool with_seconds = random.one_in(20);
  auto cron = random.make(with_seconds);
  ta::trigger_options options{.zone = zone_name,
                              .gap = some_policy<ta::gap_policy>(random),
                              .fold = some_policy<ta::fold_policy>(random)};
  const auto made = ta::trigger::cron(cron.text, options);
  if (!made) {
    BOOST_TEST_REQUIRE(!fires_at_all(cron), cron.text << ": " << made.error());
    ++sum.refused;
    return;
  }
  const c_zone zone{zone_name};
  const auto middle = some_middle(random, zone);
  seconds_count half = with_seconds ? 3 * hour : 30 * day, margin = with_seconds ? 8 * hour : 2 * day,
                unit = minute;
  auto periods = clock_periods(zone, middle - half - margin, middle + half + margin);
  const bool by_minutes = std::all_of(periods.begin(), periods.end(), [](const auto& each) {
    return each.begin % minute == 0 && each.offset % minute == 0;
  });
  if (with_seconds || !by_minutes) {
    unit = 1;
    half = 3 * hour;
    margin = 8 * hour;
    periods = clock_periods(zone, middle - half - margin, middle + half + margin);
  }
  const auto wanted = walk(periods, unit, margin, policies_of(options, cron.by_elapsed_time), cron);
  const auto found = asked(*made, middle - half, middle + half);
  BOOST_TEST_REQUIRE((wanted == found), made->to_text() << difference(wanted, found));
  sum.changes += static_cast<int>(periods.size()) - 1;
  sum.fires += static_cast<int>(found.size());
}

} // namespace cron_properties

BOOST_AUTO_TEST_SUITE(cron_properties)
using namespace cron_properties;

BOOST_AUTO_TEST_CASE(random_expressions_fire_when_a_walk_over_all_minutes_says) {
  const auto zones = all_zones();
  const auto cases = number_of("TASKACTOR_TRIGGER_CASES", 2000),
             seed = number_of("TASKACTOR_TRIGGER_SEED", 1);
  tally sum;
  for (std::uint64_t i = 0; i < cases; ++i) {
    cron_maker random{seed * 1'000'000 + i};
    const auto& zone = zones[static_cast<std::size_t>(random.below(static_cast<int>(zones.size())))];
    BOOST_TEST_CONTEXT("case " << i << " in " << zone)
    compare(random, zone, sum);
  }
  BOOST_TEST_MESSAGE(sum.changes << " changes, " << sum.fires << " fires, " << sum.refused << " refused");
  const auto some = static_cast<int>(cases / 4);
  BOOST_TEST((sum.changes > some && sum.fires > some && sum.refused < some));
}

BOOST_AUTO_TEST_SUITE_END()
