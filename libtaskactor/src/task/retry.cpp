#include <taskactor/retry.hpp>
#include <taskactor/task_options.hpp>

#include <algorithm>
#include <cmath>
#include <random>

namespace taskactor {

std::chrono::nanoseconds retry::wait_after(std::size_t failed) const noexcept {
  const auto exponent = static_cast<double>(failed == 0 ? 0 : failed - 1);
  const auto wait = static_cast<double>(first.count()) * std::pow(factor, exponent);
  if (!(wait < static_cast<double>(max.count()))) // also when it has overflown
    return std::min(max, first.count() == 0 ? first : max);
  return std::chrono::nanoseconds{static_cast<std::int64_t>(wait)};
}

retry_requested::retry_requested(time_span wait, const std::string& why)
    : std::runtime_error("another attempt was asked for" + (why.empty() ? why : ": " + why)), wait_(wait) {}

namespace detail {

std::optional<rejection> validate(const retry& options) {
  if (options.max_attempts == 0)
    return rejection{errc::invalid_argument, "retry.max_attempts: 0; give one (no retry) or more"};
  if (!(options.factor >= 1) || !std::isfinite(options.factor))
    return rejection{errc::invalid_argument,
                     "retry.factor: " + std::to_string(options.factor) + "; give one or more"};
  for (const auto& [name, value] : {std::pair{"retry.first", options.first},
                                    {"retry.max", options.max},
                                    {"retry.jitter", options.jitter}})
    if (auto wrong = check_duration(name, value))
      return wrong;
  return {};
}

std::chrono::nanoseconds random_below(std::chrono::nanoseconds limit) {
  if (limit.count() <= 0)
    return {};
  thread_local std::minstd_rand engine{std::random_device{}()};
  return std::chrono::nanoseconds{std::uniform_int_distribution<std::int64_t>{0, limit.count() - 1}(engine)};
}

} // namespace detail
} // namespace taskactor
