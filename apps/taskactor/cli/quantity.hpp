/// Durations and sizes as people write them on a command line.
#pragma once

#include <taskactor/duration.hpp>
#include <taskactor/limits.hpp>

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace taskactor::cli {

using taskactor::parse_duration;

/// "4096", "64K", "16M", "1G" (powers of 1024). None: not a size, or too large.
std::optional<std::size_t> parse_size(std::string_view text);

/// How many commands at once: "8", "0", and by the processors that there are "+2", "-1" (one at least),
/// "50%". None: not one of these.
std::optional<std::size_t> parse_jobs(std::string_view text, std::size_t processors);

/// "100/s", "30/m", "1/10s"; nothing, if it isn't one above zero.
std::optional<rate> parse_rate(std::string_view text);

/// For people: "0.012 s", "8.9 s", "1 min 23 s", "2 h 5 min".
std::string to_text(std::chrono::nanoseconds duration);

/// A limit that somebody has set, as exact as it was set: "0.3 s", "90 s", "1.5 s".
std::string limit_text(std::chrono::nanoseconds limit);

/// "16 MiB", "4096 bytes".
std::string size_text(std::size_t bytes);

} // namespace taskactor::cli
