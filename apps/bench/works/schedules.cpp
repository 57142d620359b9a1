#include "store_folder.hpp"
#include "works.hpp"

#include <taskactor/queue.hpp>
#include <taskactor/queue/job_scheduler.hpp>
#include <taskactor/queue/job_schedules.hpp>
#include <taskactor/schedule.hpp>
#include <taskactor/schedule/scheduler.hpp>
#include <taskactor/taskactor.hpp>

#include <atomic>
#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace bench {

namespace {

using namespace std::chrono_literals;
using std::chrono::system_clock;

std::atomic<std::size_t> ended;

taskactor::task<void> count_end() {
  ++ended;
  co_return;
}

/// All are due at once, later than the last of them was added: with twice the time to add them, until that is
/// so.
template <class Attempt>
sample with_time_to_add(Attempt attempt) {
  for (auto ahead = 1s;; ahead *= 2) {
    const auto due = std::chrono::ceil<std::chrono::seconds>(system_clock::now() + ahead);
    if (const auto taken = attempt(due))
      return *taken;
  }
}

/// Empty: they were due before.
template <class Done>
std::optional<sample> time_from(std::chrono::sys_seconds due, Done done) {
  if (system_clock::now() >= due)
    return {};
  std::this_thread::sleep_until(due);
  const stopwatch watch;
  while (!done())
    std::this_thread::sleep_for(1ms);
  return watch.read();
}

/// Errors: another one than that it would be due too late.
template <class Added>
bool is_in_time(const Added& added) {
  if (!added && added.error().code != taskactor::errc::never)
    throw std::runtime_error{added.error().message};
  return added.has_value();
}

} // namespace

sample run_schedules(std::size_t size, std::size_t scheduler_threads) {
  return with_time_to_add([&](std::chrono::sys_seconds due) -> std::optional<sample> {
    const auto when = taskactor::trigger::at(due).value();
    taskactor::task_manager tasks{{.max_queue = size, .scheduler_threads = scheduler_threads}};
    taskactor::scheduler schedules{tasks};
    ended = 0;
    for (std::size_t i = 0; i < size; ++i)
      if (!is_in_time(schedules.add({.name = "s" + std::to_string(i)}, when, count_end)))
        return {};
    return time_from(due, [&] { return ended == size; });
  });
}

sample run_queue_schedules(std::size_t size, std::size_t scheduler_threads) {
  return with_time_to_add([&](std::chrono::sys_seconds due) -> std::optional<sample> {
    const auto when = taskactor::trigger::at(due).value();
    const store_folder place;
    taskactor::task_manager tasks{{.scheduler_threads = scheduler_threads}};
    const taskactor::store jobs{place.file("jobs.db")};
    const taskactor::job_schedules schedules{jobs};
    std::vector<taskactor::store_call<taskactor::job_schedule_info>> calls;
    for (std::size_t i = 0; i < size; ++i)
      calls.push_back(schedules.add_unchecked({.name = "s" + std::to_string(i)}, when, "bench", "same_job"));
    for (const auto& each : calls)
      if (!is_in_time(each.get()))
        return {};
    const taskactor::job_scheduler scheduler{tasks, jobs};
    auto taken = time_from(due, [&] {
      const auto now = scheduler.statistics();
      if (now.failures != 0) // what it was told too late it doesn't count
        throw std::runtime_error{now.last_error};
      return now.fired == size;
    });
    if (taken)
      check_equal(jobs.survey().get().value().counters.pushed, size);
    return taken;
  });
}

} // namespace bench
