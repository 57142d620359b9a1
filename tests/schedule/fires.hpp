/// What tests of triggers ask again and again.
#pragma once

#include <taskactor/schedule.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace schedule_tests {

inline taskactor::fire_time instant(std::string_view text) { return taskactor::parse_rfc3339(text).value(); }

inline taskactor::trigger parsed(std::string_view text, std::string_view zone = {}) {
  return taskactor::trigger::parse(text, zone).value();
}

/// The next `count` nominal times, fewer where it ends.
inline std::vector<std::string> fires(const taskactor::trigger& of, taskactor::fire_time after,
                                      std::size_t count) {
  std::vector<std::string> found;
  for (auto next = of.next(after); next && found.size() < count; next = of.next(next->nominal))
    found.push_back(taskactor::to_rfc3339(next->nominal));
  return found;
}
inline std::vector<std::string> fires(std::string_view text, std::string_view after, std::size_t count = 3) {
  return fires(parsed(text), instant(after), count);
}

/// Why there is no trigger of this.
inline std::string refusal(const taskactor::expected<taskactor::trigger>& made) {
  return made ? "made: " + made->to_text() : made.error().message;
}
inline std::string refusal(std::string_view text) { return refusal(taskactor::trigger::parse(text)); }

} // namespace schedule_tests
