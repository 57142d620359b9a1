/// What a trigger fires by, without its `start`, `end`, `count` and `jitter`.
#pragma once

#include "schedule/time_limits.hpp"
#include "schedule/zone_table.hpp"

#include <taskactor/schedule/fire.hpp>

#include <chrono>
#include <optional>

namespace taskactor::detail {

/// The next nominal time, or why there is none.
struct found_time {
  std::optional<fire_time> at{};
  no_fire why = no_fire::over;
  /// Without a time: up to here, exclusive, there is none for certain.
  fire_time known_until = no_time;
  /// The time on the wall that it stands in for, if clocks pass that over.
  std::optional<local_seconds> wanted{};

  static found_time none(no_fire why, fire_time known_until = no_time) { return {{}, why, known_until, {}}; }
};

/// How many searches there may yet be, of a trigger and of those in it, however deep: many more than the
/// 256 that there may be of these.
struct search_budget {
  std::size_t left = 100'000;
  bool take() noexcept { return left > 0 && left-- > 0; }
};

class plan {
public:
  plan() = default;
  plan(const plan&) = delete;
  plan& operator=(const plan&) = delete;
  virtual ~plan() = default;
  /// Later than `after`, which is of the years 1 to 9999, or the last moment before them.
  virtual found_time next(fire_time after, search_budget& budget) const = 0;
};

} // namespace taskactor::detail
