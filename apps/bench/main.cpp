/// taskactor-bench: what a task costs here and with others, on the same machine in the same run.
#include "comparison.hpp"
#include "contender.hpp"
#include "machine.hpp"
#include "options.hpp"
#include "peers.hpp"
#include "samples.hpp"
#include "table.hpp"

#include <taskactor/worker_entry.hpp>

#include <fstream>
#include <iostream>
#include <memory>
#include <stdexcept>

namespace {

bool all_reached(const std::vector<bench::comparison>& measured) {
  bool all = true;
  for (const auto& each : measured)
    for (const auto& wanted : each.what->targets)
      if (!each.reached(wanted)) {
        std::cerr << "taskactor-bench: " << each.what->name << ", " << wanted.what->name
                  << (wanted.peer.empty() ? "" : " against ") << wanted.peer << ": target "
                  << (each.measured(wanted) ? "missed" : "not measured") << '\n';
        all = false;
      }
  return all;
}

bool any_trouble(const std::vector<bench::comparison>& measured) {
  for (const auto& each : measured)
    for (const auto& pairing : each.pairings)
      if (!pairing.trouble.empty())
        return true;
  return false;
}

int run(const bench::options& asked) {
  const auto where = bench::this_machine();
  if (!where.optimised)
    std::cerr << "taskactor-bench: this is not a release build: its figures say nothing\n";
  std::ofstream json;
  if (!asked.json.empty()) // at once: not after minutes of measuring
    if (json.open(asked.json); !json)
      throw std::runtime_error{"can't write " + asked.json.string()};
  taskactor::task_manager tasks;
  const auto ours = bench::taskactor_itself(asked.scheduler_threads);
  const auto peers = bench::find_peers(tasks, asked.peers, asked.works, asked.python);
  bench::table table{std::cout, where, ours, peers, asked.repeats};
  std::vector<bench::comparison> measured;
  bool all_done = true;
  for (const auto* what : asked.works) {
    std::shared_ptr<void> around;
    try {
      around = what->surroundings();
    } catch (const std::exception& error) {
      std::cerr << "taskactor-bench: " << what->name << " is skipped: " << error.what() << '\n';
      all_done = false;
      continue;
    }
    auto size_for = [&](const bench::contender& who) { return asked.size_of(*what, who.slow); };
    auto tell = [&](std::size_t repeat, const bench::contender& who) { table.running(*what, repeat, who); };
    measured.push_back(compare(tasks, *what, ours, peers, {size_for, asked.repeats, tell}));
    table.add(measured.back());
  }
  if (json.is_open()) {
    write_samples(json, where, ours, peers, asked, measured);
    if (!json.flush())
      throw std::runtime_error{"can't write " + asked.json.string()};
  }
  return any_trouble(measured) || (asked.check && !(all_reached(measured) && all_done)) ? 1 : 0;
}

} // namespace

int main(int argc, char** argv) {
  if (const auto code = taskactor::worker_entry(argc, argv)) // works with processes start this again
    return *code;
  try {
    const auto asked = bench::parse(argc, argv);
    if (!asked.once)
      return run(asked);
    const auto& [what, size] = *asked.once;
    const auto around = what->surroundings();
    std::cout << bench::to_json(what->run(size, asked.scheduler_threads)) << '\n';
    return 0;
  } catch (const bench::command_line_exit& early) {
    return early.code;
  } catch (const std::exception& error) {
    std::cerr << "taskactor-bench: " << error.what() << '\n';
    return 1;
  }
}
