/// Durations as people write them on a command line.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace taskactor {

/// "90", "1.5", "500ms", "2s", "1m" or "1min", "3h", "1d"; without a unit seconds. None: not a duration, or
/// too long.
std::optional<std::chrono::nanoseconds> parse_duration(std::string_view text);

} // namespace taskactor
