/// `command_stream`: what a command has as its standard input, output or error.
///
///     co_await ta::run_command({"make"}, {.out = ta::command_stream::append("log"), .merge_stderr = true});
///     co_await ta::run_command({"wc"}, {.in = ta::command_stream::read("words")});
///
///     ta::descriptor from{...}, to{...};                                     // a pipe between two commands
///     a.out = ta::command_stream::own(std::move(to));
///     b.in = ta::command_stream::own(std::move(from));
///
/// Files are opened by this program, with its rights, just before the start; a relative path is relative to
/// this program's working directory. One that can't be opened is `errc::invalid_argument`, with its path, and
/// the command isn't started. A program that then can't be executed leaves a truncated file behind, as in a
/// shell. One thread opens those of all commands of a manager: a file system that doesn't answer holds up the
/// others. A FIFO isn't waited for: without a writer it is an empty input, without a reader an error.
///
/// What is given by its number is copied by `task_manager::run_command` at once, by an awaited `run_command`
/// or `start_command` when it begins: keep it open until then. With `task_options::retry` the copy stays open
/// until the task has ended.
///
/// Threads: one at a time; copies are the same.
#pragma once

#include <memory>
#include <string>
#include <utility>

namespace taskactor {

class descriptor;

namespace detail {
struct stream_choice;
}

class command_stream {
public:
  /// What is usual: see `command_options::in`, `out` and `err`.
  command_stream() noexcept = default;

  /// Kept for the result, or handed to `on_output` or `on_line`. Of an output.
  static command_stream capture();
  /// A pipe whose other end is the caller's: of `start_command` alone.
  static command_stream pipe();
  /// /dev/null.
  static command_stream null();
  /// A file to read from. Of an input.
  static command_stream read(std::string path);
  /// A file to write to, from its beginning or behind what it has; made if there is none. Of an output.
  static command_stream truncate(std::string path);
  static command_stream append(std::string path);
  /// This program's own of the same kind.
  static command_stream inherit();
  /// What this program has under that number. It is copied (see above), and the original may be closed
  /// then. Errors: `errc::invalid_argument`, of the command, if it isn't open; by
  /// `task_manager::run_command` as a rejection.
  static command_stream inherit(int fd);
  /// The command gets it, and nobody else has it then: at its start it is closed here, so that the other end
  /// of a pipe sees an end. It is made blocking, which is what programs expect. For one command: a second one
  /// that is given a copy is refused.
  static command_stream own(descriptor fd);

  /// For the runtime.
  const std::shared_ptr<detail::stream_choice>& choice() const noexcept { return choice_; }

private:
  explicit command_stream(detail::stream_choice choice);

  std::shared_ptr<detail::stream_choice> choice_; // null: what is usual
};

/// A descriptor that a command has beside its standard streams.
struct passed_descriptor {
  /// What this program has under this number. It is copied, see above.
  int fd = -1;
  /// The number under which the command has it: 3 or above.
  int number = 3;
};

} // namespace taskactor
