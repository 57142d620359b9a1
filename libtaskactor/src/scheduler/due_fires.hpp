/// Which fires of a trigger are to be done now, and which are missed. Nothing in it knows a clock.
#pragma once

#include <taskactor/schedule/schedule_options.hpp>
#include <taskactor/schedule/trigger.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace taskactor::detail {

struct late_rules {
  missed_policy missed = missed_policy::latest;
  std::chrono::microseconds window{};
  std::chrono::microseconds on_time{};
  std::size_t most = 100;

  bool is_late(const fire& which, fire_time now) const noexcept { return now - which.due > on_time; }
};

struct due_fires {
  std::vector<fire> to_do{}; ///< in their order
  std::uint64_t missed = 0;
  std::optional<fire_time> first_missed{}, last_missed{}; ///< nominal times
  fire_time passed{};                                     ///< the nominal time of the last of them all
  next_fire next{};                                       ///< what comes then
  std::size_t searches = 0;                               ///< what it took, about
};

/// `first` is due. So many searches at most, beyond those for `most` fires.
inline constexpr std::size_t most_counted = 10'000;
due_fires fires_due(const trigger& when, std::string_view name, const fire& first, fire_time now,
                    const late_rules& rules);

} // namespace taskactor::detail
