#include "spawn.hpp"

#include "child_setup.hpp"
#include "launcher_image.hpp"

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
  descriptor status;
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

child spawn(const launch_plan& plan, const launcher_image& launcher, shared_descriptors shared) {
  child result;
  child_ends theirs;
  result.status = reading_end(theirs.status);
  result.output = reading_end(theirs.output);
  if (!plan.merges_error)
    result.error = reading_end(theirs.error);
  if (plan.feeds_input)
    result.input = writing_end(theirs.input);
  child_setup setup;
  setup.as_command();
  setup.give(theirs.input ? theirs.input.get() : shared.input, STDIN_FILENO);
  setup.give(theirs.output.get(), STDOUT_FILENO);
  setup.give(theirs.error ? theirs.error.get() : theirs.output.get(), STDERR_FILENO);
  setup.give(theirs.status.get(), launcher_status_fd);
  setup.give(shared.groups, launcher_groups_fd);
  result.pid = setup.start(launcher.path(), plan.arguments, plan.environment);
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
