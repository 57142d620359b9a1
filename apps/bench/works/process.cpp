#include "work.hpp"

#include <taskactor/task/registry.hpp>
#include <taskactor/taskactor.hpp>

namespace bench {

namespace {

std::size_t same_there(std::size_t number) { return number; }
TASKACTOR_REGISTER(same_there);

} // namespace

sample run_process(std::size_t size, std::size_t scheduler_threads) {
  taskactor::task_manager tasks{{.max_queue = size, .scheduler_threads = scheduler_threads}};
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

sample run_cold(std::size_t size, std::size_t scheduler_threads) {
  sample sum;
  for (std::size_t i = 0; i < size; ++i) {
    taskactor::task_manager tasks{{.scheduler_threads = scheduler_threads}};
    const stopwatch watch;
    check_equal(tasks.run_in_process({}, same_there, i).value().get(), i);
    const auto taken = watch.read();
    sum.seconds += taken.seconds;
    sum.cpu_seconds += taken.cpu_seconds;
  }
  return sum;
}

} // namespace bench
