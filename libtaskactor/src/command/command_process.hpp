/// The process of one command: its slot in the table of groups, the terminal that it may have, what tells of
/// its end, and its reaping. A plain object: nothing is undone by its destruction, but for the terminal and
/// the descriptor of the process.
///
/// Threads: the serving thread alone.
#pragma once

#include "base/poller.hpp"
#include "command/group_table.hpp"
#include "command/spawn.hpp"
#include "command/terminal_loan.hpp"

#include <taskactor/command.hpp>

#include <cstdint>
#include <memory>

#include <sys/types.h>

namespace taskactor::detail {

class command_process {
public:
  explicit command_process(poller& poller) : poller_(poller) {}

  /// Not positive before it is started.
  pid_t pid() const noexcept { return child_.pid; }
  /// Why it hasn't become the program.
  const start_failure& failure() const noexcept { return child_.failure; }

  /// Has a slot, which knows its group from its first moment. Errors: `std::system_error`.
  void take_slot(group_table& groups) { slot_ = groups.take(); }
  /// What there is to be killed with this program if that is killed; before it is reaped.
  void give_back(group_table& groups) noexcept;
  /// It is to have the terminal. Errors: `std::system_error`.
  void open_terminal() { terminal_ = std::make_unique<terminal_loan>(); }
  /// Errors: as `spawn`. `input`, `held`: see `spawn_site`.
  void start(const launch_plan& plan, command_pipes& pipes, int input, const held_descriptors& held,
             const child_stack& stack, pid_t& pid);

  /// From now on the poller tells of its end with this token; once is enough. Errors: `std::system_error`, of
  /// `std::errc::no_such_process` if it is reaped already.
  void watch(std::uint64_t token);
  /// It has ended, or isn't ours to reap any more.
  bool has_ended() const noexcept;
  /// The signal that has stopped it since this was asked, or 0. The terminal is taken back then.
  int take_stop() noexcept;
  /// One on the terminal gets it again, and goes on.
  void go_on_with_terminal() noexcept;
  void take_terminal_back() noexcept;

  /// Reaps it: `into` knows how it has ended. False: it isn't ours to reap yet, a debugger has to see it
  /// first.
  bool reap(command_result& into) noexcept;
  /// The poller doesn't tell of its end any more.
  void close() noexcept { poller_.close(exit_); }

private:
  poller& poller_;
  group_slot* slot_ = nullptr; // null before it is taken, and when it is given back
  child child_;
  unique_fd exit_; // a process descriptor: readable when the process has ended
  std::unique_ptr<terminal_loan> terminal_;
};

} // namespace taskactor::detail
