#include "queues.hpp"
#include "works.hpp"

#include <taskactor/registry.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace bench {

namespace {

using std::chrono::steady_clock;

/// Since the machine's start, for all its processes.
std::int64_t nanoseconds_now() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(steady_clock::now().time_since_epoch()).count();
}

std::atomic<std::int64_t> began; // of the job that has begun last

taskactor::task<std::size_t> note_begin(std::size_t number) {
  began = nanoseconds_now();
  co_return number;
}
TASKACTOR_REGISTER(note_begin);

/// In another process, which keeps its store, on a thread: when it has begun to push, and the job.
std::pair<std::int64_t, taskactor::job_id> push_there(std::stop_token, std::string file, std::size_t number) {
  static const taskactor::store jobs{file};
  static const taskactor::job_queue line{jobs, "bench"};
  const auto at = nanoseconds_now();
  return {at, line.push(note_begin, number).get().value().job.id()};
}
TASKACTOR_REGISTER(push_there);

/// `push`: gives when it has begun, and the job.
template <class Push>
sample latencies(queue_world& world, std::size_t size, Push push) {
  std::vector<double> taken(size);
  for (std::size_t i = 0; i < size; ++i) {
    world.wait_until_idle();
    std::this_thread::sleep_for(std::chrono::milliseconds{1}); // so that every thread sleeps
    const auto [at, id] = push(i);
    check_equal(taskactor::job<std::size_t>{world.jobs(), id}.wait()->value(), i);
    taken[i] = static_cast<double>(began - at) * 1e-9;
  }
  return percentiles(std::move(taken));
}

sample latencies_across(std::size_t size, std::size_t scheduler_threads, bool watch) {
  const store_folder place;
  const auto file = place.file("jobs.db");
  taskactor::task_manager others{{.process_capacity = 1, .scheduler_threads = 1}};
  queue_world world{file, scheduler_threads, {.watch = watch}};
  const auto push
      = [&](std::size_t i) { return others.run_in_process({}, push_there, file, i).value().get(); };
  taskactor::job<std::size_t>{world.jobs(), push(0).second}.wait(); // its process is there
  return latencies(world, size, push);
}

} // namespace

sample run_queue_latency(std::size_t size, std::size_t scheduler_threads) {
  const store_folder place;
  queue_world world{place.file("jobs.db"), scheduler_threads};
  return latencies(world, size, [&](std::size_t i) {
    const auto at = nanoseconds_now();
    return std::pair{at, world.line().push(note_begin, i).get().value().job.id()};
  });
}

sample run_queue_across(std::size_t size, std::size_t scheduler_threads) {
  return latencies_across(size, scheduler_threads, true);
}

sample run_queue_poll(std::size_t size, std::size_t scheduler_threads) {
  return latencies_across(size, scheduler_threads, false);
}

} // namespace bench
