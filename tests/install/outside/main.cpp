// A program of a user of the installed library. It needs what lies in the library alone: its actors, its log,
// the watchdog of commands.
#include <taskactor/taskactor.hpp>

#include <iostream>

namespace ta = taskactor;
using namespace std::chrono_literals;

ta::task<int> twice(int number) {
  co_await ta::sleep_for(1ms);
  co_return 2 * number;
}

int main() {
  ta::task_manager tasks;
  auto number = tasks.add_task({.id = "number"}, twice, 21).value();
  auto words = tasks.run_command({.id = "words"}, {"echo", "from a process"}).value();
  std::cout << number.get() << ' ' << words.get().out;
}
