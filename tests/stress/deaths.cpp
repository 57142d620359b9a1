// Thousands of workers that die under their calls, one after the other: what is left of them.
#include "worker_processes.hpp"

#include <taskactor/registry.hpp>

#include <algorithm>
#include <csignal>
#include <iostream>
#include <ranges>

#include <unistd.h>

namespace stress {

namespace {

/// Each in its turn by an exit, by itself, or by what a fault does.
int die(int n) {
  constexpr int signals[] = {SIGKILL, SIGSEGV, SIGTERM};
  if (n % 4 != 3)
    ::kill(::getpid(), signals[n % 4]);
  ::_exit(n % 256);
}
TASKACTOR_REGISTER(die);

} // namespace

std::vector<std::string> deaths(const soak_options& options) {
  constexpr std::size_t most = 4;
  const auto count = options.tasks != 0 ? options.tasks : sanitized ? 100 : 1000;
  ta::task_manager tasks{{.process_capacity = most}};
  full_pool pool{tasks, most};
  const auto started = std::chrono::steady_clock::now();
  const auto resident = resident_kilobytes();
  const auto threads = status_field("Threads");
  std::size_t lost = 0, ended = 0;
  const auto count_end = [&](std::size_t, const ta::outcome<int>& how) {
    ++ended;
    try {
      how.value();
    } catch (const ta::worker_lost&) {
      ++lost;
    } catch (...) { // NOLINT: counted by what is missing
    }
  };
  tasks.gather_each(
      {.concurrency = 2 * most}, [](int n) { return ta::run_in_process(die, n); },
      std::views::iota(0, static_cast<int>(count)), count_end);
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - started;
  auto wrong = pool.compare();
  const auto facts = tasks.statistics();
  const auto grown = resident_kilobytes() - std::min(resident, resident_kilobytes());
  std::cout << "deaths: " << lost << " workers in " << taken.count() << " s, "
            << static_cast<int>(static_cast<double>(lost) / taken.count()) << " a second; " << descriptors()
            << " descriptors, " << children().size() << " children, " << status_field("Threads")
            << " threads, " << grown << " kB more\n";
  const auto require = [&](bool good, const std::string& what) {
    if (!good)
      wrong.push_back(what);
  };
  require(ended == count && lost == count, std::to_string(lost) + " of " + std::to_string(ended)
                                               + " calls were lost with their worker, of "
                                               + std::to_string(count));
  require(facts.workers.lost == count, std::to_string(facts.workers.lost) + " workers were lost");
  constexpr std::size_t when_needed = 3; // the log's, and two of the disposal's
  require(status_field("Threads") <= threads + when_needed, "there are more threads than before");
  require(sanitized || grown < resident_slack_kilobytes,
          "memory has grown by " + std::to_string(grown) + " kB");
  return wrong;
}

} // namespace stress
