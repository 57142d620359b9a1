// Memory at a steady rate: short tasks, each with a deadline of half a minute that it never sees.
#include "stress.hpp"

#include <algorithm>
#include <iostream>
#include <thread>

namespace stress {

std::vector<std::string> flood(const flood_options& options) {
  constexpr std::chrono::milliseconds step{1}, report{5000};
  const auto batch = std::max<std::size_t>(1, options.rate / 1000);
  ta::task_manager tasks{{.max_queue = 200'000}};
  const auto body = []() -> ta::task<void> { co_await ta::yield(); };
  const auto begin = std::chrono::steady_clock::now();
  auto next_step = begin, next_report = begin + report;
  std::size_t half = 0, now = 0;
  while (std::chrono::steady_clock::now() < begin + options.time) {
    for (std::size_t i = 0; i < batch; ++i)
      (void)tasks.add_task({.timeout = 30s}, body);
    next_step += step;
    std::this_thread::sleep_until(next_step);
    if (std::chrono::steady_clock::now() < next_report)
      continue;
    const auto facts = tasks.statistics();
    now = status_field("VmRSS");
    const auto passed = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    std::cout << "flood: " << passed << " s: " << facts.completed << " completed ("
              << static_cast<double>(facts.completed) / passed << " a second), "
              << facts.submitted - facts.completed << " under way, " << facts.rejected
              << " rejected, resident " << now << " kB\n"
              << std::flush;
    if (next_report <= begin + options.time / 2)
      half = now; // half of the time is longer than the deadline: what lives as long as it is there already
    next_report += report;
  }
  std::vector<std::string> wrong;
  if (half == 0)
    wrong.emplace_back("too short to be measured: give at least 10 seconds");
  else if (now > half + resident_slack_kilobytes)
    wrong.push_back("resident memory has grown by " + std::to_string(now - half) + " kB in the second half");
  return wrong;
}

} // namespace stress
