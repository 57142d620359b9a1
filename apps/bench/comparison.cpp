#include "comparison.hpp"

#include <algorithm>

namespace bench {

namespace {

double median_of(const std::vector<sample>& samples, double sample::*field) {
  std::vector<double> values(samples.size());
  std::transform(samples.begin(), samples.end(), values.begin(), std::mem_fn(field));
  return spread_of(std::move(values)).median;
}

} // namespace

spread spread_of(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const auto middle = values.size() / 2;
  const auto median = values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
  return {median, values.front(), values.back()};
}

double side::per_second(std::size_t size) const {
  return static_cast<double>(size) / median_of(samples, &sample::seconds);
}

double side::cpu_us_per_task(std::size_t size) const {
  return median_of(samples, &sample::cpu_seconds) * 1e6 / static_cast<double>(size);
}

std::optional<spread> comparison::ratio() const {
  if (theirs.samples.empty())
    return {};
  std::vector<double> ratios(ours.samples.size());
  std::transform(theirs.samples.begin(), theirs.samples.end(), ours.samples.begin(), ratios.begin(),
                 [](const sample& peer, const sample& own) { return peer.seconds / own.seconds; });
  return spread_of(std::move(ratios));
}

bool comparison::reached() const {
  const auto measured = ratio();
  return measured && measured->median >= what->target;
}

comparison compare(taskactor::task_manager& tasks, const work& what, const contender& ours,
                   const std::optional<contender>& peer, const comparison_options& how) {
  comparison result{.what = &what, .size = how.size};
  for (std::size_t repeat = 1; repeat <= how.repeats; ++repeat) {
    if (how.on_repeat)
      how.on_repeat(repeat);
    result.ours.samples.push_back(measure(tasks, ours, what, how.size));
    if (peer)
      result.theirs.samples.push_back(measure(tasks, *peer, what, how.size));
  }
  return result;
}

} // namespace bench
