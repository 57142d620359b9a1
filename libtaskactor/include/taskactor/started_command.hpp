/// `co_await start_command(argv)`: an external program that one can talk to while it runs.
///
///     auto bc = co_await ta::start_command({"bc", "-l"});
///     co_await bc.write("2^64\n");
///     const auto line = co_await bc.read_line();       // std::optional; empty at the end of its output
///     bc.input().close();                              // it sees the end of its input
///     const auto result = co_await bc.ended();         // as of `run_command`
///
/// Its input and output are pipes, whose other ends are `input()` and `output()`: non-blocking descriptors of
/// the caller's, for `readable`, `writable` and whatever else takes one. What it writes to standard error is
/// kept for the result, so that nobody has to read it; with `.err = command_stream::pipe()` that is a pipe,
/// too, which has to be read. Options set other things in the place of any of them (`command_options`), which
/// else mean what they mean for `run_command`; `timeout` counts from the start.
///
/// **It belongs to the task that has started it**, whichever holds the object. When that goes (the frame that
/// it is in ends, by an exception or a cancellation too; another is assigned to it), or the task's body has
/// ended, the command is to end: its group is sent `stop_signal`, and KILL when its grace is over. The body
/// goes on meanwhile; its task ends when the command has. A body that is killed takes the command's group
/// with it. What it has left behind in its group is killed when it exits.
///
/// It holds a token of the process limiter until it has ended, as commands of `run_command` do: commands that
/// wait for each other, as the two ends of a pipe, need that many.
///
/// Threads: an object that isn't moved meanwhile may be used by several tasks: one that reads, one that
/// writes, and any that wait for its end or send signals. Errors, of the start: those of `run_command`, and
/// `invalid_argument` for a `timeout` of zero. Stops: as `run_command`, while it waits for its start.
#pragma once

#include <taskactor/command.hpp>
#include <taskactor/io/descriptor.hpp>
#include <taskactor/io/stream.hpp>
#include <taskactor/run_command.hpp>
#include <taskactor/task.hpp>

#include <memory>
#include <optional>
#include <string>

namespace taskactor {

namespace detail {
class started_command_parts;
}

class started_command {
public:
  /// For the runtime.
  explicit started_command(std::unique_ptr<detail::started_command_parts> parts) noexcept;
  started_command(started_command&& other) noexcept;
  started_command& operator=(started_command&& other) noexcept;
  ~started_command();

  /// Of its process. After its end another one may have it; `signal` never reaches that.
  int pid() const;

  /// Sends a signal to its process, or to all of its group. Errors: `errc::command_ended`;
  /// `errc::not_permitted`, if it has become another user's; `errc::invalid_argument`, for what is no signal.
  void signal(int number) const;
  void signal_group(int number) const;

  /// This program's ends of its pipes; none where a stream is something else, or was closed. Closing the
  /// first is an end of file to it. Output that was there when it ended can still be read.
  descriptor& input();
  descriptor& output();
  descriptor& errors();

  /// `write_all` to its input, and lines and pieces of its output (io/stream.hpp). `read_line` reads ahead:
  /// pieces come from what it has read first; who reads from `output()` itself misses that.
  task<void> write(std::string bytes);
  task<std::optional<std::string>> read_line();
  task<std::string> read_some();

  /// To be awaited, also by several and again: until its process has ended; then how. Output that was kept
  /// for the result is copied each time. It runs on if the await is cancelled, as by `move_on_after`.
  task<command_result> ended() const;
  /// To be awaited: ends it, if it runs (`stop_signal`, grace, KILL); then how it has ended. Goes on through
  /// a cancellation.
  task<command_result> stop() const;

private:
  detail::started_command_parts& parts() const;

  std::unique_ptr<detail::started_command_parts> parts_;
};

/// Goes on when the program runs.
[[nodiscard]] task<started_command> start_command(command_line argv, command_options options = {});

} // namespace taskactor
