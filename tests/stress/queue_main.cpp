// taskactor_stress_queue: queues whose runners are processes of their own, in real time; but for the day.
//
//     taskactor_stress_queue stopped                      a runner is stopped for two leases, and goes on
//     taskactor_stress_queue limits [--count JOBS]        16 runners in 4 processes under three limits of one
//     taskactor_stress_queue kills [--count KILLS]        processes that are killed and started again
//     taskactor_stress_queue four [--time S]              4 processes on one file: how long its calls take
//     taskactor_stress_queue day [--count JOBS]           24 hours in virtual time, in memory
//
// Each takes --seed N: of what is drawn; processes have an order of their own. Without another option it is
// the short form: 200 jobs, 15 kills, 5 s, 50,000 jobs. Long forms: `kills --count 1000`, `four --time 30`,
// which wants 99 of 100 calls within 250 ms, too, `day --count 1000000`. Exit codes: 0, 1 when something was
// wrong, 2 for a wrong use.
#include "queue_stress.hpp"

#include <charconv>
#include <exception>
#include <iostream>

namespace queue_stress {

namespace {

int use() {
  std::cerr
      << "use: taskactor_stress_queue stopped|limits|kills|four|day [--seed N] [--count N] [--time S]\n";
  return 2;
}

int run(const std::vector<std::string>& words) {
  static const std::map<std::string, std::vector<std::string> (*)(const test_options&)> tests{
      {"stopped", stopped}, {"limits", limits}, {"kills", kills}, {"four", four}, {"day", day}};
  const auto test = words.empty() ? tests.end() : tests.find(words[0]);
  if (test == tests.end() || words.size() % 2 == 0)
    return use();
  test_options options{.time = 0s};
  for (std::size_t i = 1; i < words.size(); i += 2) {
    unsigned long number = 0;
    const auto* const end = words[i + 1].data() + words[i + 1].size();
    if (const auto read = std::from_chars(words[i + 1].data(), end, number);
        read.ec != std::errc{} || read.ptr != end)
      return use();
    if (words[i] == "--seed")
      options.seed = static_cast<std::uint32_t>(number);
    else if (words[i] == "--count")
      options.count = number;
    else if (words[i] == "--time")
      options.time = std::chrono::seconds{number};
    else
      return use();
  }
  options.is_long = options.count != 0 || options.time != 0s;
  const auto faults = test->second(options);
  constexpr std::size_t shown = 50;
  for (std::size_t i = 0; i < faults.size() && i < shown; ++i)
    std::cerr << words[0] << ": " << faults[i] << '\n';
  if (!faults.empty())
    std::cerr << words[0] << ": " << faults.size() << " faults with --seed " << options.seed << '\n';
  return faults.empty() ? 0 : 1;
}

} // namespace
} // namespace queue_stress

int main(int argc, char* argv[]) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  try {
    if (words.size() > 1 && words[0] == "runner")
      return queue_stress::be_runner({words.begin() + 1, words.end()});
    return queue_stress::run(words);
  } catch (const std::exception& error) {
    std::cerr << "taskactor_stress_queue: " << error.what() << '\n';
    return 1;
  }
}
