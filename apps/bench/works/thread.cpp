#include "works.hpp"

#include <taskactor/taskactor.hpp>

namespace bench {

namespace {

std::size_t same_in_thread(std::size_t number) { return number; }

} // namespace

sample run_thread(std::size_t size, std::size_t scheduler_threads) {
  taskactor::task_manager tasks{
      {.capacity = 128, .thread_capacity = 32, .max_queue = size, .scheduler_threads = scheduler_threads}};
  using handle = decltype(tasks.run_in_thread({}, same_in_thread, size))::value_type;
  std::vector<handle> handles;
  handles.reserve(size);
  const stopwatch watch;
  for (std::size_t i = 0; i < size; ++i)
    handles.push_back(tasks.run_in_thread({.timeout = std::chrono::seconds{30}}, same_in_thread, i).value());
  for (std::size_t i = 0; i < size; ++i)
    check_equal(handles[i].get(), i);
  return watch.read();
}

} // namespace bench
