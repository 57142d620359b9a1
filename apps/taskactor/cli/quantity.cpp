#include "cli/quantity.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <utility>

namespace taskactor::cli {

namespace {

constexpr std::pair<std::string_view, unsigned> shift_of[] = {{"", 0}, {"K", 10}, {"M", 20}, {"G", 30}};

std::string printed(const char* format, auto... values) {
  char buffer[64];
  const auto size = std::snprintf(buffer, sizeof buffer, format, values...);
  return {buffer, static_cast<std::size_t>(size)};
}

} // namespace

std::optional<std::size_t> parse_size(std::string_view text) {
  std::size_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc{})
    return {};
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  for (const auto& [unit, shift] : shift_of)
    if (text == unit && count <= std::numeric_limits<std::size_t>::max() >> shift)
      return count << shift;
  return {};
}

std::optional<rate> parse_rate(std::string_view text) {
  rate result;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), result.count);
  if (error != std::errc{} || result.count == 0 || end == text.data() + text.size() || *end != '/')
    return {};
  text.remove_prefix(static_cast<std::size_t>(end - text.data()) + 1);
  const bool bare = !text.empty() && (text.front() < '0' || text.front() > '9') && text.front() != '.';
  const auto period = text.empty() ? std::nullopt : parse_duration((bare ? "1" : "") + std::string{text});
  if (!period || period->count() == 0)
    return {};
  result.period = *period;
  return result;
}

std::optional<std::size_t> parse_jobs(std::string_view text, std::size_t processors) {
  const char sign = text.empty() ? '\0' : text.front();
  const bool relative = sign == '+' || sign == '-';
  text.remove_prefix(relative ? 1 : 0);
  const bool percent = !relative && text.ends_with('%');
  text.remove_suffix(percent ? 1 : 0);
  std::size_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()
      || count > std::numeric_limits<std::uint32_t>::max())
    return {};
  if (sign == '-')
    return processors > count ? processors - count : 1;
  if (percent)
    return std::max<std::size_t>(1, processors * count / 100);
  return sign == '+' ? processors + count : count;
}

std::string to_text(std::chrono::nanoseconds duration) {
  const auto seconds = std::chrono::duration<double>(duration).count();
  if (seconds < 10)
    return printed("%.3f s", seconds);
  if (seconds < 60)
    return printed("%.1f s", seconds);
  const auto whole = static_cast<long long>(seconds);
  if (whole < 3600)
    return printed("%lld min %lld s", whole / 60, whole % 60);
  return printed("%lld h %lld min", whole / 3600, whole / 60 % 60);
}

std::string limit_text(std::chrono::nanoseconds limit) {
  return printed("%.9g s", std::chrono::duration<double>(limit).count());
}

std::string size_text(std::size_t bytes) {
  for (const auto& [name, shift] : {std::pair{" GiB", 30u}, std::pair{" MiB", 20u}, std::pair{" KiB", 10u}})
    if (bytes != 0 && bytes % (std::size_t{1} << shift) == 0)
      return std::to_string(bytes >> shift) + name;
  return std::to_string(bytes) + " bytes";
}

} // namespace taskactor::cli
