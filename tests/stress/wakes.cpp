// Wake-ups at the worst moment: a tree of tasks, in which children end just as their parents look whether
// they have. A wake-up that is lost leaves its task waiting for ever: that is, until its timeout.
#include "stress.hpp"

#include <iostream>
#include <mutex>
#include <thread>

namespace stress {

namespace {

constexpr std::size_t depth = 14; // 1,219 tasks
constexpr std::chrono::seconds bound{30};

ta::task<std::size_t> tasks_below(std::size_t levels) {
  if (levels < 2)
    co_return 1;
  co_return co_await ta::with_group([levels](ta::task_group& group) -> ta::task<std::size_t> {
    const auto first = group.add_task({.timeout = bound}, tasks_below, levels - 1).value();
    const auto second = group.add_task({.timeout = bound}, tasks_below, levels - 2).value();
    const auto sum = co_await first;
    co_return 1 + sum + co_await second;
  });
}

std::size_t expected(std::size_t levels) {
  return levels < 2 ? 1 : 1 + expected(levels - 1) + expected(levels - 2);
}

} // namespace

std::vector<std::string> wakes(std::chrono::seconds time) {
  constexpr std::size_t managers = 2; // so that threads are stopped in the midst of what they do
  std::vector<std::string> wrong;
  std::mutex mutex;
  std::size_t ended = 0;
  const auto end = std::chrono::steady_clock::now() + time;
  const auto run = [&] {
    ta::task_manager tasks{{.capacity = 128, .max_queue = 100'000}};
    while (std::chrono::steady_clock::now() < end) {
      const auto root = tasks.add_task({.timeout = bound}, tasks_below, depth).value();
      const auto& how = root.wait_outcome();
      const std::lock_guard lock{mutex};
      if (!how) {
        wrong.push_back(how.error().message());
        return;
      }
      if (how.value() != expected(depth))
        wrong.push_back("a tree of " + std::to_string(how.value()) + " tasks");
      ended += how.value();
    }
  };
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < managers; ++i)
      threads.emplace_back(run);
  }
  std::cout << "wakes: " << ended << " tasks\n";
  return wrong;
}

} // namespace stress
