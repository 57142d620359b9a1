#include "command/spawn.hpp"

#include "base/pointers.hpp"
#include "command/terminal_loan.hpp"

#include <cerrno>
#include <csignal>
#include <utility>

#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace taskactor::detail {

namespace {

unique_fd reading_end(unique_fd& childs_end) {
  auto ends = make_pipe();
  set_nonblocking(ends.read);
  childs_end = std::move(ends.write);
  return std::move(ends.read);
}

unique_fd writing_end(unique_fd& childs_end) {
  auto ends = make_pipe();
  set_nonblocking(ends.write);
  childs_end = std::move(ends.read);
  return std::move(ends.write);
}

std::array<int, 3> streams_of(const command_pipes& pipes, const spawn_site& at) {
  if (at.terminal)
    return {at.terminal->terminal().get(), STDOUT_FILENO, STDERR_FILENO};
  return {pipes.childs_input ? pipes.childs_input.get() : at.input, pipes.childs_output.get(),
          pipes.childs_error ? pipes.childs_error.get() : pipes.childs_output.get()};
}

} // namespace

command_pipes open_pipes(const launch_plan& plan) {
  command_pipes result;
  if (!plan.on_terminal)
    result.output = reading_end(result.childs_output);
  if (!plan.on_terminal && !plan.merges_error)
    result.error = reading_end(result.childs_error);
  if (plan.feeds_input)
    result.input = writing_end(result.childs_input);
  return result;
}

child spawn(const launch_plan& plan, command_pipes& pipes, const spawn_site& at) {
  const auto candidates = pointers(plan.candidates);
  const auto arguments = pointers(plan.arguments);
  const auto environment = pointers(plan.environment);
  child_orders orders{.parent = ::getpid(),
                      .streams = streams_of(pipes, at),
                      .group = at.group,
                      .memory = plan.memory_limit,
                      .open_files = plan.open_files,
                      .niceness = plan.niceness,
                      .inherits = plan.inherits,
                      .takes_terminal = at.terminal && at.terminal->can_lend(),
                      .directory = plan.directory.c_str(),
                      .candidates = candidates.data(),
                      .arguments = arguments.data(),
                      .environment = environment.data()};
  start_child(orders, at.stack, at.pid);
  for (auto* end : {&pipes.childs_input, &pipes.childs_output, &pipes.childs_error})
    end->close();
  if (orders.takes_terminal)
    at.terminal->lent();
  return {at.pid, orders.failure};
}

unique_fd open_process(pid_t pid) {
  // Not glibc's pidfd_open: the header of 2.36 gives it C++ linkage.
  return own(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)), "pidfd_open");
}

void kill_and_reap(pid_t leader) noexcept {
  ::kill(-leader, SIGKILL);
  while (::waitpid(leader, nullptr, 0) < 0 && errno == EINTR) {
  }
}

} // namespace taskactor::detail
