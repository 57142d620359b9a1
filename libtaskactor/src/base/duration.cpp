#include <taskactor/duration.hpp>

#include <array>
#include <cstdint>

namespace taskactor {

namespace {

__extension__ using wide = __int128;

constexpr std::int64_t second = 1'000'000'000,
                       longest = 9'000'000'000; // nanoseconds; seconds: what 64 bits hold

struct unit {
  std::string_view name;
  std::int64_t nanoseconds;
};
/// Longest first: those of one text come in this order.
constexpr std::array<unit, 7> units{{{"d", 86'400 * second},
                                     {"h", 3600 * second},
                                     {"min", 60 * second},
                                     {"m", 60 * second},
                                     {"s", second},
                                     {"ms", 1'000'000},
                                     {"us", 1000}}};

/// Takes the digits off the front of a text.
std::string_view take_digits(std::string_view& text) {
  const auto digits = text.substr(0, text.find_first_not_of("0123456789"));
  text.remove_prefix(digits.size());
  return digits;
}

/// Of so many of a unit, in nanoseconds; what is less than one is left out.
std::optional<wide> product(std::string_view whole, std::string_view part, std::int64_t each) {
  wide sum = 0;
  for (const char digit : whole)
    if (sum = sum * 10 + (digit - '0'); sum * each > wide{longest} * second)
      return {};
  sum *= each;
  wide parts = 0, of = 1;
  for (const char digit : part.substr(0, 18)) {
    parts = parts * 10 + (digit - '0');
    of *= 10;
  }
  return sum + parts * each / of;
}

} // namespace

std::optional<std::chrono::nanoseconds> parse_duration(std::string_view text) {
  wide sum = 0;
  std::int64_t shorter_than = INT64_MAX;
  do {
    const auto whole = take_digits(text);
    std::string_view part;
    if (text.starts_with('.')) {
      text.remove_prefix(1);
      part = take_digits(text);
    }
    if (whole.empty() && part.empty())
      return {};
    const auto name = text.substr(0, text.find_first_of(".0123456789"));
    text.remove_prefix(name.size());
    std::int64_t each = 0;
    for (const auto& [of, nanoseconds] : units)
      if (name == of && nanoseconds < shorter_than)
        each = nanoseconds;
    if (name.empty() && shorter_than == INT64_MAX && text.empty())
      each = second;
    const auto more = each ? product(whole, part, each) : std::nullopt;
    if (!more || (sum += *more) > wide{longest} * second)
      return {};
    shorter_than = each;
  } while (!text.empty());
  return std::chrono::nanoseconds{static_cast<std::int64_t>(sum)};
}

} // namespace taskactor
