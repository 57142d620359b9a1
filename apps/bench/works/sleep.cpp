#include "works.hpp"

#include <taskactor/taskactor.hpp>

namespace bench {

namespace {

constexpr std::size_t sleeping = 2000;

taskactor::task<std::size_t> nap(std::size_t number) {
  co_await taskactor::sleep_for(std::chrono::milliseconds{10});
  co_return number;
}

} // namespace

sample run_sleep(std::size_t size, std::size_t scheduler_threads) {
  taskactor::task_manager tasks{
      {.capacity = sleeping, .max_queue = size, .scheduler_threads = scheduler_threads}};
  std::vector<taskactor::handle<std::size_t>> handles;
  handles.reserve(size);
  const stopwatch watch;
  for (std::size_t i = 0; i < size; ++i)
    handles.push_back(
        tasks.add_task({.id = "t" + std::to_string(i), .timeout = std::chrono::seconds{30}}, nap, i).value());
  for (std::size_t i = 0; i < size; ++i)
    check_equal(handles[i].get(), i);
  return watch.read();
}

} // namespace bench
