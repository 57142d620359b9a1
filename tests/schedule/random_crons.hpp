/// Random cron expressions, each with what it means, said in the plainest way.
#pragma once

#include "schedule/wall_clock.hpp"

#include <array>
#include <chrono>
#include <functional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace schedule_tests {

struct civil_day {
  int year, month, day, weekday, length; ///< Sunday is 0; the month's length

  static civil_day of(seconds_count local) {
    const auto days
        = std::chrono::floor<std::chrono::days>(std::chrono::local_seconds{std::chrono::seconds{local}});
    const std::chrono::year_month_day date{days};
    const auto last
        = std::chrono::year_month_day_last{date.year(), std::chrono::month_day_last{date.month()}};
    return {static_cast<int>(date.year()), static_cast<int>(static_cast<unsigned>(date.month())),
            static_cast<int>(static_cast<unsigned>(date.day())),
            static_cast<int>(std::chrono::weekday{days}.c_encoding()),
            static_cast<int>(static_cast<unsigned>(last.day()))};
  }
  int weekday_of(int other) const { return ((weekday + other - day) % 7 + 7) % 7; }
  bool is_workday(int other) const { return weekday_of(other) != 0 && weekday_of(other) != 6; }
};

/// What one of the two fields of days means.
using day_rule = std::function<bool(const civil_day&)>;

struct random_cron {
  std::string text{};
  std::set<int> seconds{0}, minutes{}, hours{}, months{}, years{}; ///< of years none: all
  std::vector<day_rule> days{}, weekdays{};
  bool days_and_weekdays = false, by_elapsed_time = false;

  bool fires_on(const civil_day& date) const {
    const auto one_of = [&](const std::vector<day_rule>& rules) {
      return std::any_of(rules.begin(), rules.end(), [&](const day_rule& rule) { return rule(date); });
    };
    return months.contains(date.month) && (years.empty() || years.contains(date.year))
           && (days_and_weekdays ? one_of(days) && one_of(weekdays) : one_of(days) || one_of(weekdays));
  }
  /// Whether it names this time on the wall. Looks at the day once for all calls in a row of the same day.
  bool operator()(seconds_count local) {
    const auto today = (local - ((local % day) + day) % day) / day;
    if (today != day_) {
      day_ = today;
      on_day_ = fires_on(civil_day::of(local));
    }
    return on_day_ && fires_at(static_cast<std::size_t>(local - today * day));
  }

private:
  /// Kept for each second of a day, once it was asked for: the walk is long.
  bool fires_at(std::size_t time) {
    if (times_.empty()) {
      times_.resize(day);
      for (const int h : hours)
        for (const int m : minutes)
          for (const int s : seconds)
            times_[static_cast<std::size_t>(h * 3600 + m * 60 + s)] = 1;
    }
    return times_.data()[time] != 0;
  }

  seconds_count day_ = INT64_MIN;
  bool on_day_ = false;
  std::vector<char> times_{};
};

/// Makes them; the same ones for the same seed.
class cron_maker {
public:
  explicit cron_maker(std::uint64_t seed) : random_{seed} {}

  int below(int limit) { return static_cast<int>(random_() % static_cast<unsigned>(limit)); }
  bool one_in(int count) { return below(count) == 0; }

  random_cron make(bool with_seconds) {
    random_cron result;
    if (with_seconds) {
      result.seconds.clear();
      add(result, numbers({0, 59}, 2, result.seconds), true);
    }
    add(result, numbers({0, 59}, 4, result.minutes), true);
    add(result, numbers({0, 23}, 3, result.hours), true);
    const auto days = month_days(result.days);
    add(result, days, false);
    add(result, one_in(2) ? all({1, 12}, result.months) : numbers({1, 12, month_names}, 2, result.months),
        false);
    const auto weekdays = week_days(result.weekdays);
    add(result, weekdays, false);
    if (with_seconds && one_in(4))
      add(result, numbers({1970, 2037}, 3, result.years), false);
    result.days_and_weekdays = days.starts_with('*') || weekdays.starts_with('*');
    return result;
  }

private:
  struct range {
    int least, most;
    const char* const* names = nullptr;
  };

  static constexpr std::array<const char*, 12> months_{"jan", "feb", "mar", "apr", "may", "jun",
                                                       "jul", "aug", "sep", "oct", "nov", "dec"};
  static constexpr std::array<const char*, 7> weekdays_{"sun", "mon", "tue", "wed", "thu", "fri", "sat"};
  static constexpr const char* const* month_names = months_.data();

  static void add(random_cron& to, const std::string& field, bool of_the_clock) {
    to.text += (to.text.empty() ? "" : " ") + field;
    to.by_elapsed_time = to.by_elapsed_time || (of_the_clock && field.starts_with('*'));
  }

  std::string name(int value, range of) {
    if (!of.names || one_in(2))
      return std::to_string(value);
    std::string text = of.names[value - of.least];
    for (char& c : text)
      if (one_in(2))
        c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    return text;
  }

  std::string all(range of, std::set<int>& into) {
    for (int i = of.least; i <= of.most; ++i)
      into.insert(i);
    return "*";
  }

  /// One of a list.
  std::string item(range of, std::set<int>& into) {
    const int from = of.least + below(of.most - of.least + 1), to = from + below(of.most - from + 1);
    const int step = 1 + below(one_in(3) ? 40 : 7);
    switch (below(6)) {
    case 0:
      for (int i = of.least; i <= of.most; i += step)
        into.insert(i);
      return "*/" + std::to_string(step);
    case 1:
      for (int i = from; i <= to; i += step)
        into.insert(i);
      return name(from, of) + '-' + name(to, of) + '/' + std::to_string(step);
    case 2:
      for (int i = from; i <= to; ++i)
        into.insert(i);
      return name(from, of) + '-' + name(to, of);
    default:
      into.insert(from);
      return name(from, of);
    }
  }

  std::string numbers(range of, int most, std::set<int>& into) {
    if (one_in(8))
      return all(of, into);
    std::string text;
    for (int i = 1 + below(most); i > 0; --i)
      text += (text.empty() ? "" : ",") + item(of, into);
    return text;
  }

  std::string month_days(std::vector<day_rule>& into) {
    if (one_in(2)) {
      into.emplace_back([](const civil_day&) { return true; });
      return "*";
    }
    std::string text;
    for (int i = 1 + below(3); i > 0; --i)
      text += (text.empty() ? "" : ",") + month_day(into);
    return text;
  }

  std::string month_day(std::vector<day_rule>& into) {
    const int n = 1 + below(28);
    switch (below(8)) {
    case 0:
      into.emplace_back([](const civil_day& d) { return d.day == d.length; });
      return one_in(2) ? "L" : "l";
    case 1:
      into.emplace_back([n](const civil_day& d) { return d.day == d.length - n % 9 - 1; });
      return "L-" + std::to_string(n % 9 + 1);
    case 2:
      into.emplace_back([](const civil_day& d) {
        int last = d.length;
        while (!d.is_workday(last))
          --last;
        return d.day == last;
      });
      return "LW";
    case 3:
      into.emplace_back(
          [n](const civil_day& d) { // the nearest of the same month: look a day, then two, to each side
            for (const int other : {n, n - 1, n + 1, n - 2, n + 2})
              if (other >= 1 && other <= d.length && d.is_workday(other))
                return d.day == other;
            return false;
          });
      return std::to_string(n) + 'W';
    default:
      std::set<int> days;
      auto text = item({1, 31}, days);
      into.emplace_back([days](const civil_day& d) { return days.contains(d.day); });
      return text;
    }
  }

  std::string week_days(std::vector<day_rule>& into) {
    if (one_in(2)) {
      into.emplace_back([](const civil_day&) { return true; });
      return "*";
    }
    std::string text;
    for (int i = 1 + below(3); i > 0; --i)
      text += (text.empty() ? "" : ",") + week_day(into);
    return text;
  }

  std::string week_day(std::vector<day_rule>& into) {
    const int n = below(7), k = 1 + below(5);
    const range names{0, 6, weekdays_.data()};
    switch (below(6)) {
    case 0:
      into.emplace_back([n](const civil_day& d) { return d.weekday == n && d.day + 7 > d.length; });
      return name(n, names) + 'L';
    case 1:
      into.emplace_back([n, k](const civil_day& d) { return d.weekday == n && (d.day - 1) / 7 + 1 == k; });
      return name(n, names) + '#' + std::to_string(k);
    case 2:
      into.emplace_back([n](const civil_day& d) { return d.weekday == n; });
      return n == 0 ? "7" : name(n, names);
    default:
      std::set<int> days;
      auto text = item(names, days);
      into.emplace_back([days](const civil_day& d) { return days.contains(d.weekday); });
      return text;
    }
  }

  std::mt19937_64 random_;
};

} // namespace schedule_tests
