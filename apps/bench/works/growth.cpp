#include "same.hpp"
#include "works.hpp"

#include <taskactor/taskactor.hpp>

#include <algorithm>

namespace bench {

namespace {

constexpr std::size_t wave = 10'000;

/// A work, and which of what it says of a run is to grow with its tasks alone.
struct growing {
  sample (*run)(std::size_t, std::size_t);
  const char* key = "seconds";
};

/// What so many tasks take in all, so many at a time.
double taken_by(const growing& what, std::size_t all, std::size_t at_a_time, std::size_t scheduler_threads) {
  double sum = 0;
  for (std::size_t done = 0; done < all; done += at_a_time)
    sum += what.run(at_a_time, scheduler_threads).at(what.key);
  return sum;
}

sample growth_of(const growing& what, std::size_t size, std::size_t scheduler_threads) {
  size = std::max<std::size_t>(size / 100 * 100, 100);
  const auto [least, most] = std::minmax({taken_by(what, size, size / 100, scheduler_threads),
                                          taken_by(what, size, size / 10, scheduler_threads),
                                          taken_by(what, size, size, scheduler_threads)});
  return {{"growth", most / least}};
}

void run_wave(taskactor::task_manager& tasks) {
  std::vector<taskactor::handle<std::size_t>> handles;
  handles.reserve(wave);
  for (std::size_t i = 0; i < wave; ++i)
    handles.push_back(
        tasks.add_task({.id = "t" + std::to_string(i), .timeout = std::chrono::seconds{30}}, same, i)
            .value());
  for (std::size_t i = 0; i < wave; ++i)
    check_equal(handles[i].get(), i);
}

} // namespace

sample run_growth(std::size_t size, std::size_t scheduler_threads) {
  return growth_of({run_add}, size, scheduler_threads);
}

sample run_cancel_growth(std::size_t size, std::size_t scheduler_threads) {
  return growth_of({run_cancel}, size, scheduler_threads);
}

sample run_fds_growth(std::size_t size, std::size_t scheduler_threads) {
  return growth_of({run_fds, "arming_seconds"}, descriptors_of(size), scheduler_threads);
}

sample run_steady(std::size_t size, std::size_t scheduler_threads) {
  taskactor::task_manager tasks{{.capacity = 128, .max_queue = wave, .scheduler_threads = scheduler_threads}};
  const stopwatch watch;
  const auto end = static_cast<double>(size);
  while (watch.seconds() < end / 4)
    run_wave(tasks);
  const auto early = resident_bytes();
  while (watch.seconds() < end)
    run_wave(tasks);
  return {{"memory_growth", resident_bytes() / early}};
}

} // namespace bench
