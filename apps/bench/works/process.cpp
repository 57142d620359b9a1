#include "works.hpp"

#include <taskactor/registry.hpp>
#include <taskactor/taskactor.hpp>

namespace bench {

namespace {

constexpr std::size_t workers = 2;

std::size_t same_there(std::size_t number) { return number; }
TASKACTOR_REGISTER(same_there);

/// Every so manieth call, one after the other.
taskactor::task<void> call_in_turn(std::size_t first, std::size_t size) {
  for (auto number = first; number < size; number += workers)
    check_equal(co_await taskactor::run_in_process(same_there, number), number);
}

} // namespace

sample run_process(std::size_t size, std::size_t scheduler_threads) {
  taskactor::task_manager tasks{
      {.process_capacity = workers, .max_queue = size, .scheduler_threads = scheduler_threads}};
  using handle = decltype(tasks.run_in_process({}, same_there, size))::value_type;
  std::vector<handle> handles;
  handles.reserve(size);
  const stopwatch watch;
  for (std::size_t i = 0; i < size; ++i)
    handles.push_back(tasks.run_in_process({.timeout = std::chrono::seconds{30}}, same_there, i).value());
  for (std::size_t i = 0; i < size; ++i)
    check_equal(handles[i].get(), i);
  return watch.read();
}

sample run_roundtrip(std::size_t size, std::size_t scheduler_threads) {
  taskactor::task_manager tasks{{.process_capacity = workers, .scheduler_threads = scheduler_threads}};
  std::vector<taskactor::handle<void>> callers;
  const stopwatch watch;
  for (std::size_t i = 0; i < workers; ++i)
    callers.push_back(tasks.add_task({.timeout = std::chrono::minutes{5}}, call_in_turn, i, size).value());
  for (const auto& each : callers)
    each.get();
  return watch.read();
}

sample run_cold(std::size_t size, std::size_t scheduler_threads) {
  sample sum;
  for (std::size_t i = 0; i < size; ++i) {
    taskactor::task_manager tasks{{.scheduler_threads = scheduler_threads}};
    const stopwatch watch;
    check_equal(tasks.run_in_process({}, same_there, i).value().get(), i);
    for (const auto& [name, taken] : watch.read())
      sum[name] += taken;
  }
  return sum;
}

} // namespace bench
