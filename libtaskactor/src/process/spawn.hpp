/// Starts one command.
#pragma once

#include "command_child.hpp"
#include "descriptor.hpp"
#include "launch_plan.hpp"

#include <sys/types.h>

namespace taskactor::detail {

/// A process that was started and is not reaped yet, and our ends of its pipes, which never block.
struct child {
  pid_t pid = -1;
  start_failure failure; // why it isn't the program
  descriptor input;      // only when the plan feeds input
  descriptor output;
  descriptor error; // none when it is merged
};

/// Where a command is started, and what with.
struct spawn_site {
  int input;             // what it reads, when the plan feeds it nothing: /dev/null, usually; 3 or above
  std::uint64_t* groups; // see `child_orders`
  const child_stack& stack;
  pid_t& pid; // see `start_child`
};

/// Must be called on a thread that lives as long as the child: the kernel kills the child at that thread's
/// end. It waits until the child has become the program or has failed.
/// Errors: `std::system_error`, with no process and no descriptor left over.
child spawn(const launch_plan& plan, const spawn_site& at);

/// A descriptor of a process, readable when that has ended.
/// Errors: `std::system_error`.
descriptor open_process(pid_t pid);

/// Kills a process that leads its group, and the group, and waits for its end.
void kill_and_reap(pid_t leader) noexcept;

} // namespace taskactor::detail
