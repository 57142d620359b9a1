#include <taskactor/log_level.hpp>

#include <iterator>

namespace taskactor {

namespace {

constexpr std::string_view names[] = {"debug", "info", "warn", "error", "off"};

} // namespace

std::string_view to_string(log_level level) noexcept {
  const auto place = static_cast<std::size_t>(level);
  return place < std::size(names) ? names[place] : "?";
}

std::optional<log_level> parse_log_level(std::string_view text) noexcept {
  for (std::size_t i = 0; i < std::size(names); ++i)
    if (text == names[i])
      return static_cast<log_level>(i);
  return {};
}

} // namespace taskactor
