/// A zone's clocks as the C library shows them, and what fires by them: a slow walk over each minute, or
/// second, that shares nothing with what it is compared to but the files of zones.
#pragma once

#include "support/environment_variable.hpp"

#include <taskactor/schedule.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstdint>
#include <ctime>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace schedule_tests {

using seconds_count = std::int64_t; // since 1970, of UTC or of a clock on the wall

using instants = std::vector<seconds_count>; // in order, each once

inline constexpr seconds_count minute = 60, hour = 3600, day = 86'400;

/// The zone of a program's C library. One at a time.
class c_zone {
public:
  explicit c_zone(const std::string& name) : variable_{"TZ", ':' + name} { tzset(); }
  ~c_zone() { tzset(); }
  c_zone(const c_zone&) = delete;
  c_zone& operator=(const c_zone&) = delete;

  seconds_count offset(seconds_count utc) const {
    const auto when = static_cast<std::time_t>(utc);
    std::tm shown{};
    localtime_r(&when, &shown);
    return shown.tm_gmtoff;
  }
  /// The first moment in here at which the offset is another one than at its begin; its end, if there is
  /// none.
  seconds_count change(seconds_count begin, seconds_count end, seconds_count step) const {
    const auto before = offset(begin);
    auto low = begin;
    for (auto high = begin; high < end; low = high) {
      high = std::min(high + step, end);
      if (offset(high) == before)
        continue;
      while (high - low > 1) {
        const auto middle = low + (high - low) / 2;
        (offset(middle) == before ? low : high) = middle;
      }
      return high;
    }
    return end;
  }

private:
  test::environment_variable variable_;
};

struct clock_period {
  seconds_count begin, end, offset;
};

/// The clocks of a zone from `begin` to `end`; changes are at least half an hour apart.
inline std::vector<clock_period> clock_periods(const c_zone& zone, seconds_count begin, seconds_count end) {
  std::vector<clock_period> periods;
  while (begin < end) {
    const auto next = zone.change(begin, end, hour / 2);
    periods.push_back({begin, next, zone.offset(begin)});
    begin = next;
  }
  return periods;
}

struct walk_policies {
  taskactor::gap_policy gap = taskactor::gap_policy::at_end;
  taskactor::fold_policy fold = taskactor::fold_policy::first;
};

/// When clocks show a time that `wanted(local)` names, by the meaning of both policies. `unit`: 60 or 1,
/// what is walked by. The `margin` at each end of the periods only says what clocks have shown.
template <class Wanted>
instants walk(const std::vector<clock_period>& periods, seconds_count unit, seconds_count margin,
              walk_policies policies, Wanted&& wanted) {
  using taskactor::fold_policy;
  using taskactor::gap_policy;
  const auto begin = periods.front().begin, end = periods.back().end;
  const auto first_local = begin - 2 * day, count = (end - begin + 4 * day) / unit;
  std::vector<std::uint8_t> shown_times(static_cast<std::size_t>(count)),
      seen_times(static_cast<std::size_t>(count));
  auto* const shown = shown_times.data(); // unchecked: this is most of what the tests take
  auto* const seen = seen_times.data();
  for (const auto& each : periods)
    for (auto place = (each.begin + each.offset - first_local) / unit,
              last = place + (each.end - each.begin) / unit;
         place < last; ++place)
      ++shown[place];
  instants fires;
  const auto add = [&](seconds_count utc) {
    if (utc >= begin + margin && utc < end - margin)
      fires.push_back(utc);
  };
  const clock_period* before = nullptr;
  for (const auto& each : periods) {
    if (const auto gap = before ? each.offset - before->offset : 0;
        gap > 0 && gap <= 3 * hour && policies.gap != gap_policy::skip)
      for (auto local = each.begin + before->offset; local < each.begin + each.offset; local += unit)
        if (wanted(local))
          add(policies.gap == gap_policy::shift ? local - before->offset : each.begin);
    auto place = (each.begin + each.offset - first_local) / unit;
    for (auto utc = each.begin; utc < each.end; utc += unit, ++place) {
      const int copy = ++seen[place];
      if ((policies.fold == fold_policy::first && copy > 1)
          || (policies.fold == fold_policy::second && copy < shown[place]))
        continue;
      if (wanted(utc + each.offset))
        add(utc);
    }
    before = &each;
  }
  std::sort(fires.begin(), fires.end());
  fires.erase(std::unique(fires.begin(), fires.end()), fires.end());
  return fires;
}

inline taskactor::fire_time at(seconds_count utc) { return taskactor::fire_time{std::chrono::seconds{utc}}; }

/// What a trigger does from `begin` to `end`.
inline instants asked(const taskactor::trigger& of, seconds_count begin, seconds_count end) {
  instants fires;
  auto after = at(begin) - std::chrono::microseconds{1};
  const auto until = at(end);
  for (auto next = of.next(after); next && next->nominal < until; next = of.next(after)) {
    const auto micros = next->nominal.time_since_epoch().count();
    if (next->nominal <= after || micros % 1'000'000 != 0)
      BOOST_FAIL("not later, or no whole second: " << taskactor::to_rfc3339(next->nominal));
    after = next->nominal;
    fires.push_back(micros / 1'000'000);
  }
  return fires;
}

/// What is in one of them alone, for an error's text.
inline std::string difference(const instants& wanted, const instants& found) {
  std::ostringstream text;
  int shown = 0;
  for (const auto& [of, other, name] :
       {std::tuple{&wanted, &found, " missing: "}, {&found, &wanted, " too much: "}})
    for (const auto each : *of)
      if (!std::binary_search(other->begin(), other->end(), each) && ++shown < 6)
        text << name << taskactor::to_rfc3339(at(each));
  return text.str();
}

/// The names of all zones that differ since 1970.
inline std::vector<std::string> all_zones() {
  std::ifstream table{"/usr/share/zoneinfo/zone1970.tab"};
  std::vector<std::string> names{"UTC"};
  for (std::string line; std::getline(table, line);)
    if (!line.starts_with('#')) {
      std::istringstream words{line};
      std::string countries, place, name;
      words >> countries >> place >> name;
      names.push_back(name);
    }
  BOOST_REQUIRE(names.size() > 200);
  return names;
}

} // namespace schedule_tests
