// Blocking calls go to threads of a pool, under a limiter of their own; the task waits without holding a
// thread.
#include <taskactor/taskactor.hpp>

#include <atomic>
#include <iostream>
#include <numeric>
#include <stop_token>
#include <thread>

namespace ta = taskactor;
using namespace std::chrono_literals;

long checksum(const std::vector<int>& block) { // stands for any call that computes or blocks for long
  return std::accumulate(block.begin(), block.end(), 0L);
}

ta::task<long> total(std::vector<int> block) {
  const auto one = co_await ta::run_in_thread(checksum, block); // arguments are copied into the call
  const auto two = co_await ta::run_in_thread([](long n) { return 2 * n; }, one);
  co_return two;
}

int main() {
  std::atomic<bool> polling = false;
  ta::task_manager tasks;
  std::cout << tasks.add_task({}, total, std::vector{1, 2, 3}).value().get() << '\n';

  // A thread can't be interrupted: it is asked to stop, by its token or by this_task.
  auto poll = [&](std::stop_token stop) {
    polling = true;
    while (!stop.stop_requested())
      std::this_thread::yield();
    ta::this_task::throw_if_cancelled(); // or just return: then the task has completed
  };
  auto poller = tasks.run_in_thread({.id = "poller"}, poll).value();
  while (!polling)
    std::this_thread::yield();
  tasks.cancel_and_wait("poller");
  std::cout << "poller: " << poller.wait_outcome().error() << '\n';

  // An exception is the same one on the other side.
  try {
    tasks.run_in_thread({}, [] { throw std::out_of_range{"no such page"}; }).value().get();
  } catch (const std::out_of_range& error) {
    std::cout << "out_of_range: " << error.what() << '\n';
  }
}

// Output:
// 12
// poller: cancelled: requested
// out_of_range: no such page
