#include <taskactor/detail/duration_text.hpp>

#include <array>
#include <cstdio>
#include <string>
#include <utility>

namespace taskactor::detail {

std::string to_text(std::chrono::nanoseconds duration) {
  static constexpr std::array<std::pair<double, const char*>, 4> units{
      {{1e9, "s"}, {1e6, "ms"}, {1e3, "us"}, {1, "ns"}}};
  const auto count = static_cast<double>(duration.count());
  for (const auto& [size, name] : units) {
    if (count >= size || count <= -size) {
      std::array<char, 64> text{};
      std::snprintf(text.data(), text.size(), "%.6g %s", count / size, name);
      return text.data();
    }
  }
  return "0 s";
}

std::optional<rejection> check_duration(const char* field, const std::optional<time_span>& value) {
  if (!value || value->count() >= 0)
    return {};
  return rejection{errc::invalid_argument, std::string{field} + ": " + to_text(*value)
                                               + " is negative; give zero or more, or leave it unset"};
}

} // namespace taskactor::detail
