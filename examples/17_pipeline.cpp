// A pipeline: three stages joined by channels. Their capacities bound what is in memory, and a stage that
// fails ends the others.
#include <taskactor/taskactor.hpp>

#include <algorithm>
#include <iostream>
#include <stdexcept>
#include <string>
#include <vector>

namespace ta = taskactor;
using namespace std::chrono_literals;

// The first stage waits while the second one is eight lines behind.
ta::task<void> read_lines(ta::channel<std::string> lines, std::vector<std::string> file) {
  for (auto& line : file)
    co_await lines.send(std::move(line));
  lines.close(); // nothing more comes; what is in it is still received
}

ta::task<void> parse_some(ta::channel<std::string> lines, ta::channel<int> prices) {
  while (const auto line = co_await lines.receive()) { // until it is closed and empty
    if (line->find_first_not_of("0123456789") != line->npos)
      throw std::invalid_argument{"not a price: " + *line};
    co_await prices.send(std::stoi(*line));
  }
}

// The second stage, three at once. When all of them have ended, nothing more comes from it.
ta::task<void> parse(ta::channel<std::string> lines, ta::channel<int> prices) {
  co_await ta::when_all(parse_some(lines, prices), parse_some(lines, prices), parse_some(lines, prices));
  prices.close();
}

// The last stage may block: it runs on a thread, and lends its tokens while it waits.
long total(const ta::channel<int>& prices) {
  long sum = 0;
  while (const auto price = prices.blocking_receive())
    sum += *price;
  return sum;
}

// However it ends, no stage is left behind.
ta::task<long> pipeline(std::vector<std::string> file) {
  const ta::channel<std::string> lines{8};
  const ta::channel<int> prices{8};
  co_return co_await ta::with_group([&](ta::task_group& group) -> ta::task<long> {
    group.start(read_lines, lines, std::move(file));
    group.start(parse, lines, prices);
    co_return co_await ta::run_in_thread(total, prices);
  });
}

int main() {
  ta::task_manager tasks{{.capacity = 1}}; // who waits at a channel lends its token: one is enough

  std::vector<std::string> file(10'000, "3");
  std::cout << "total: " << tasks.add_task({}, pipeline, file).value().get() << '\n';

  file[5'000] = "a lot";
  try {
    tasks.add_task({}, pipeline, file).value().get();
  } catch (const ta::group_error& e) {
    for (const auto& error : e.errors())
      std::cout << ta::describe(error) << '\n';
  }
}

// Output:
// total: 30000
// std::invalid_argument: not a price: a lot
