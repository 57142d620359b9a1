/// The standard streams of one command, at this program's ends: writes its input, and reads what it prints.
///
/// What is read goes where the command's options say (`output`). While its listener has no room, nothing is
/// read. What a handler throws is kept for the result, and the rest of the output is dropped.
/// Threads: the serving thread alone.
#pragma once

#include "base/poller.hpp"
#include "command/command_listener.hpp"
#include "command/output.hpp"
#include "command/poll_token.hpp"
#include "command/spawn.hpp"

#include <cstddef>
#include <cstdint>
#include <exception>
#include <span>

namespace taskactor::detail {

class command_streams {
public:
  /// What it is given by reference lives longer.
  command_streams(std::uint64_t key, command_options& options, command_listener& listener, poller& poller);
  command_streams(const command_streams&) = delete;
  command_streams& operator=(const command_streams&) = delete;

  /// Has its pipes, and those of its output are watched. Errors: `std::system_error`; then it is to be
  /// closed.
  void open(const launch_plan& plan);
  /// For `spawn`, which closes the child's ends.
  command_pipes& pipes() noexcept { return pipes_; }
  /// Writes some of its input, if nothing tells yet when there is room for that.
  void feed_unwatched() noexcept;
  /// From now on the poller tells. Errors: `std::system_error`.
  void watch_input();
  /// One of them is ready. `buffer` bounds how much is read at a time.
  void on_ready(part which, std::span<char> buffer) noexcept;
  /// Reads on, where it had stopped for want of room.
  void read_on() noexcept;
  /// Reads what the pipes hold by now. Never waits for their end: a process that has left the group may keep
  /// them open.
  void drain(std::span<char> buffer) noexcept;
  void close() noexcept;
  /// Nothing more is read: `into` has what was printed, and what a handler has thrown.
  void finish(command_result& into) noexcept;

private:
  void feed() noexcept;
  void read(unique_fd& from, output& to, std::span<char> buffer) noexcept;
  void drain(unique_fd& from, output& to, std::span<char> buffer) noexcept;
  void pause() noexcept;

  const std::uint64_t key_;
  command_options& options_;
  command_listener& listener_;
  poller& poller_;
  command_pipes pipes_;
  bool input_watched_ = false;
  output out_;
  output err_;
  std::size_t fed_ = 0;
  bool paused_ = false; // its listener has enough for now
  std::exception_ptr handler_error_;
};

} // namespace taskactor::detail
