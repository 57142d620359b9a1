/// Signals to the process groups of commands. All must be called while the group's number can't be another's:
/// before its leader is reaped.
#pragma once

#include <cstdint>

#include <sys/types.h>

namespace taskactor::detail {

/// `command`: its group, and that this means a command's end if it is TERM.
enum class signal_target : std::uint8_t { process, group, command };

/// To a whole process group, and to its leader if that has left it.
void signal_group(pid_t group, int signal) noexcept;
/// The same, with a signal by which it is to end: it wakes what is stopped, which couldn't act on it.
void stop_group(pid_t group, int signal) noexcept;
/// Returns 0, or an `errno`.
int send_to(pid_t group, int signal, signal_target to) noexcept;

} // namespace taskactor::detail
