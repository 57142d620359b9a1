// The whole `main` of the page "Signals and shutdown".
#include <taskactor/taskactor.hpp>

#include <cerrno>
#include <csignal>
#include <iostream>
#include <string>
#include <system_error>

#include <unistd.h>

namespace ta = taskactor;
using namespace std::chrono_literals;

// The work: "2000" takes two seconds.
ta::task<void> work(std::string line) {
  co_await ta::sleep_for(std::chrono::milliseconds{std::stol(line)});
  std::cout << "done: " + line + '\n' << std::flush;
}

// A task for each line of the standard input, until its end.
ta::task<void> begin_work(ta::task_group& group) {
  std::string text(4096, '\0');
  std::string rest;
  for (;;) {
    co_await ta::readable(STDIN_FILENO);
    const auto got = ::read(STDIN_FILENO, text.data(), text.size());
    if (got < 0 && errno != EAGAIN)
      throw std::system_error{errno, std::generic_category(), "read"};
    if (got == 0)
      co_return;
    rest.append(text, 0, got > 0 ? static_cast<std::size_t>(got) : 0);
    for (std::size_t end = 0; (end = rest.find('\n')) != rest.npos; rest.erase(0, end + 1)) {
      std::cout << "begins: " + rest.substr(0, end) + '\n' << std::flush;
      group.start(work, rest.substr(0, end));
    }
  }
}

// What begins work ends with the first signal; what has begun goes on: until the second, which cancels it.
ta::task<void> serve() {
  const ta::signals ends{SIGINT, SIGTERM};
  co_await ta::with_group([&ends](ta::task_group& group) -> ta::task<void> {
    co_await ta::race(begin_work(group), ends.next());
    std::cout << "nothing new is begun\n" << std::flush;
  });
}

int main() {
  ta::task_manager tasks;
  tasks.shutdown_on({SIGINT, SIGTERM}, {.drain = 25s, .cancel = 4s, .kill = 1s});

  const auto server = tasks.add_task({.id = "server", .timeout = ta::no_timeout}, serve).value();
  const bool all_done = server.wait_outcome().state() == ta::state::completed;

  const auto report = tasks.shutdown();
  for (const auto& id : report.not_ended)
    std::cerr << id << " hasn't ended\n";
  return report.exit_code(all_done ? 0 : 1); // 130 after Ctrl-C, 143 after SIGTERM
}
