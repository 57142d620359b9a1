#include "works.hpp"

#include <taskactor/taskactor.hpp>

namespace bench {

namespace {

constexpr std::size_t room = 64;

taskactor::task<void> produce(taskactor::channel<std::size_t> into, std::size_t size) {
  for (std::size_t i = 0; i < size; ++i)
    co_await into.send(i);
  into.close();
}

taskactor::task<std::size_t> sum_up(taskactor::channel<std::size_t> from) {
  std::size_t sum = 0;
  while (const auto number = co_await from.receive())
    sum += *number;
  co_return sum;
}

} // namespace

sample run_channel(std::size_t size, std::size_t scheduler_threads) {
  taskactor::task_manager tasks{{.scheduler_threads = scheduler_threads}};
  const taskactor::channel<std::size_t> numbers{room};
  const stopwatch watch;
  const auto sum = tasks.add_task({.id = "sum"}, sum_up, numbers).value();
  const auto produced = tasks.add_task({.id = "numbers"}, produce, numbers, size).value();
  check_equal(sum.get(), size * (size - 1) / 2);
  produced.get();
  return watch.read();
}

} // namespace bench
