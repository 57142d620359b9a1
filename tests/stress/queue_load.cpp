// Many runners in several processes: limits that are kept, and calls that come back in time.
#include "queue_stress.hpp"

#include <csignal>
#include <iostream>
#include <numeric>
#include <thread>

namespace queue_stress {

namespace {

constexpr std::size_t load_places = 4;

/// The time within which so much of all calls came back.
std::size_t quantile_of_calls(const notes& noted, double part) {
  std::uint64_t all = 0, seen = 0;
  for (const auto& each : noted.calls)
    all += each;
  for (std::size_t i = 0; i < noted.calls.size(); ++i)
    if ((seen += noted.calls[i]) >= static_cast<std::uint64_t>(part * static_cast<double>(all)))
      return i + 1;
  return noted.calls.size();
}

} // namespace

// -- limits -----------------------------------------------------------------

/// Sixteen runners, and three limits of one: of these a job takes any, or all.
std::vector<std::string> limits(const test_options& options) {
  const auto count = options.count != 0 ? options.count : 200;
  std::vector<std::string> faults;
  dice random{options.seed};
  const test_folder folder;
  const shared_notes noted{folder.path()};
  const ta::store jobs{folder.store()};
  const ta::job_queue work{jobs, "work"};
  for (const auto* name : limit_names)
    jobs.set_limit(name, {.capacity = 1}).get().value();
  const process_plan plan{.runners = 4, .slots = 2};
  runner_processes processes{folder.path()};
  for (std::size_t place = 0; place < load_places; ++place)
    processes.start(place, plan);
  std::map<ta::job_id, int> numbers;
  for (std::size_t i = 0; i < count; ++i) {
    const int number = static_cast<int>(i), bits = i % 3 == 0 ? 7 : static_cast<int>(1 + random() % 7);
    std::vector<ta::job_limit> taken;
    for (std::size_t at = 0; at < limit_names.size(); ++at)
      if ((bits >> at & 1) != 0)
        taken.push_back({.name = limit_names[at]});
    if (random() % 2 == 0)
      std::reverse(taken.begin(), taken.end());
    ta::push_options how;
    how.limits = taken;
    numbers.emplace(
        work.push(how, limited, number, bits, static_cast<int>(random() % 4)).get().value().job.id(), number);
  }
  const auto since = std::chrono::steady_clock::now();
  if (!comes_true([&] { return counters_of(jobs).succeeded == count; }, 150s))
    faults.emplace_back("it stands still: " + std::to_string(counters_of(jobs).succeeded) + " of "
                        + std::to_string(count) + " have ended");
  const auto time = std::chrono::floor<std::chrono::milliseconds>(std::chrono::steady_clock::now() - since);
  for (std::size_t place = 0; place < load_places; ++place)
    processes.end(place, faults);
  expect(faults, "bodies that were not alone under their limits", noted->together, 0);
  std::map<std::string, std::size_t> shares;
  for (const auto& [number, info] : all_jobs(jobs, numbers)) {
    expect(faults, "job " + std::to_string(number) + ", bodies",
           noted->jobs[static_cast<std::size_t>(number)].begins, 1);
    ++shares[info.runner];
  }
  const auto counters = counters_of(jobs);
  expect(faults, "losses and late ends", counters.lost + counters.stale, 0);
  check_at_rest(jobs, faults);
  std::cout << count << " jobs under limits of one, by " << shares.size() << " of "
            << load_places * plan.runners << " runners, in " << time.count() << " ms after the last push\n";
  return faults;
}

// -- four -------------------------------------------------------------------

/// Four processes that run, push and look as fast as the file takes it.
std::vector<std::string> four(const test_options& options) {
  const auto time = options.time.count() != 0 ? options.time : 5s;
  std::vector<std::string> faults;
  const test_folder folder;
  const shared_notes noted{folder.path()};
  const ta::store jobs{folder.store()};
  const ta::job_queue work{jobs, "work"};
  const process_plan plan{.slots = 8, .beat = 5s, .calls_too = true};
  runner_processes processes{folder.path()};
  for (std::size_t place = 0; place < load_places; ++place)
    processes.start(place, plan);
  constexpr std::size_t at_hand = 2000, batch = 200;
  for (const auto end = std::chrono::steady_clock::now() + time; std::chrono::steady_clock::now() < end;) {
    if (noted->pushed >= noted->ended + at_hand) {
      wait_a_moment(2ms);
      continue;
    }
    std::vector<std::tuple<int, int>> each;
    for (std::size_t i = 0; i < batch; ++i)
      each.emplace_back(static_cast<int>(noted->pushed++), 1);
    if (noted->pushed + batch > most_jobs) {
      faults.emplace_back("there are more jobs than notes have room for: give it less time");
      break;
    }
    if (!work.push_all({}, brief, each).get())
      ++noted->failed_calls;
  }
  const auto at_end = counters_of(jobs);
  for (std::size_t place = 0; place < load_places; ++place)
    processes.end(place, faults);
  const auto counters = counters_of(jobs);
  const auto p99 = quantile_of_calls(*noted, 0.99);
  expect(faults, "times that a runner was found fenced", noted->fenced, 0);
  expect(faults, "calls that have failed", noted->failed_calls, 0);
  expect(faults, "losses and late ends", counters.lost + counters.stale, 0);
  expect(faults, "bodies and ends", noted->ended, counters.succeeded);
  const auto wrong = jobs.check().get().value();
  for (const auto& each : wrong)
    faults.push_back("the store: " + each);
  const auto calls = std::accumulate(noted->calls.begin(), noted->calls.end(), std::uint64_t{0},
                                     [](std::uint64_t sum, const auto& each) { return sum + each; });
  if (calls == 0 || at_end.succeeded == 0)
    faults.emplace_back("nothing was done");
  constexpr std::size_t target = 250;
  if (options.is_long && p99 >= target)
    faults.push_back("the 99th percentile of a call is " + std::to_string(p99) + " ms, not less than "
                     + std::to_string(target));
  std::cout << "four runners on one file: " << at_end.succeeded / static_cast<std::uint64_t>(time.count())
            << " jobs/s; " << calls << " calls: 50 % within " << quantile_of_calls(*noted, 0.5)
            << " ms, 99 % within " << p99 << " ms, all within " << quantile_of_calls(*noted, 1) << " ms\n";
  return faults;
}

} // namespace queue_stress
