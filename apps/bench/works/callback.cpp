#include "works.hpp"

#include <taskactor/taskactor.hpp>

namespace bench {

namespace {

taskactor::task<std::size_t> add_up(std::size_t size) {
  std::size_t sum = 0;
  for (std::size_t i = 0; i < size; ++i)
    sum += co_await taskactor::callback<std::size_t>([i](const auto& resume) { resume(i); });
  co_return sum;
}

} // namespace

sample run_callback(std::size_t size, std::size_t scheduler_threads) {
  taskactor::task_manager tasks{{.scheduler_threads = scheduler_threads}};
  const stopwatch watch;
  check_equal(tasks.add_task({}, add_up, size).value().get(), size * (size - 1) / 2);
  return watch.read();
}

} // namespace bench
