/// Starts one command.
#pragma once

#include "base/unique_fd.hpp"
#include "command/command_child.hpp"
#include "command/launch_plan.hpp"
#include "command/stream_choice.hpp"
#include "command/talk_ends.hpp"

#include <sys/types.h>

namespace taskactor::detail {

class terminal_loan;

/// The pipes and files of a command: our ends, which never block, and the child's.
struct command_pipes {
  unique_fd input, output, error; // those that the serving thread feeds and reads
  talk_ends callers;
  unique_fd childs_input, childs_output, childs_error; // of pipes and files that are opened for it
};

/// Errors: `start_error` for a file, `std::system_error`; with nothing left open.
command_pipes open_pipes(const launch_plan& plan);

/// A process that was started and is not reaped yet.
struct child {
  pid_t pid = -1;
  start_failure failure{}; // why it isn't the program
};

/// Where a command is started, and what with.
struct spawn_site {
  int input;           // what it reads, when the plan feeds it nothing: /dev/null, usually; 3 or above
  std::int32_t* group; // see `child_orders`
  const child_stack& stack;
  pid_t& pid;                        // see `start_child`
  terminal_loan* terminal = nullptr; // for a plan that is to have it
  const held_descriptors* held = nullptr;
};

/// Must be called on a thread that lives as long as the child: the kernel kills the child at that thread's
/// end. It waits until the child has become the program or has failed. The child's ends are closed then.
/// Errors: `std::system_error`, with no process; nothing of ours is closed.
child spawn(const launch_plan& plan, command_pipes& pipes, const spawn_site& at);

/// A descriptor of a process, readable when that has ended.
/// Errors: `std::system_error`.
unique_fd open_process(pid_t pid);

/// Kills a process that leads its group, and the group, and waits for its end.
void kill_and_reap(pid_t leader) noexcept;

} // namespace taskactor::detail
