#include <taskactor/duration.hpp>

#include <charconv>
#include <cstdint>
#include <system_error>
#include <utility>

namespace taskactor {

namespace {

constexpr std::pair<std::string_view, double> seconds_of[] = {
    {"", 1.0},   {"us", 1e-6},  {"ms", 1e-3},  {"s", 1.0},
    {"m", 60.0}, {"min", 60.0}, {"h", 3600.0}, {"d", 86400.0},
};

constexpr double longest = 9e9; // seconds; what a count of nanoseconds can hold

} // namespace

std::optional<std::chrono::nanoseconds> parse_duration(std::string_view text) {
  double count = 0;
  const auto [end, error]
      = std::from_chars(text.data(), text.data() + text.size(), count, std::chars_format::fixed);
  if (error != std::errc{} || !(count >= 0))
    return {};
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  for (const auto& [unit, seconds] : seconds_of)
    if (text == unit && count * seconds < longest)
      return std::chrono::nanoseconds{static_cast<std::int64_t>(count * seconds * 1e9)};
  return {};
}

} // namespace taskactor
