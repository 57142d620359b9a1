/// One command from its process's start to its reaping: its pipes, its output, its end.
///
/// The life of one: attach, on_ready as often as there is something, note_end, drain, reap, conclude.
/// Threads: the serving thread alone.
#pragma once

#include "command_table.hpp"
#include "output.hpp"
#include "poller.hpp"
#include "spawn.hpp"

#include <chrono>
#include <cstdint>
#include <span>

namespace taskactor::detail {

/// What a token of the poller says besides the command: which of its descriptors. The first two
/// are the loop's own.
enum class part : std::uint64_t { bell, watchdog, input, output, error, exit };

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
  pid_t pid() const noexcept { return child_.pid; }
  /// What it was given as its standard input; none for most.
  const descriptor& input() const noexcept { return request_.input; }

  void take(child&& started) noexcept;
  /// Why its process hasn't become the program.
  const start_failure& failure() const noexcept { return child_.failure; }
  /// It runs: watches the process and its pipes, and writes the first of its input. False: it has ended and
  /// is reaped already (this program ignores SIGCHLD, or waits for any child). Errors: `std::system_error`.
  bool attach();
  /// Something of it is ready, not its end. `buffer` bounds how much is read at a time.
  void on_ready(part which, std::span<char> buffer) noexcept;
  /// Its process has ended: takes the time.
  void note_end() noexcept { result_.ended = std::chrono::steady_clock::now(); }
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
  void feed() noexcept;
  void read(descriptor& from, output& to, std::span<char> buffer) noexcept;
  void drain(descriptor& from, output& to, std::span<char> buffer) noexcept;
  void close_all() noexcept;

  start_request request_;
  poller& poller_;
  child child_;
  descriptor exit_; // a process descriptor: readable when the process has ended
  output out_;
  output err_;
  std::size_t fed_ = 0;
  command_result result_;
};

} // namespace taskactor::detail
