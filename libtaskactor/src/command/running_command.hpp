/// One command from its process's start to its reaping: its pipes, its output, its end.
///
/// The life of one: prepare, start, attach, on_ready as often as there is something, note_end, drain, reap,
/// conclude. All that can be had beforehand is had by `prepare`: a program that has begun is not ended for
/// want of a descriptor.
/// Threads: the serving thread alone.
#pragma once

#include "base/poller.hpp"
#include "command/command_table.hpp"
#include "command/group_table.hpp"
#include "command/output.hpp"
#include "command/spawn.hpp"
#include "command/terminal_loan.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

namespace taskactor::detail {

/// What a token of the poller says besides the command: which of its descriptors. The first two
/// are the loop's own.
enum class part : std::uint64_t { wakeup_fd, watchdog, input, output, error, exit };

constexpr std::uint64_t make_token(std::uint64_t key, part which) {
  return key << 3 | static_cast<std::uint64_t>(which);
}
constexpr std::uint64_t key_of(std::uint64_t token) { return token >> 3; }
constexpr part part_of(std::uint64_t token) { return static_cast<part>(token & 7); }

class running_command {
public:
  running_command(start_request&& request, poller& poller);

  std::uint64_t key() const noexcept { return request_.key; }
  const launch_plan& plan() const noexcept { return request_.plan; }
  /// There is no plan: this is why.
  const std::optional<start_error>& refused() const noexcept { return request_.refused; }
  pid_t pid() const noexcept { return child_.pid; }
  /// What it was given as its standard input; none for most.
  const unique_fd& input() const noexcept { return request_.input; }

  /// Has its pipes, and a slot of the table. Errors: `std::system_error`; then all is given back.
  void prepare(group_table& groups);
  /// What there is to be killed with this process if that is killed; null before, and when it is given back.
  group_slot* group() const noexcept { return group_; }
  void give_back(group_table& groups) noexcept;
  /// Errors: as `spawn`.
  void start(int no_input, const child_stack& stack, pid_t& pid);
  /// Why its process hasn't become the program.
  const start_failure& failure() const noexcept { return child_.failure; }
  /// `partly`: there is nothing left to watch it with, so it has to be looked at now and then (`look`). `no`:
  /// it has ended and is reaped already (this program ignores SIGCHLD, or waits for any child).
  enum class attached { wholly, partly, no };
  /// It runs: watches the process, and writes the first of its input.
  attached attach() noexcept;
  /// The same once more, when it couldn't be watched: meanwhile it may have ended.
  attached look() noexcept;
  bool stays() const noexcept { return request_.stays; }
  /// How often it has been put back for want of something.
  std::size_t tries() const noexcept { return request_.tries; }
  /// It isn't started now, but later: everything that it has had is closed.
  start_request give_up() noexcept;
  /// Something of it is ready, not its end. `buffer` bounds how much is read at a time.
  void on_ready(part which, std::span<char> buffer) noexcept;
  /// Reads its output on, where it had stopped for want of room; lets it go on, if it was told that it has
  /// been stopped.
  void read_on() noexcept;
  /// Has it been stopped since this was asked? Then that is told, and one on a terminal goes on with it.
  void look_for_stop() noexcept;
  /// The terminal that it is to have; null: it has none. Errors: `start_error`.
  terminal_loan* terminal();
  /// Its process has ended: takes the time.
  void note_end() noexcept { result_.ended = std::chrono::steady_clock::now(); }
  /// The same, before it is reaped.
  void leave() noexcept;
  /// Reads what the pipes hold by now. Never waits for their end: a process that has left the group may keep
  /// them open.
  void drain(std::span<char> buffer) noexcept;
  /// Reaps the process. False: it isn't ours to reap yet, a debugger has to see it first.
  bool reap() noexcept;
  /// For one that can't be reaped yet: the poller would say so again and again.
  void stop_watching() noexcept { close_all(); }
  /// Closes everything and makes the final call.
  void conclude() noexcept;
  /// The same for one that hasn't become the program.
  void conclude(const start_error& error) noexcept;

private:
  attached watch() noexcept;
  void feed() noexcept;
  void read(unique_fd& from, output& to, std::span<char> buffer) noexcept;
  void drain(unique_fd& from, output& to, std::span<char> buffer) noexcept;
  void pause() noexcept;
  void continue_on_terminal() noexcept;
  void close_all() noexcept;

  start_request request_;
  poller& poller_;
  command_pipes pipes_;
  group_slot* group_ = nullptr;
  child child_;
  unique_fd exit_; // a process descriptor: readable when the process has ended
  bool input_watched_ = false;
  std::unique_ptr<terminal_loan> terminal_;
  output out_;
  output err_;
  std::size_t fed_ = 0;
  bool paused_ = false;       // its listener has enough for now
  bool stop_is_told_ = false; // its listener says when it may go on
  command_result result_;
};

} // namespace taskactor::detail
