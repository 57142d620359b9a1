#include "works.hpp"

#include <taskactor/taskactor.hpp>

namespace bench {

namespace {

taskactor::task<std::size_t> fib(std::size_t n) {
  if (n < 2)
    co_return n;
  co_return co_await taskactor::with_group([n](taskactor::task_group& group) -> taskactor::task<std::size_t> {
    const auto first = group.add_task({}, fib, n - 1).value();
    const auto second = group.add_task({}, fib, n - 2).value();
    const auto sum = co_await first;
    co_return sum + co_await second;
  });
}

std::size_t plain_fib(std::size_t n) { return n < 2 ? n : plain_fib(n - 1) + plain_fib(n - 2); }

} // namespace

std::size_t nodes_of_fib(std::size_t n) { return 2 * plain_fib(n + 1) - 1; }

sample run_tree(std::size_t size, std::size_t scheduler_threads) {
  taskactor::task_manager tasks{
      {.capacity = 128, .max_queue = nodes_of_fib(size), .scheduler_threads = scheduler_threads}};
  const stopwatch watch;
  check_equal(tasks.add_task({}, fib, size).value().get(), plain_fib(size));
  return watch.read();
}

} // namespace bench
