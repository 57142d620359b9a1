#include <taskactor/processors.hpp>

#include "base/processor_quota.hpp"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <exception>
#include <thread>
#include <vector>

#include <sched.h>

namespace taskactor {

namespace {

constexpr std::size_t most_processors = std::size_t{1} << 16;

/// Zero: the system doesn't say.
std::size_t allowed_by_affinity() {
  for (std::size_t count = 1024; count <= most_processors; count *= 2) {
    std::vector<cpu_set_t> sets((count + CPU_SETSIZE - 1) / CPU_SETSIZE);
    const auto size = sets.size() * sizeof(cpu_set_t);
    if (::sched_getaffinity(0, size, sets.data()) == 0)
      return static_cast<std::size_t>(CPU_COUNT_S(size, sets.data()));
    if (errno != EINVAL) // that says that there are more
      break;
  }
  return 0;
}

std::size_t paid_for() noexcept {
  try {
    if (const auto quota = detail::processor_quota(""))
      return static_cast<std::size_t>(
          std::ceil(std::clamp(*quota, 1.0, static_cast<double>(most_processors))));
  } catch (const std::exception&) { // no memory: as if nothing was said
  }
  return most_processors;
}

} // namespace

std::size_t usable_processors() noexcept {
  static const std::size_t paid = paid_for();
  std::size_t allowed = 0;
  try {
    allowed = allowed_by_affinity();
  } catch (const std::exception&) {
  }
  if (allowed == 0)
    allowed = std::thread::hardware_concurrency();
  return std::clamp<std::size_t>(allowed, 1, paid);
}

} // namespace taskactor
