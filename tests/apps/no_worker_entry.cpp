// A program whose main lacks worker_entry: its first call says so, and it doesn't start itself.
#include <taskactor/registry.hpp>
#include <taskactor/taskactor.hpp>

#include <cstdlib>
#include <iostream>

namespace {

int one() { return 1; }
TASKACTOR_REGISTER(one);

} // namespace

int main() {
  taskactor::task_manager tasks;
  const auto h = tasks.run_in_process({}, one).value();
  const auto text = h.wait_outcome().error().message();
  std::cout << text << '\n';
  const bool said = text.find("main has to begin with") != text.npos;
  return said && tasks.statistics().workers.started == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
