/// Durations in messages. Not for users.
#pragma once

#include <taskactor/expected.hpp>
#include <taskactor/time_span.hpp>

#include <chrono>
#include <optional>
#include <string>

namespace taskactor::detail {

/// "2 s", "150 ms", "1.5 s".
std::string to_text(std::chrono::nanoseconds duration);
/// The first thing wrong with a duration field, if any: "timeout: -5 s is negative; ...".
std::optional<rejection> check_duration(const char* field, const std::optional<time_span>& value);

} // namespace taskactor::detail
