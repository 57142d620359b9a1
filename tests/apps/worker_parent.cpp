// A program with a worker that is busy for ever, and that has a child of its own. It prints the ids of both
// processes, and then waits to be killed: see test_workers.py.
#include <taskactor/registry.hpp>
#include <taskactor/taskactor.hpp>
#include <taskactor/worker_entry.hpp>

#include <iostream>

#include <spawn.h>
#include <unistd.h>

namespace {

void linger(bool with_child) {
  if (with_child) {
    const char* arguments[] = {"sleep", "1000", nullptr};
    pid_t child = 0;
    ::posix_spawnp(&child, "sleep", nullptr, nullptr, const_cast<char**>(arguments), environ);
    std::cout << ::getpid() << ' ' << child << std::endl; // to the parent's log, by its standard error
  }
  for (;;)
    ::pause();
}
TASKACTOR_REGISTER(linger);

} // namespace

int main(int argc, char* argv[]) {
  if (const auto code = taskactor::worker_entry(argc, argv))
    return *code;
  taskactor::task_manager tasks;
  tasks.run_in_process({.id = "busy", .timeout = taskactor::no_timeout}, linger, true).value().wait();
}
