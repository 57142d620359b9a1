#include "queues.hpp"

#include <stdexcept>
#include <utility>

namespace bench {

namespace {

constexpr std::size_t slots = 100; // as BullMQ's worker has

} // namespace

taskactor::task<std::size_t> same_job(std::size_t number) { co_return number; }
TASKACTOR_REGISTER(same_job);

queue_world::queue_world(const std::string& file, std::size_t scheduler_threads,
                         taskactor::store_options options)
    : queue_world(taskactor::store{file, options}, scheduler_threads) {}

queue_world::queue_world(taskactor::store jobs, std::size_t scheduler_threads)
    : tasks_({.capacity = slots, .scheduler_threads = scheduler_threads}),
      jobs_(std::move(jobs)),
      line_(jobs_, "bench"),
      runner_(tasks_, jobs_, {.queues = {{"bench", slots}}}) {
  wait_until_idle(); // the store knows it
}

void queue_world::wait_until_idle() {
  if (!runner_.wait_until_idle(std::chrono::minutes{4}))
    throw std::runtime_error{"the runner isn't idle after four minutes"};
}

} // namespace bench
