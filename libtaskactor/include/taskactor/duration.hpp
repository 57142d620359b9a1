/// Durations as people write them on a command line.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace taskactor {

/// "90", "1.5", "500ms", "2s", "1m" or "1min", "3h", "1d"; "1h30m", longest unit first; without a unit
/// seconds. Exact to the nanosecond. None: not a duration, or longer than 285 years.
std::optional<std::chrono::nanoseconds> parse_duration(std::string_view text);

} // namespace taskactor
