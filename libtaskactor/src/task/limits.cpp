#include <taskactor/limits.hpp>
#include <taskactor/task_options.hpp>

namespace taskactor::detail {

std::optional<rejection> validate(const std::string& name, const limiter_options& options) {
  const auto refuse = [&](const std::string& what) {
    return rejection{errc::invalid_argument, "limiter \"" + name + "\": " + what};
  };
  if (name.empty())
    return refuse("it has no name");
  if (!options.capacity && !options.rate)
    return refuse("it limits nothing; set capacity, rate, or both");
  if (!options.rate)
    return {};
  if (options.rate->count == 0)
    return refuse("rate.count: 0; give one or more");
  if (options.rate->period.count() <= 0)
    return refuse("rate.period: " + to_text(options.rate->period) + "; give more than zero");
  if (options.rate->burst == 0)
    return refuse("rate.burst: 0; give one or more");
  return {};
}

} // namespace taskactor::detail
