#include "command/spawn.hpp"

#include "base/pointers.hpp"
#include "command/shortage.hpp"
#include "command/terminal_loan.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <system_error>
#include <utility>
#include <vector>

#include <fcntl.h>
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

/// One that nobody has at its other end (a pipe with a name) isn't waited for.
unique_fd open_file(const planned_stream& stream, const char* name, int umask) {
  constexpr mode_t usual_mode = 0666;
  const mode_t mode = usual_mode & ~static_cast<mode_t>(std::max(umask, 0));
  try {
    auto file
        = own(::open(stream.path.c_str(), stream.flags | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, mode), name);
    if (::fcntl(file.get(), F_SETFL, stream.flags & O_APPEND) < 0)
      throw std::system_error{errno, std::generic_category(), name};
    return file;
  } catch (const std::system_error& why) {
    const bool shortage = is_shortage(why.code());
    throw start_error{shortage ? errc::command_not_started : errc::invalid_argument,
                      std::string{name} + ": '" + stream.path + "': " + why.code().message(), shortage};
  }
}

/// What the child is to have in this place; -1: what it has is another one's.
int stream_of(const planned_stream& stream, const unique_fd& childs, const spawn_site& at, int number) {
  if (childs)
    return childs.get();
  if (stream.what == planned_stream::kind::held && at.held)
    return at.held->streams[static_cast<std::size_t>(number)].get();
  return -1;
}

std::array<int, 3> streams_of(const launch_plan& plan, const command_pipes& pipes, const spawn_site& at) {
  if (at.terminal)
    return {at.terminal->terminal().get(), STDOUT_FILENO, STDERR_FILENO};
  std::array<int, 3> result{stream_of(plan.streams[0], pipes.childs_input, at, 0),
                            stream_of(plan.streams[1], pipes.childs_output, at, 1),
                            stream_of(plan.streams[2], pipes.childs_error, at, 2)};
  if (result[0] < 0)
    result[0] = at.input;
  if (result[2] < 0)
    result[2] = result[1];
  return result;
}

std::vector<passed_number> passed_to(const spawn_site& at) {
  std::vector<passed_number> result;
  if (at.held)
    for (const auto& each : at.held->passed)
      result.push_back({each.fd.get(), each.number});
  return result;
}

int highest_of(const std::vector<passed_number>& passed) noexcept {
  int result = 0;
  for (const auto& each : passed)
    result = std::max(result, each.to);
  return result;
}

std::optional<child_identity> identity_of(const launch_plan& plan) {
  const auto& who = plan.identity;
  if (!who || (!who->user && !who->group && !who->groups))
    return std::nullopt;
  return child_identity{.changes_groups = who->groups.has_value(),
                        .changes_group = who->group.has_value(),
                        .changes_user = who->user.has_value(),
                        .groups = who->groups ? who->groups->data() : nullptr,
                        .group_count = who->groups ? who->groups->size() : 0,
                        .group = who->group.value_or(0),
                        .user = who->user.value_or(0)};
}

} // namespace

command_pipes open_pipes(const launch_plan& plan) {
  using kind = planned_stream::kind;
  command_pipes result;
  if (plan.on_terminal)
    return result;
  const auto& [input, output, error] = plan.streams;
  if (input.what == kind::file)
    result.childs_input = open_file(input, "in", plan.umask);
  else if (input.what == kind::ours || input.what == kind::callers)
    (input.what == kind::ours ? result.input : result.callers.input) = writing_end(result.childs_input);
  const auto open_output = [&](const planned_stream& stream, const char* name, unique_fd& ours,
                               unique_fd& callers, unique_fd& childs) {
    if (stream.what == kind::file)
      childs = open_file(stream, name, plan.umask);
    else if (stream.what == kind::ours || stream.what == kind::callers)
      (stream.what == kind::ours ? ours : callers) = reading_end(childs);
  };
  open_output(output, "out", result.output, result.callers.output, result.childs_output);
  open_output(error, "err", result.error, result.callers.error, result.childs_error);
  return result;
}

child spawn(const launch_plan& plan, command_pipes& pipes, const spawn_site& at) {
  const auto candidates = pointers(plan.candidates);
  const auto arguments = pointers(plan.arguments);
  const auto environment = pointers(plan.environment);
  auto passed = passed_to(at);
  const auto identity = identity_of(plan);
  child_orders orders{.parent = ::getpid(),
                      .streams = streams_of(plan, pipes, at),
                      .group = at.group,
                      .memory = plan.memory_limit,
                      .open_files = plan.open_files,
                      .niceness = plan.niceness,
                      .umask = plan.umask,
                      .passed = passed.data(),
                      .passed_count = passed.size(),
                      .highest_passed = highest_of(passed),
                      .identity = identity ? &*identity : nullptr,
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
