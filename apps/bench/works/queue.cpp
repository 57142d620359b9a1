#include "queues.hpp"
#include "works.hpp"

#include <algorithm>
#include <string>
#include <vector>

namespace bench {

namespace {

constexpr std::size_t pushed_together = 1'000; // as with BullMQ

/// All of them, pushed while the first ones run.
void push_and_run(queue_world& world, std::size_t size, const taskactor::push_options& options) {
  const auto before = world.statistics().succeeded;
  std::vector<std::size_t> numbers;
  for (std::size_t done = 0; done < size; done += numbers.size()) {
    numbers.clear();
    for (auto number = done; number < std::min(size, done + pushed_together); ++number)
      numbers.push_back(number);
    check_equal(world.line().push_all(options, same_job, numbers).get().value().size(), numbers.size());
  }
  while (world.statistics().succeeded < before + size)
    world.wait_until_idle();
}

} // namespace

sample run_jobs(const std::string& file, std::size_t size, std::size_t scheduler_threads) {
  queue_world world{file, scheduler_threads};
  return run_jobs(world, size);
}

sample run_jobs(queue_world& world, std::size_t size, const taskactor::push_options& options) {
  const auto before = world.jobs().survey().get().value().counters.succeeded;
  const stopwatch watch;
  push_and_run(world, size, options);
  auto taken = watch.read();
  check_equal(world.jobs().survey().get().value().counters.succeeded - before, size);
  return taken;
}

sample run_queue(std::size_t size, std::size_t scheduler_threads) {
  const store_folder place;
  return run_jobs(place.file("jobs.db"), size, scheduler_threads);
}

sample run_queue_single(std::size_t size, std::size_t scheduler_threads) {
  const store_folder place;
  queue_world world{place.file("jobs.db"), scheduler_threads};
  return run_one_by_one(world, size);
}

sample run_one_by_one(queue_world& world, std::size_t size) {
  const stopwatch watch;
  for (std::size_t i = 0; i < size; ++i)
    check_equal(world.line().push(same_job, i).get().value().job.wait()->value(), i);
  return watch.read();
}

} // namespace bench
