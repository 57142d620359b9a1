/// One command from its process's start to its reaping: its process, its streams, its end.
///
/// The life of one: prepare, start, attach, on_ready as often as there is something, note_end, drain, reap,
/// conclude. All that can be had beforehand is had by `prepare`: a program that has begun is not ended for
/// want of a descriptor.
/// Threads: the serving thread alone.
#pragma once

#include "base/poller.hpp"
#include "command/command_process.hpp"
#include "command/command_streams.hpp"
#include "command/group_table.hpp"
#include "command/poll_token.hpp"
#include "command/spawn.hpp"
#include "command/start_queue.hpp"

#include <chrono>
#include <cstdint>
#include <span>

namespace taskactor::detail {

class running_command {
public:
  running_command(start_request&& request, poller& poller);

  std::uint64_t key() const noexcept { return request_.key; }
  const start_request& request() const noexcept { return request_; }
  pid_t pid() const noexcept { return process_.pid(); }

  /// Has its pipes, and a slot of the table. Errors: `std::system_error`; then all is given back.
  void prepare(group_table& groups);
  void give_back(group_table& groups) noexcept { process_.give_back(groups); }
  /// Opens the terminal that it is to have; false: it is to have none. Errors: `start_error`.
  bool open_terminal();
  /// Errors: as `spawn`.
  void start(int no_input, const child_stack& stack, pid_t& pid);
  /// Why its process hasn't become the program.
  const start_failure& failure() const noexcept { return process_.failure(); }
  /// `partly`: there is nothing left to watch it with, so it has to be looked at now and then (`look`). `no`:
  /// it has ended and is reaped already (this program ignores SIGCHLD, or waits for any child).
  enum class attached { wholly, partly, no };
  /// It runs: watches the process, and writes the first of its input.
  attached attach() noexcept;
  /// The same once more, when it couldn't be watched: meanwhile it may have ended.
  attached look() noexcept;
  /// It isn't started now, but later: everything that it has had is closed.
  start_request give_up() noexcept;
  /// One of its streams is ready. `buffer` bounds how much is read at a time.
  void on_ready(part which, std::span<char> buffer) noexcept { streams_.on_ready(which, buffer); }
  /// Reads its output on, where it had stopped for want of room; lets it go on, if it was told that it has
  /// been stopped.
  void read_on() noexcept;
  /// Has it been stopped since this was asked? Then that is told, and one on a terminal goes on with it.
  void look_for_stop() noexcept;
  /// Its process has ended: takes the time.
  void note_end() noexcept { result_.ended = std::chrono::steady_clock::now(); }
  /// The same, before it is reaped.
  void leave() noexcept;
  /// Reads what the pipes hold by now. Never waits for their end: a process that has left the group may keep
  /// them open.
  void drain(std::span<char> buffer) noexcept { streams_.drain(buffer); }
  /// Reaps the process. False: it isn't ours to reap yet, a debugger has to see it first.
  bool reap() noexcept { return process_.reap(result_); }
  /// For one that can't be reaped yet: the poller would say so again and again.
  void stop_watching() noexcept { close_all(); }
  /// Closes everything and makes the final call.
  void conclude() noexcept;
  /// The same for one that hasn't become the program.
  void conclude(const start_error& error) noexcept;

private:
  attached watch() noexcept;
  void close_all() noexcept;

  start_request request_;
  command_process process_;
  command_streams streams_;
  bool stop_is_told_ = false; // its listener says when it may go on
  command_result result_;
};

} // namespace taskactor::detail
