/// Serves all commands of one server on one thread: starts them, feeds and reads them, and sees each to its
/// end.
///
/// The kernel kills a command when the thread that started it ends; so this thread starts them, and ends
/// after them. No fairness is lost to a busy command: each wake-up reads a bounded amount from each ready
/// pipe, and starts a few.
///
/// What can't be started for want of a descriptor, a process or memory waits for the next end, and with it
/// what is behind it in the queue; when nothing else runs it has failed. An end that it hears of doesn't tell
/// whether another program of this machine has ended: so it tries again now and then, too.
///
/// Stops: `command_table::stop`. All groups are killed, reaped and concluded. A
/// process that doesn't die of KILL (it hangs in the kernel) is given up after `stop_limit`, with its exit
/// status unknown.
#pragma once

#include "base/poller.hpp"
#include "command/adopted_groups.hpp"
#include "command/command_launcher.hpp"
#include "command/command_table.hpp"
#include "command/running_commands.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace taskactor::detail {

class command_loop {
public:
  static constexpr std::chrono::seconds stop_limit{10};

  /// Errors: `std::system_error` when there are no descriptors left.
  explicit command_loop(std::shared_ptr<command_table> table);
  /// Returns when the table is stopped and the last command has ended.
  void run() noexcept;

private:
  void step() noexcept;
  void dispatch(std::uint64_t token) noexcept;
  std::chrono::milliseconds patience() const noexcept;
  void read_for_some() noexcept;

  void start_some() noexcept;
  void start(start_request&& request, int abandoned_by) noexcept;
  void wait_for_room(running_command& command) noexcept;
  void launch(running_command& command);
  void abort(running_command& command, const start_error& error) noexcept;

  void end(running_command& command) noexcept;
  void release(running_command& command, command_end end) noexcept;
  bool conclude(running_command& command) noexcept;
  void look_at_unwatched() noexcept;
  void reap_late() noexcept;
  bool finished() const noexcept;
  void give_up() noexcept;

  std::shared_ptr<command_table> table_;
  poller poller_;
  command_launcher launcher_;
  std::vector<char> buffer_;
  running_commands commands_;
  /// Nothing is started until then, unless something ends before.
  std::optional<std::chrono::steady_clock::time_point> short_until_;
  std::vector<std::uint64_t> unwatched_; // running, though there was nothing left to hear of them with
  std::vector<std::uint64_t> late_;      // ended, but held back from us by a debugger
  adopted_groups adopted_;
  std::optional<std::chrono::steady_clock::time_point> give_up_at_; // set: it is to stop
};

} // namespace taskactor::detail
