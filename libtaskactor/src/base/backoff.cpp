#include <taskactor/backoff.hpp>
#include <taskactor/detail/duration_text.hpp>

#include <algorithm>
#include <cmath>
#include <random>
#include <utility>

namespace taskactor {

std::chrono::nanoseconds backoff::wait_after(std::size_t failures) const noexcept {
  const auto exponent = static_cast<double>(failures == 0 ? 0 : failures - 1);
  const auto wait = static_cast<double>(first.count()) * std::pow(factor, exponent);
  if (!(wait < static_cast<double>(max.count()))) // also when it has overflown
    return std::min(max, first.count() == 0 ? first : max);
  return std::chrono::nanoseconds{static_cast<std::int64_t>(wait)};
}

namespace detail {

std::optional<rejection> validate(const std::string& name, const backoff& options) {
  if (!(options.factor >= 1) || !std::isfinite(options.factor))
    return rejection{errc::invalid_argument,
                     name + ".factor: " + std::to_string(options.factor) + "; give one or more"};
  for (const auto& [field, value] :
       {std::pair{".first", options.first}, {".max", options.max}, {".jitter", options.jitter}})
    if (auto wrong = check_duration((name + field).c_str(), value))
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
