#include "work.hpp"

#include <ctime>
#include <stdexcept>

namespace bench {

namespace {

double processor_seconds() noexcept {
  timespec used{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) * 1e-9;
}

} // namespace

const std::vector<work>& all_works() {
  static const std::vector<work> works{
      {"add", "empty coroutine tasks with an id and a deadline, default capacity", 100'000, 20'000, 25,
       run_add},
      {"gather", "empty items with a task and a total timeout, outcomes in order", 100'000, 20'000, 40,
       run_gather},
      {"sleep", "tasks that sleep 10 ms, 2000 at once", 40'000, 20'000, 10, run_sleep},
      {"thread", "blocking calls through the manager, each awaited", 30'000, 10'000, 10, run_thread},
      {"process", "calls in worker processes, each awaited", 20'000, 5'000, 10, run_process},
      {"cold", "first calls, each of which has to start its worker", 20, 10, 5, run_cold},
  };
  return works;
}

const work& find_work(std::string_view name) {
  std::string known;
  for (const auto& each : all_works()) {
    if (each.name == name)
      return each;
    known += (known.empty() ? "" : ", ") + std::string{each.name};
  }
  throw std::invalid_argument{"unknown work '" + std::string{name} + "' (" + known + ")"};
}

stopwatch::stopwatch() noexcept
    : started_(std::chrono::steady_clock::now()), cpu_started_(processor_seconds()) {}

sample stopwatch::read() const noexcept {
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - started_;
  return {wall.count(), processor_seconds() - cpu_started_};
}

void check_equal(std::size_t got, std::size_t expected) {
  if (got != expected)
    throw std::runtime_error{"a task gave " + std::to_string(got) + " instead of "
                             + std::to_string(expected)};
}

} // namespace bench
