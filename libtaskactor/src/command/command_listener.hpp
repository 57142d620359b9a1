/// Who is told what becomes of one command.
#pragma once

#include "command/talk_ends.hpp"

#include <taskactor/command.hpp>
#include <taskactor/errc.hpp>

#include <cstdint>
#include <string>

#include <sys/types.h>

namespace taskactor::detail {

/// Exactly one of `on_start_failed` and `on_exit` is called, last; before `on_exit`, `on_started` is called
/// once.
///
/// Threads: all calls come on the thread that serves commands, and must not block. The exception is a start
/// that this thread can't serve, since it couldn't be started or has ended: then `command_server::start`
/// calls.
class command_listener {
public:
  virtual ~command_listener() = default;
  /// Of a command that its caller talks to, just before `on_started`.
  virtual void on_talk(talk_ends /* ends */) noexcept {}
  /// The program runs (or was killed at that very moment).
  virtual void on_started(pid_t pid) noexcept = 0;
  /// A signal has stopped it. False: it isn't to go on with its terminal until somebody asks for that
  /// (`command_server::read_on`).
  virtual bool on_stopped(std::uint64_t /* key */, int /* signal */) noexcept { return true; }
  /// It has ended, and its number is still its own.
  virtual void on_leaving() noexcept {}
  /// Its output is about to be read, and then handed out if there is any.
  virtual void on_readable() noexcept {}
  /// False: what it has been given is enough for now, and its output isn't read until somebody asks for that
  /// (`command_server::read_on`).
  virtual bool has_room(std::uint64_t /* key */) noexcept { return true; }
  /// There is no process. `errc::stopping`: the start was abandoned, by a signal or by `stop`.
  virtual void on_start_failed(errc code, std::string message) noexcept = 0;
  /// The process has ended and is reaped, its group killed, its streams closed.
  virtual void on_exit(command_result result) noexcept = 0;
};

} // namespace taskactor::detail
