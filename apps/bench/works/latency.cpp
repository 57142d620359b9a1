#include "same.hpp"
#include "works.hpp"

#include <taskactor/taskactor.hpp>

#include <thread>

namespace bench {

sample run_latency(std::size_t size, std::size_t scheduler_threads) {
  taskactor::task_manager tasks{{.scheduler_threads = scheduler_threads}};
  std::vector<double> taken(size);
  for (std::size_t i = 0; i < size; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds{1}); // so that every thread sleeps
    const stopwatch watch;
    check_equal(tasks.add_task({.timeout = std::chrono::seconds{30}}, same, i).value().get(), i);
    taken[i] = watch.seconds();
  }
  return percentiles(std::move(taken));
}

} // namespace bench
