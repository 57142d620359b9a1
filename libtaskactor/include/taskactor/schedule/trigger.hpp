/// `trigger`: when something is to be done, as a plain value. The library `taskactor::schedule`.
///
///     const auto t = ta::trigger::parse("cron 0 9 * * mon-fri @ Europe/Berlin").value();
///     if (const auto next = t.next(std::chrono::system_clock::now()))
///       std::cout << ta::to_rfc3339(next->nominal, t.zone()) << '\n';
///     for (const auto& each : t.preview(5, std::chrono::system_clock::now()).fires)
///       std::cout << each.local << ' ' << each.note << '\n';
///
/// | text                                                  | fires                                         |
/// |-------------------------------------------------------|-----------------------------------------------|
/// | `at 2026-12-24T18:00 @ Europe/Berlin`                 | once                                          |
/// | `every 90m from 2026-01-01T00:00:00Z`                 | by elapsed time, counted from there: no drift |
/// | `cron 0 9 * * mon-fri`; `cron` may be left out        | as cron does                                  |
/// | `calendar 2 months on last at 09:00 from 2026-01-31`  | every two months, counted from there          |
/// | `any_of(A; B)`                                        | when one of them does                         |
/// | `all_of(A; B)`                                        | when all do, at one time                      |
///
/// Behind each of them, in any order: `@ ZONE`, `gap at_end|shift|skip`, `fold first|second|both`,
/// `start TIME`, `end TIME`, `count N`, `jitter DURATION`: see `trigger_options`. As JSON they are
///
///     {"cron": "0 9 * * mon-fri", "zone": "Europe/Berlin", "jitter": "30s"}
///     {"any_of": [{"every": "90m", "from": "2026-01-01T00:00:00Z"}, {"at": "2026-12-24T18:00"}]}
///     {"calendar": {"every": 2, "unit": "months", "day": "last", "at": "09:00", "from": "2026-01-31"}}
///
/// A fire has a nominal time, which the next one is computed from, and a time when it is due, which
/// `jitter` moves. Those of cron and calendars are whole seconds.
///
/// Where clocks are changed, cron's fixed times and calendars fire as their `gap` and `fold` say. A cron
/// expression whose seconds, minutes or hours begin with `*` goes by elapsed time, as `every` does: nothing
/// is made up, and both copies of an hour count. A gap of more than three hours is never made up.
///
/// A zone's file ends somewhere, mostly with 2037, though its changes go on. What lies behind isn't guessed:
/// there is no next fire, and `no_fire::zone_data` says why. Zones are read once, from the system's tzdata;
/// UTC needs none.
///
/// Threads: any. Copies share what they are made of, which never changes.
#pragma once

#include <taskactor/expected.hpp>
#include <taskactor/schedule/fire.hpp>
#include <taskactor/schedule/fire_time.hpp>
#include <taskactor/schedule/trigger_options.hpp>

#include <chrono>
#include <cstddef>
#include <iosfwd>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace taskactor {

namespace detail {
struct trigger_core;
struct trigger_access;
} // namespace detail

class trigger {
public:
  // Whoever moves it copies it: there is no trigger without anything in it.
  trigger(const trigger&) = default;
  trigger& operator=(const trigger&) = default;
  ~trigger() = default;

  /// `zone` is that of what names none; empty: UTC. At most 10,000 bytes. Errors: `errc::invalid_argument`,
  /// with the column (in bytes, from 1 on), and what would be right.
  static expected<trigger> parse(std::string_view text, std::string_view zone = {});
  /// The same of an object of JSON, or of a string with a trigger's text; at most 100,000 bytes. Errors:
  /// `errc::invalid_argument`, with the path: "any_of[1].zone".
  static expected<trigger> parse_json(std::string_view text, std::string_view zone = {});

  static expected<trigger> at(fire_time when, trigger_options options = {});
  /// In the options' zone.
  static expected<trigger> at(wall_time when, trigger_options options = {});
  /// `anchor + k * interval`, k from zero on. Errors: also an interval below a millisecond or above 100
  /// years.
  static expected<trigger> every(std::chrono::microseconds interval, fire_time anchor = {},
                                 trigger_options options = {});
  /// 5 fields, 6 (seconds first) or 7 (year last), or a macro: `@daily`.
  static expected<trigger> cron(std::string_view expression, trigger_options options = {});
  static expected<trigger> calendar(calendar_interval interval, trigger_options options = {});
  /// 1 to 64 others, whose `jitter` doesn't count. Errors: also more than 16 levels, or 256 in all.
  static expected<trigger> any_of(std::vector<trigger> triggers, trigger_options options = {});
  static expected<trigger> all_of(std::vector<trigger> triggers, trigger_options options = {});

  /// The first whose nominal time is later than `after`. `name` is of whom the jitter is: a schedule's name.
  next_fire next(fire_time after, std::string_view name = {}) const;
  template <class Duration>
  next_fire next(std::chrono::sys_time<Duration> after, std::string_view name = {}) const {
    return next(detail::fire_time_of(after), name);
  }
  /// The first `count`, with notes; at most 100,000.
  trigger_preview preview(std::size_t count, fire_time after, std::string_view name = {}) const;
  template <class Duration>
  trigger_preview preview(std::size_t count, std::chrono::sys_time<Duration> after,
                          std::string_view name = {}) const {
    return preview(count, detail::fire_time_of(after), name);
  }

  /// Its zone's name; "UTC", unless it was given.
  const std::string& zone() const noexcept;
  /// What `parse`, without a zone of its own, makes the same trigger of.
  std::string to_text() const;
  /// What `parse_json` makes the same trigger of, in one line.
  std::string to_json() const;
  /// Written in the same way; `0 9 * * 1` and `0 9 * * mon` aren't.
  friend bool operator==(const trigger& a, const trigger& b) { return a.to_text() == b.to_text(); }

private:
  friend struct detail::trigger_access;
  explicit trigger(std::shared_ptr<const detail::trigger_core> core) noexcept;

  std::shared_ptr<const detail::trigger_core> core_;
};

std::ostream& operator<<(std::ostream& out, const trigger& t);

} // namespace taskactor
