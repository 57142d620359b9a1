#include <taskactor/retry.hpp>

namespace taskactor {

retry_requested::retry_requested(time_span wait, const std::string& why)
    : std::runtime_error("another attempt was asked for" + (why.empty() ? why : ": " + why)), wait_(wait) {}

namespace detail {

std::optional<rejection> validate(const retry& options) {
  if (options.max_attempts == 0)
    return rejection{errc::invalid_argument, "retry.max_attempts: 0; give one (no retry) or more"};
  return validate("retry.backoff", options.backoff);
}

} // namespace detail
} // namespace taskactor
