/// Starts one command by way of the launcher.
#pragma once

#include "descriptor.hpp"
#include "launch_plan.hpp"

#include <sys/types.h>

namespace taskactor::detail {

class launcher_image;

/// A process that was started and is not reaped yet, and our ends of its pipes, which never block.
struct child {
  pid_t pid = -1;
  descriptor status; // the launcher's: ends when the program runs; else a launcher_failure comes
  descriptor input;  // only when the plan feeds input
  descriptor output;
  descriptor error; // none when it is merged
};

/// Descriptors that every command is given a copy of.
struct shared_descriptors {
  int input;  // what it reads, when the plan feeds it nothing: /dev/null, usually
  int groups; // the watchdog's pipe
};

/// Must be called on a thread that lives as long as the child: the kernel kills the child at that thread's
/// end. Errors: `std::system_error`, with no process and no descriptor left over.
child spawn(const launch_plan& plan, const launcher_image& launcher, shared_descriptors shared);

/// A descriptor of a process, readable when that has ended.
/// Errors: `std::system_error`.
descriptor open_process(pid_t pid);

/// Kills a process that leads its group, and the group, and waits for its end.
void kill_and_reap(pid_t leader) noexcept;

} // namespace taskactor::detail
