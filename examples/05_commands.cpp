// External programs as tasks: no shell, exit codes and signals as data, whole process groups ended in time.
#include <taskactor/taskactor.hpp>

#include <iostream>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace ta = taskactor;
using namespace std::chrono_literals;

ta::task<std::string> sorted(std::string lines) {
  auto result = co_await ta::run_command({"sort", "-u"}, {.stdin_data = std::move(lines)});
  if (!result.success())
    throw std::runtime_error{result.describe() + ": " + result.err};
  co_return result.out;
}

ta::task<std::string> sum(std::vector<int> numbers) {
  auto shell = co_await ta::start_command({"sh", "-c", "s=0; while read n; do s=$((s + n)); echo $s; done"});
  std::optional<std::string> last;
  for (const int number : numbers) {
    co_await shell.write(std::to_string(number) + '\n');
    last = co_await shell.read_line(); // empty: it has closed its output
  }
  shell.input().close(); // the end of its input
  const auto result = co_await shell.ended();
  co_return last.value_or("nothing") + ", " + result.describe();
}

int main() {
  ta::task_manager tasks;
  std::cout << tasks.add_task({}, sorted, "pear\napple\npear\n").value().get();

  auto shell = tasks.run_command({.id = "shell"}, {"sh", "-c", "echo oops >&2; exit 3"}).value().get();
  std::cout << shell.describe() << ", and said " << shell.err;

  auto result = tasks.run_command({}, {"sleep", "100"}, {.timeout = 5s, .grace = 10s}).value().get();
  std::cout << result.describe() << (result.timed_out ? ", out of time\n" : "\n");

  // What can't be started is an error, not an exit code.
  auto missing = tasks.run_command({}, {"no-such-program"}).value();
  std::cout << missing.wait_outcome().error() << '\n';

  // By line, as the output comes.
  ta::command_options by_line;
  by_line.on_line = [](ta::output_stream, std::string_view line) { std::cout << "> " << line << '\n'; };
  tasks.run_command({}, {"seq", "2"}, by_line).value().get();

  // One that is talked to while it runs.
  std::cout << tasks.add_task({}, sum, std::vector{1, 20, 21}).value().get() << '\n';
}

// Output:
// apple
// pear
// exit code 3, and said oops
// killed by signal 15 (TERM), out of time
// failed: taskactor::error: ...no-such-program...
// > 1
// > 2
// 42, exit code 0
