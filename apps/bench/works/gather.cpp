#include "works.hpp"

#include <taskactor/taskactor.hpp>

#include <numeric>

namespace bench {

namespace {

taskactor::task<std::size_t> same(std::size_t number) { co_return number; }

} // namespace

sample run_gather(std::size_t size, std::size_t scheduler_threads) {
  taskactor::task_manager tasks{{.capacity = 128, .scheduler_threads = scheduler_threads}};
  std::vector<std::size_t> items(size);
  std::iota(items.begin(), items.end(), std::size_t{0});
  const stopwatch watch;
  const auto outcomes = tasks.gather({.concurrency = 128,
                                      .each = {.timeout = std::chrono::seconds{5}},
                                      .total_timeout = std::chrono::seconds{60}},
                                     same, items);
  check_equal(outcomes.size(), size);
  for (std::size_t i = 0; i < size; ++i)
    check_equal(outcomes[i].value(), i);
  return watch.read();
}

} // namespace bench
