#include "worker_processes.hpp"

#include <taskactor/registry.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <thread>

namespace stress {

namespace {

namespace fs = std::filesystem;

int occupy(int microseconds) {
  std::this_thread::sleep_for(std::chrono::microseconds{microseconds});
  return microseconds;
}
TASKACTOR_REGISTER(occupy);

bool is_at_rest(const ta::task_manager& tasks, std::size_t workers) {
  const auto facts = tasks.statistics();
  return facts.process.in_use == 0 && facts.process.waiting == 0 && facts.workers.idle == workers
         && facts.workers.busy == 0;
}

} // namespace

std::vector<pid_t> children() {
  std::vector<pid_t> found;
  std::error_code gone;
  for (const auto& thread : fs::directory_iterator{"/proc/self/task", gone}) {
    std::ifstream of_thread{thread.path() / "children"};
    for (pid_t id = 0; of_thread >> id;)
      found.push_back(id);
  }
  return found;
}

std::vector<pid_t> worker_ids() {
  auto found = children();
  std::erase_if(found, [](pid_t id) {
    std::string name;
    return !(std::ifstream{"/proc/" + std::to_string(id) + "/comm"} >> name) || name != "ta-worker";
  });
  return found;
}

std::size_t descriptors() {
  const fs::directory_iterator entries{"/proc/self/fd"};
  return static_cast<std::size_t>(std::distance(begin(entries), end(entries)));
}

std::size_t fill(ta::task_manager& tasks, std::size_t workers) {
  const auto bound
      = std::chrono::steady_clock::now() + 60s; // the pool waits up to 10 s after starts that failed
  std::size_t calls = 0;
  for (bool good = false; !good && std::chrono::steady_clock::now() < bound;) {
    std::vector<ta::handle<int>> all;
    for (std::size_t i = 0; i < workers; ++i)
      all.push_back(tasks.run_in_process({}, occupy, 200'000).value());
    calls += workers;
    good = true;
    for (const auto& each : all)
      good = each.wait_outcome().has_value() && good;
    if (!good)
      std::this_thread::sleep_for(10ms);
  }
  while (!is_at_rest(tasks, workers) && std::chrono::steady_clock::now() < bound) // after the outcomes
    std::this_thread::sleep_for(1ms);
  return calls;
}

full_pool::full_pool(ta::task_manager& tasks, std::size_t workers)
    : tasks_(tasks),
      workers_(workers),
      calls_(fill(tasks, workers)),
      descriptors_(descriptors()),
      children_(children().size()) {}

std::vector<std::string> full_pool::compare() {
  calls_ += fill(tasks_, workers_);
  for (const auto end = std::chrono::steady_clock::now() + 20s;
       (descriptors() != descriptors_ || children().size() != children_ || !is_at_rest(tasks_, workers_))
       && std::chrono::steady_clock::now() < end;)
    std::this_thread::sleep_for(1ms);
  std::vector<std::string> wrong;
  const auto require = [&](bool good, const std::string& what) {
    if (!good)
      wrong.push_back(what);
  };
  const auto compared = [](std::size_t now, std::size_t before, const char* what) {
    return std::to_string(now) + ' ' + what + ", instead of " + std::to_string(before);
  };
  const auto facts = tasks_.statistics();
  require(facts.process.in_use == 0 && facts.process.waiting == 0, "tokens are missing");
  require(facts.workers.idle == workers_ && facts.workers.busy == 0, "the pool is not full and idle");
  require(descriptors() == descriptors_, compared(descriptors(), descriptors_, "descriptors"));
  require(children().size() == children_, compared(children().size(), children_, "children"));
  require(worker_ids().size() == workers_, compared(worker_ids().size(), workers_, "workers"));
  return wrong;
}

} // namespace stress
