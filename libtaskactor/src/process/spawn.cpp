#include "spawn.hpp"

#include "pointers.hpp"

#include <cerrno>
#include <csignal>
#include <utility>

#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace taskactor::detail {

namespace {

/// The child's ends: closed here once the child has them.
struct child_ends {
  descriptor input;
  descriptor output;
  descriptor error;
};

descriptor reading_end(descriptor& childs_end) {
  auto ends = make_pipe();
  set_nonblocking(ends.read);
  childs_end = std::move(ends.write);
  return std::move(ends.read);
}

descriptor writing_end(descriptor& childs_end) {
  auto ends = make_pipe();
  set_nonblocking(ends.write);
  childs_end = std::move(ends.read);
  return std::move(ends.write);
}

} // namespace

child spawn(const launch_plan& plan, const spawn_site& at) {
  child result;
  child_ends theirs;
  result.output = reading_end(theirs.output);
  if (!plan.merges_error)
    result.error = reading_end(theirs.error);
  if (plan.feeds_input)
    result.input = writing_end(theirs.input);
  const auto candidates = pointers(plan.candidates);
  const auto arguments = pointers(plan.arguments);
  const auto environment = pointers(plan.environment);
  child_orders orders{.parent = ::getpid(),
                      .streams = {theirs.input ? theirs.input.get() : at.input, theirs.output.get(),
                                  theirs.error ? theirs.error.get() : theirs.output.get()},
                      .groups = at.groups,
                      .memory = plan.memory_limit,
                      .niceness = plan.niceness,
                      .directory = plan.directory.c_str(),
                      .candidates = candidates.data(),
                      .arguments = arguments.data(),
                      .environment = environment.data()};
  start_child(orders, at.stack, at.pid);
  result.pid = at.pid;
  result.failure = orders.failure;
  return result;
}

descriptor open_process(pid_t pid) {
  // Not glibc's pidfd_open: the header of 2.36 gives it C++ linkage.
  return own(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)), "pidfd_open");
}

void kill_and_reap(pid_t leader) noexcept {
  ::kill(-leader, SIGKILL);
  while (::waitpid(leader, nullptr, 0) < 0 && errno == EINTR) {
  }
}

} // namespace taskactor::detail
