#include "command/process_group.hpp"

#include <csignal>

#include <unistd.h>

namespace taskactor::detail {

void signal_group(pid_t group, int signal) noexcept {
  ::kill(-group, signal);
  const bool has_left = ::getpgid(group) != group; // the leader itself, which we haven't reaped
  if (has_left)
    ::kill(group, signal);
  if (signal == SIGTERM)
    ::kill(has_left ? group : -group, SIGCONT);
}

} // namespace taskactor::detail
