#include <taskactor/detail/json_text.hpp>
#include <taskactor/detail/json_value.hpp>

#include <cmath>
#include <stdexcept>

namespace taskactor::detail {

namespace {

constexpr std::size_t most_levels = 200; // printing recurses; no frame or worker takes more

[[noreturn]] void refuse(const char* what) { throw std::invalid_argument{what}; }

/// Bytes become the array of numbers that they are taken from.
json printable(const json& value, std::size_t levels) {
  if (levels == 0)
    refuse("it is nested more than 200 levels deep");
  if (value.is_number_float() && !std::isfinite(value.get<double>()))
    refuse("JSON has no number that is infinite, or none (NaN)");
  if (value.is_discarded())
    refuse("it is no value");
  if (value.is_binary() && value.get_binary().has_subtype())
    refuse("JSON has no bytes with a subtype");
  if (value.is_binary())
    return std::vector<std::uint8_t>{value.get_binary()};
  if (!value.is_structured())
    return value;
  auto result = value.is_array() ? json::array() : json::object();
  for (const auto& [key, part] : value.items())
    if (value.is_array())
      result.push_back(printable(part, levels - 1));
    else
      result[key] = printable(part, levels - 1);
  return result;
}

} // namespace

std::string json_text(const json& value) {
  try {
    return printable(value, most_levels).dump();
  } catch (const json::exception& error) {
    throw std::invalid_argument{plain_text(error)};
  }
}

} // namespace taskactor::detail
