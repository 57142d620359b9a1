/// taskactor-bench: what a task costs here and with AnyIO, on the same machine in the same run.
#include "comparison.hpp"
#include "contender.hpp"
#include "machine.hpp"
#include "options.hpp"
#include "report.hpp"

#include <taskactor/worker_entry.hpp>

#include <fstream>
#include <iostream>
#include <stdexcept>

namespace {

void run_once(const bench::work& what, std::size_t size, std::size_t scheduler_threads) {
  const auto taken = what.run(size, scheduler_threads);
  std::cout.precision(9);
  std::cout << "{\"seconds\": " << taken.seconds << ", \"cpu_seconds\": " << taken.cpu_seconds << "}\n";
}

/// The peer, or aloud why there is none.
std::optional<bench::contender> find_peer(taskactor::task_manager& tasks, const std::string& python) {
  try {
    return bench::introduce(tasks, {python, (bench::peers_folder() / "anyio_manager.py").string()});
  } catch (const std::exception& error) {
    std::cerr << "taskactor-bench: AnyIO is skipped (Debian: apt-get install python3-anyio): " << error.what()
              << '\n';
    return {};
  }
}

bool all_reached(const std::vector<bench::comparison>& measured) {
  bool all = true;
  for (const auto& each : measured)
    if (!each.reached()) {
      std::cerr << "taskactor-bench: " << each.what->name << ": target "
                << (each.ratio() ? "missed" : "not measured") << '\n';
      all = false;
    }
  return all;
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
  const auto peer = find_peer(tasks, asked.python);
  bench::table table{std::cout, where, asked, ours, peer};
  std::vector<bench::comparison> measured;
  for (const auto* what : asked.works) {
    auto tell = [&](std::size_t repeat) { table.running(*what, repeat); };
    measured.push_back(compare(tasks, *what, ours, peer, {asked.size_of(*what), asked.repeats, tell}));
    table.row(measured.back());
  }
  if (json.is_open())
    write_json(json, where, asked, ours, peer, measured);
  if (json.is_open() && !json.flush())
    throw std::runtime_error{"can't write " + asked.json.string()};
  return asked.check && !all_reached(measured) ? 1 : 0;
}

} // namespace

int main(int argc, char** argv) {
  if (const auto code
      = taskactor::worker_entry(argc, argv)) // the works `process` and `cold` start this again
    return *code;
  try {
    const auto asked = bench::parse(argc, argv);
    if (!asked.once)
      return run(asked);
    run_once(*asked.once->first, asked.once->second, asked.scheduler_threads);
    return 0;
  } catch (const bench::command_line_exit& early) {
    return early.code;
  } catch (const std::exception& error) {
    std::cerr << "taskactor-bench: " << error.what() << '\n';
    return 1;
  }
}
