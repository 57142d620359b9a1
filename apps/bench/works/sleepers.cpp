#include "sleepers.hpp"

#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <latch>
#include <stdexcept>

namespace bench {

namespace {

taskactor::task<void> sleep_on(std::latch& asleep) {
  asleep.count_down();
  co_await taskactor::sleep_for(std::chrono::hours{1});
}

} // namespace

sleepers::sleepers(taskactor::task_manager& tasks, std::size_t size) : tasks_(tasks) {
  std::latch asleep{static_cast<std::ptrdiff_t>(size)};
  handles_.reserve(size);
  for (std::size_t i = 0; i < size; ++i)
    handles_.push_back(tasks_
                           .add_task({.id = "t" + std::to_string(i), .timeout = std::chrono::hours{2}},
                                     sleep_on, std::ref(asleep))
                           .value());
  asleep.wait();
}

void sleepers::cancel() {
  if (const auto asked = tasks_.cancel_all(); asked != handles_.size())
    throw std::runtime_error{"only " + std::to_string(asked) + " were asleep"};
  for (const auto& each : handles_)
    if (each.wait_outcome().state() != taskactor::state::cancelled)
      throw std::runtime_error{each.id() + " was not cancelled"};
}

taskactor::manager_options room_for(std::size_t size, std::size_t scheduler_threads) {
  // A line for each cancelled task would be measured; what is wrong is logged as ever.
  auto logger = std::make_shared<spdlog::logger>("taskactor-bench",
                                                 std::make_shared<spdlog::sinks::stderr_sink_mt>());
  logger->set_level(spdlog::level::warn);
  return {.capacity = size,
          .max_queue = size,
          .scheduler_threads = scheduler_threads,
          .logger = std::move(logger)};
}

} // namespace bench
