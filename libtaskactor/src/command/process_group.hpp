/// Signals to the process groups of commands.
#pragma once

#include <sys/types.h>

namespace taskactor::detail {

/// To a whole process group. TERM wakes it as well if it is stopped, or it couldn't act on it. Must be called
/// while the group's number can't be another's: before its leader is reaped.
void signal_group(pid_t group, int signal) noexcept;

} // namespace taskactor::detail
