#include "command/process_group.hpp"

#include <cerrno>
#include <csignal>

#include <unistd.h>

namespace taskactor::detail {

namespace {

/// It may have changed its group; it isn't reaped, so its number is still its own.
bool leader_has_left(pid_t group) noexcept { return ::getpgid(group) != group; }

} // namespace

void signal_group(pid_t group, int signal) noexcept {
  ::kill(-group, signal);
  if (leader_has_left(group))
    ::kill(group, signal);
}

void stop_group(pid_t group, int signal) noexcept {
  signal_group(group, signal);
  ::kill(leader_has_left(group) ? group : -group, SIGCONT);
}

int send_to(pid_t group, int signal, signal_target to) noexcept {
  const bool whole = to == signal_target::group && !leader_has_left(group);
  return ::kill(whole ? -group : group, signal) == 0 ? 0 : errno;
}

} // namespace taskactor::detail
