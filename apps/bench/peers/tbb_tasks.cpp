/// A peer of taskactor-bench: oneTBB, for what it is made for: work that never waits.
///
/// It lacks ids, deadlines, limits (as many run as there are processors), sleeping, and outcomes: a result is
/// what a task writes.
#include "peer.hpp"

#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/task_arena.h>
#include <oneapi/tbb/task_group.h>
#include <oneapi/tbb/version.h>

#include <chrono>
#include <future>
#include <thread>

using namespace bench;

namespace {

sample run_add(std::size_t size) {
  results all{size};
  tbb::task_group group;
  const stopwatch watch;
  for (std::size_t i = 0; i < size; ++i)
    group.run([&all, i] { all[i] = i; });
  group.wait();
  all.check();
  return watch.read();
}

/// Items one by one, as a gather's are, and not in ranges that the compiler could make one loop of.
sample run_gather(std::size_t size) {
  results all{size};
  const stopwatch watch;
  tbb::parallel_for(
      tbb::blocked_range<std::size_t>{0, size, 1},
      [&all](const auto& range) {
        for (auto i = range.begin(); i != range.end(); ++i)
          all[i] = i;
      },
      tbb::simple_partitioner{});
  all.check();
  return watch.read();
}

std::size_t fib(std::size_t n) {
  if (n < 2)
    return n;
  std::size_t first = 0, second = 0;
  tbb::task_group group;
  group.run([&first, n] { first = fib(n - 1); });
  group.run([&second, n] { second = fib(n - 2); });
  group.wait();
  return first + second;
}

sample run_tree(std::size_t size) {
  const stopwatch watch;
  check_equal(fib(size), plain_fib(size));
  return watch.read();
}

sample run_latency(std::size_t size) {
  tbb::task_arena arena;
  std::vector<double> taken(size);
  for (std::size_t i = 0; i < size; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds{1});
    std::promise<std::size_t> result;
    const stopwatch watch;
    arena.enqueue([&result, i] { result.set_value(i); });
    check_equal(result.get_future().get(), i);
    taken[i] = watch.seconds();
  }
  return percentiles(std::move(taken));
}

} // namespace

int main(int argc, char** argv) {
  return serve(
      {.name = "oneTBB",
       .version = TBB_VERSION_STRING,
       .works = {{"add", run_add}, {"gather", run_gather}, {"tree", run_tree}, {"latency", run_latency}}},
      argc, argv);
}
