/// Serves all commands of one server on one thread: starts them, feeds and reads them, and sees each to its
/// end.
///
/// The kernel kills a command when the thread that started it ends; so this thread starts them, and ends
/// after them. No fairness is lost to a busy command: each wake-up reads a bounded amount from each ready
/// pipe, and starts a few. Stops: `command_table::stop`. All groups are killed, reaped and concluded. A
/// process that doesn't die of KILL (it hangs in the kernel) is given up after `stop_limit`, with its exit
/// status unknown.
#pragma once

#include "command_table.hpp"
#include "poller.hpp"
#include "running_command.hpp"
#include "watchdog.hpp"
#include "watchdog_image.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

namespace taskactor::detail {

class command_loop {
public:
  static constexpr std::chrono::seconds stop_limit{10};

  /// Errors: `std::system_error` when there are no descriptors left.
  explicit command_loop(std::shared_ptr<command_table> table);
  /// Returns when the table is stopped and the last command has ended.
  void run() noexcept;
  const std::shared_ptr<command_table>& table() const noexcept { return table_; }

private:
  void step() noexcept;
  void dispatch(std::uint64_t token) noexcept;
  std::chrono::milliseconds patience() const noexcept;

  void read_for_some() noexcept;
  void start_some() noexcept;
  void start(start_request&& request, int abandoned_by) noexcept;
  void launch(running_command& command);
  void start_watchdog();
  void on_watchdog_end() noexcept;
  void abort(running_command& command, const start_error& error) noexcept;
  std::vector<pid_t> groups() const;

  void end(running_command& command) noexcept;
  void release(const running_command& command, command_end end) noexcept;
  bool conclude(running_command& command) noexcept;
  void reap_late() noexcept;
  void reap_adopted() noexcept;
  void begin_stop() noexcept;
  bool finished() const noexcept;
  void give_up() noexcept;

  std::shared_ptr<command_table> table_;
  poller poller_;
  descriptor null_;
  watchdog watchdog_;
  std::optional<watchdog_image> watchdog_image_; // made with the first command
  child_stack stack_;
  std::vector<char> buffer_;
  std::unordered_map<std::uint64_t, std::unique_ptr<running_command>> commands_;
  std::vector<std::uint64_t> late_; // ended, but held back from us by a debugger
  std::vector<pid_t> adopted_; // groups of ended commands, some of whose dying members are our children now
  std::optional<std::chrono::steady_clock::time_point> give_up_at_;
};

} // namespace taskactor::detail
