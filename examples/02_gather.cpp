// Many as one: a body for each item, so many at once, and what became of each, in the order of the items.
#include <taskactor/taskactor.hpp>

#include <iostream>
#include <stdexcept>

namespace ta = taskactor;
using namespace std::chrono_literals;

ta::task<int> half_of(int n) {
  co_await ta::sleep_for(1ms);
  if (n % 2 != 0)
    throw std::invalid_argument{std::to_string(n) + " is odd"};
  co_return n / 2;
}

// Inside a task a gather is awaited; the task gives its token back meanwhile, so that this works at capacity
// one too.
ta::task<int> sum_of_halves(std::vector<int> numbers) {
  int sum = 0;
  for (auto& half : co_await ta::gather({.concurrency = 4}, half_of, numbers))
    sum += half.value();
  co_return sum;
}

// Fails at its first attempt.
ta::task<std::string> send(int n) {
  if (ta::this_task::attempt() == 1)
    throw std::runtime_error{"try again later"};
  co_return "sent " + std::to_string(n);
}

int main() {
  ta::task_manager tasks{{.capacity = 1}};

  const std::vector numbers{2, 3, 4};
  for (auto& half : tasks.gather({.each = {.timeout = 20s}, .total_timeout = 30s}, half_of, numbers))
    if (half)
      std::cout << *half << '\n';
    else
      std::cout << half.error() << '\n';

  std::cout << "sum: " << tasks.add_task({}, sum_of_halves, std::vector{2, 4, 6}).value().get() << '\n';

  // What an item is as a task: here each is tried again, and a hundred a second are begun.
  const ta::retry again{.max_attempts = 3, .backoff = {.first = 10ms}};
  tasks.add_limiter("mail", {.rate = ta::rate{.count = 100, .period = 1s}});
  for (auto& sent : tasks.gather({.each = {.limits = {{"mail"}}, .retry = again}}, send, numbers))
    std::cout << sent.value() << '\n';

  // Any number of items in flat memory: each outcome goes to the sink, and is forgotten.
  std::size_t good = 0;
  const auto seen = tasks.gather_each(
      {}, [](int n) { return n; }, std::views::iota(0, 100'000),
      [&](std::size_t, const ta::outcome<int>& one) { good += one ? 1 : 0; });
  std::cout << good << " of " << seen << '\n';
}

// Output:
// 1
// failed: std::invalid_argument: 3 is odd
// 2
// sum: 6
// sent 2
// sent 3
// sent 4
// 100000 of 100000
