#include "comparison.hpp"

#include <algorithm>

namespace bench {

namespace {

/// What `compare` needs at each step.
struct run {
  taskactor::task_manager& tasks;
  const work& what;
  const contender& ours;
  const comparison_options& how;

  sample take(std::size_t repeat, const contender& who) const {
    how.on_sample(repeat, who);
    auto taken = measure(tasks, who, what, how.size_for(who));
    for (const auto* each : what.figures)
      cost(*each, taken, 1); // throws when it lacks one
    return taken;
  }
  side side_of(const contender& who) const { return {.tasks = what.tasks(how.size_for(who))}; }

  void repeat(std::size_t number, comparison& result) const {
    if (result.pairings.empty())
      result.ours.samples.push_back(take(number, ours));
    for (auto& each : result.pairings) {
      if (!each.trouble.empty())
        continue;
      auto own = take(number, ours);
      result.ours.samples.push_back(own);
      try {
        each.theirs.samples.push_back(take(number, *each.peer));
        each.ours.samples.push_back(std::move(own));
      } catch (const std::exception& error) {
        each.trouble = error.what();
      }
    }
  }
};

} // namespace

spread spread_of(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const auto middle = values.size() / 2;
  const auto median = values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
  return {median, values.front(), values.back()};
}

spread side::costs(const figure& what) const {
  std::vector<double> values(samples.size());
  std::transform(samples.begin(), samples.end(), values.begin(),
                 [&](const sample& each) { return cost(what, each, tasks); });
  return spread_of(std::move(values));
}

namespace {

/// `of` their cost and ours, for each pair of samples.
std::optional<spread> spread_of_pairs(const pairing& both, const figure& what, double (*of)(double, double)) {
  const auto &theirs = both.theirs, &ours = both.ours;
  if (theirs.samples.empty())
    return {};
  std::vector<double> values(theirs.samples.size());
  std::transform(theirs.samples.begin(), theirs.samples.end(), ours.samples.begin(), values.begin(),
                 [&](const sample& their, const sample& own) {
                   return of(cost(what, their, theirs.tasks), cost(what, own, ours.tasks));
                 });
  return spread_of(std::move(values));
}

} // namespace

std::optional<spread> pairing::ratio(const figure& what) const {
  return spread_of_pairs(*this, what, [](double their, double own) { return their / own; });
}

std::optional<spread> pairing::excess(const figure& what) const {
  return spread_of_pairs(*this, what, [](double their, double own) { return own - their; });
}

std::optional<spread> comparison::measured(const target& wanted) const {
  if (wanted.peer.empty())
    return ours.costs(*wanted.what);
  for (const auto& each : pairings)
    if (each.peer->name == wanted.peer)
      return wanted.beyond ? each.excess(*wanted.what) : each.ratio(*wanted.what);
  return {};
}

bool comparison::reached(const target& wanted) const {
  const auto found = measured(wanted);
  return found
         && (wanted.peer.empty() || wanted.beyond ? found->median <= wanted.value
                                                  : found->median >= wanted.value);
}

comparison compare(taskactor::task_manager& tasks, const work& what, const contender& ours,
                   const std::vector<contender>& peers, const comparison_options& how) {
  const run taken{tasks, what, ours, how};
  comparison result{.what = &what, .ours = taken.side_of(ours)};
  for (const auto& each : peers)
    if (each.does(what))
      result.pairings.push_back({.peer = &each, .ours = taken.side_of(ours), .theirs = taken.side_of(each)});
  for (std::size_t repeat = 1; repeat <= how.repeats; ++repeat)
    taken.repeat(repeat, result);
  return result;
}

} // namespace bench
