// taskactor_stress: tests that take real time, and whose mixtures are random.
//
//     taskactor_stress soak [--seed N] [--tasks N]       the mixture against one manager
//     taskactor_stress shutdowns [--seed N] [--tasks N]  the same against N managers, each shut down in it
//     taskactor_stress faults [--seed N] [--tasks N]     killed parents, shared results, code that throws
//     taskactor_stress workers [--seed N] [--time S]     calls in workers, one of which is killed every 10 ms
//     taskactor_stress deaths [--tasks N]                N workers die under their calls: nothing is left
//     taskactor_stress wakes [--time S]                  trees of tasks, none of which misses a wake-up
//     taskactor_stress owners [--seed N] [--time S]      handles of one task, in many hands at once
//     taskactor_stress groups [--seed N] [--time S]      groups that end while threads add children to them
//     taskactor_stress flood [--time S] [--rate N]       memory at N short tasks a second, for S seconds
//
// A seed means the same mixture of tasks, not the same interleaving. TASKACTOR_STRESS_TASKS is the default of
// --tasks for the soak. Exit codes: 0, 1 when something was wrong, 2 for a wrong use.
#include "stress.hpp"

#include <taskactor/worker_entry.hpp>

#include <malloc.h>

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>

namespace stress {

std::size_t status_field(const std::string& name) {
  std::ifstream status{"/proc/self/status"};
  for (std::string word; status >> word;)
    if (word == name + ':') {
      std::size_t value = 0;
      status >> value;
      return value;
    }
  return 0;
}

std::size_t resident_kilobytes() {
  malloc_trim(0);
  return status_field("VmRSS");
}

namespace {

int use() {
  std::cerr << "use: taskactor_stress soak|shutdowns|faults [--seed N] [--tasks N] | workers [--seed N] "
               "[--time S] |\n"
               "     deaths [--tasks N] | wakes [--time S] | owners|groups [--seed N] [--time S] |\n"
               "     flood [--time S] [--rate N]\n";
  return 2;
}

int run(const std::string& what, std::map<std::string, std::size_t> numbers) {
  soak_options mixture;
  flood_options steady;
  if (const auto* tasks = std::getenv("TASKACTOR_STRESS_TASKS"); tasks && what == "soak")
    mixture.tasks = std::stoul(tasks);
  for (const auto& [name, value] : numbers) {
    if (name == "--seed")
      mixture.seed = static_cast<std::uint32_t>(value);
    else if (name == "--tasks")
      mixture.tasks = value;
    else if (name == "--time")
      steady.time = std::chrono::seconds{value};
    else if (name == "--rate")
      steady.rate = value;
    else
      return use();
  }
  std::vector<std::string> wrong;
  if (what == "soak")
    wrong = soak(mixture);
  else if (what == "shutdowns")
    wrong = shutdowns(mixture);
  else if (what == "faults")
    wrong = faults(mixture);
  else if (what == "workers")
    wrong = workers(mixture, steady.time);
  else if (what == "deaths")
    wrong = deaths(mixture);
  else if (what == "wakes")
    wrong = wakes(steady.time);
  else if (what == "owners")
    wrong = owners(mixture.seed, steady.time);
  else if (what == "groups")
    wrong = groups(mixture.seed, steady.time);
  else if (what == "flood")
    wrong = flood(steady);
  else
    return use();
  constexpr std::size_t shown = 50;
  for (std::size_t i = 0; i < wrong.size() && i < shown; ++i)
    std::cerr << what << ": " << wrong[i] << '\n';
  if (!wrong.empty())
    std::cerr << what << ": " << wrong.size() << " faults with --seed " << mixture.seed << '\n';
  return wrong.empty() ? 0 : 1;
}

} // namespace
} // namespace stress

int main(int argc, char* argv[]) {
  if (const auto code = taskactor::worker_entry(argc, argv))
    return *code;
  std::map<std::string, std::size_t> numbers;
  try {
    for (int i = 2; i + 1 < argc; i += 2)
      numbers[argv[i]] = std::stoul(argv[i + 1]);
    return argc < 2 || argc % 2 != 0 ? stress::use() : stress::run(argv[1], std::move(numbers));
  } catch (const std::logic_error&) { // not a number
    return stress::use();
  }
}
