#include "works.hpp"

#include <taskactor/taskactor.hpp>

namespace bench {

namespace {

taskactor::task<std::size_t> same(std::size_t number) { co_return number; }

} // namespace

sample run_add(std::size_t size, std::size_t scheduler_threads) {
  taskactor::task_manager tasks{{.capacity = 128, .max_queue = size, .scheduler_threads = scheduler_threads}};
  std::vector<taskactor::handle<std::size_t>> handles;
  handles.reserve(size);
  const stopwatch watch;
  for (std::size_t i = 0; i < size; ++i)
    handles.push_back(
        tasks.add_task({.id = "t" + std::to_string(i), .timeout = std::chrono::seconds{30}}, same, i)
            .value());
  for (std::size_t i = 0; i < size; ++i)
    check_equal(handles[i].get(), i);
  return watch.read();
}

} // namespace bench
