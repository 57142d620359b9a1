// Structured concurrency: children that can't outlive the part of a body that started them.
#include <taskactor/taskactor.hpp>

#include <atomic>
#include <iostream>
#include <stdexcept>

namespace ta = taskactor;
using namespace std::chrono_literals;

ta::task<std::string> fetch(std::string what, std::chrono::milliseconds pause) {
  co_await ta::sleep_for(pause);
  co_return '<' + what + '>';
}

std::atomic<bool> beating = false;

ta::task<void> heartbeat() {
  for (beating = true;;)
    co_await ta::sleep_for(1s);
}

ta::task<std::string> page() {
  co_return co_await ta::with_group([](ta::task_group& group) -> ta::task<std::string> {
    auto head = group.add_task({.id = "head"}, fetch, "head", 2ms).value(); // the task "page/head"
    auto rest = group.add_task({.id = "rest"}, fetch, "rest", 1ms).value();
    const auto first = co_await head;
    co_return first + co_await rest;
  }); // here neither is left
}

ta::task<void> fill_disk() {
  while (!beating)
    co_await ta::sleep_for(1ms);
  throw std::runtime_error{"disk full"};
}

ta::task<void> broken() {
  try {
    co_await ta::with_group([](ta::task_group& group) -> ta::task<void> {
      group.start(heartbeat);
      group.start(fill_disk); // the first failure cancels everything else in the group, this body too
      co_await ta::sleep_for(1h);
    });
  } catch (const ta::group_error& e) { // all that went wrong
    for (const auto& error : e.errors())
      std::cout << ta::describe(error) << '\n';
  }
}

ta::task<void> sugar() {
  const auto won = co_await ta::race(fetch("primary", 1h), fetch("mirror", 1ms));
  std::cout << "server " << won.index() << ": " << std::get<1>(won) << '\n';

  const auto [user, size] = co_await ta::when_all(fetch("user", 1ms), ta::run_in_thread([] { return 3; }));
  std::cout << user << ", " << size << " items\n";

  const auto late = co_await ta::move_on_after(5ms, ta::race(fetch("a", 1h), fetch("b", 1h)));
  std::cout << (late ? "somebody won\n" : "no time left\n"); // and none of them runs on
}

int main() {
  ta::task_manager tasks;
  std::cout << tasks.add_task({.id = "page"}, page).value().get() << '\n';
  tasks.add_task({}, broken).value().get();
  tasks.add_task({}, sugar).value().get();
}

// Output:
// <head><rest>
// std::runtime_error: disk full
// server 1: <mirror>
// <user>, 3 items
// no time left
