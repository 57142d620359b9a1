// A task is a coroutine with an id, a deadline and an outcome, run by an actor of its own.
#include <taskactor/taskactor.hpp>

#include <iostream>

namespace ta = taskactor;
using namespace std::chrono_literals;

ta::task<std::string> greet(std::string name) {
  co_await ta::sleep_for(10ms); // parks the task's actor; no thread is held
  co_return "hello, " + name;
}

int main() {
  ta::task_manager tasks; // owns an actor system; its destructor ends all tasks in bounded time

  auto greeting = tasks.add_task({.id = "greeting", .timeout = 5s}, greet, "world").value();
  std::cout << greeting.get() << '\n';

  const auto linger = []() -> ta::task<void> { co_await ta::sleep_for(1h); };

  // Whether a task is admitted is known at once, in the caller's thread.
  auto first = tasks.add_task({.id = "twin"}, linger).value();
  auto second = tasks.add_task({.id = "twin"}, greet, "second");
  std::cout << "second twin: " << second.error() << '\n';
  first.cancel();
  std::cout << "first twin: " << first.wait_outcome().error() << '\n';

  // Afterwards it can still be asked what became of it.
  auto info = tasks.find("greeting").value();
  std::cout << info.id << " is " << info.state << '\n';
}

// Output:
// hello, world
// second twin: duplicate id: twin
// first twin: cancelled: requested
// greeting is completed
