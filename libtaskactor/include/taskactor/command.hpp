/// What a caller says of one external command, and what becomes of it.
///
///     caller --- command_line, command_options ---> command --- command_result ---> caller
///
/// A command is a program in a process group of its own. It runs in the caller's session with default signal
/// dispositions, no blocked signal, and no descriptor but its three streams, which are pipes unless something
/// else is said (command_stream.hpp), and those that it is passed; or it `inherits_descriptors`. No shell
/// sees it: the arguments arrive as they are.
///
/// Program names: with a `/` in it, a name is a path; without, it is looked for in the directories of PATH,
/// as the command's own environment has it ("/bin:/usr/bin" when there is none). Relative paths, relative
/// directories in PATH too, are relative to the command's working directory. A file without `#!` that isn't a
/// binary is not executable.
///
/// Ends: a command has ended when its first process has. What is left of its process group is killed then,
/// and its output up to there is kept. If the program that uses taskactor is killed itself, its commands'
/// groups are killed. Limits: a process that leaves the group (`setsid`, job control of a shell) is neither
/// found again nor waited for, and one that runs as another user can't be killed.
///
/// Stops: what stops a command (TTIN when it reads the terminal, which isn't its own: /dev/tty) is seen
/// within a second, and told: see `on_stopped`. CONT lets it go on; its timeout ends it all the same.
///
/// What there is no room for (no descriptor, process or memory left) while other commands run isn't refused:
/// it waits for the next end, and what was asked for behind it as well. When no other one runs it is
/// `command_not_started`.
///
/// Errors: a program that can't be started is `errc::command_not_found`, `command_not_executable` or
/// `command_not_started`; bad options are `invalid_argument`, as are arguments that no command can be given:
/// a NUL byte, or more than the system takes. What this program has no right to (another user) is
/// `not_permitted`. /proc has to be there. An exit code or a signal is data, in `command_result`.
#pragma once

#include <taskactor/command_stream.hpp>
#include <taskactor/field.hpp>
#include <taskactor/time_span.hpp>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace taskactor {

class command_pause;

/// The program and its arguments; at least the program. No NUL bytes. Its words are whatever a string is made
/// from, also in an await, where g++ 12 can't compile a list of strings for a vector:
///
///     co_await run_command({"sort", "-u"})
///
struct command_line : std::vector<std::string> {
  command_line() = default;
  command_line(std::vector<std::string> words)
      : std::vector<std::string>(std::move(words)) {} // NOLINT: implicit
  template <class... Words>
    requires(sizeof...(Words) > 0 && (std::constructible_from<std::string, Words> && ...))
  command_line(Words&&... words) { // NOLINT: implicit
    reserve(sizeof...(Words));
    (emplace_back(std::forward<Words>(words)), ...);
  }
};

/// An output stream of a command.
enum class output_stream : std::uint8_t { out, err };

/// Options of one command.
struct command_options {
  /// What the command reads from its standard input, in bytes as they are. Empty: what `in` says, and unless
  /// it says anything /dev/null; not both. A command need not read it.
  field<std::string> stdin_data{};
  /// The command's standard streams. Unset: `stdin_data`; output and error are kept, or handed out. A command
  /// of `start_command` has pipes as its input and output, unless that is set.
  field<command_stream> in{};
  field<command_stream> out{};
  field<command_stream> err{};
  /// Further descriptors of this program's that the command has. Errors: `invalid_argument` for one that
  /// isn't open, a number below 3, and one that is named twice.
  field<std::vector<passed_descriptor>> pass{};
  /// Variables added to the inherited environment, or put in place of what it has; the last of a name wins.
  field<std::vector<std::pair<std::string, std::string>>> env{};
  /// Start from an empty environment instead of the inherited one; then PATH is not set unless `env` sets it.
  bool clear_env = false;
  /// Working directory. Empty: the current one.
  field<std::string> cwd{};
  /// Bytes of memory that each process of the command may have for itself: heap, private writable maps,
  /// stacks of threads (RLIMIT_DATA). What is only reserved, read from files or shared doesn't count, so that
  /// runtimes that reserve much can live with it. Beyond it the program is refused memory, and ends as it
  /// takes that: `command_result` tells. Unset: no limit but this program's own, which it never exceeds; zero
  /// is refused.
  std::optional<std::size_t> memory_limit{};
  /// Permissions that files made by the command don't have (`umask`), 0 to 0777. Unset: this program's.
  std::optional<unsigned> umask{};
  /// Who the command runs as: a user's and a group's name, or number. Group unset: that of the user's
  /// account. Supplementary groups: `groups`; none named: those of the user's account. It gets all of that or
  /// isn't started: `errc::not_permitted` if this program may not (it takes CAP_SETUID and CAP_SETGID),
  /// `invalid_argument` for who doesn't exist. `cwd` is entered and the program looked for with that user's
  /// rights; HOME and other variables stay as they are. Accounts are looked up on a thread of the pool.
  field<std::string> user{};
  field<std::string> group{};
  field<std::vector<std::string>> groups{};
  /// Added to this program's niceness, as nice(1) does: 0 to 19. Default zero: the same priority.
  int niceness = 0;
  /// Descriptors that each process of the command may have open at once (the soft RLIMIT_NOFILE; it may raise
  /// that up to the hard one). Unset: as many as this program; zero is refused.
  std::optional<std::size_t> open_files{};
  /// The command has this program's descriptors, too: all that aren't marked close-on-exec, at the time of
  /// its start. What this program was started with itself usually isn't. Default: none but its streams.
  bool inherits_descriptors = false;
  /// The command has the terminal of this program's session: /dev/tty as its standard input (`stdin_data`,
  /// `in`, `out` and `err` are refused), this program's own standard output and error, of which nothing is
  /// kept, and the foreground, which is taken back at its end. When it is stopped, by Ctrl-Z for one, the
  /// terminal is taken back, `on_stopped` called, and then it goes on with the terminal. One at a time. In
  /// the background there is no terminal to give, and a command that reads it stops. Without one:
  /// `command_not_started`.
  bool on_terminal = false;
  /// Bytes kept of each stream; what comes later is read and dropped, so that the command never waits for its
  /// reader. Default 1 MiB; zero keeps nothing. Without meaning when `on_output` or `on_line` is set.
  std::size_t capture_limit = std::size_t{1} << 20;
  /// Standard error goes where standard output goes: one stream, in the order of writing. `err` isn't set
  /// then.
  bool merge_stderr = false;
  /// Called with output as it comes, in pieces as they are read, instead of keeping it: whatever becomes of
  /// the task, its caller has had what the command had printed by then. Called one at a time, on a thread
  /// that is there for that: it may block, and holds up its own command alone, whose end waits for it, and
  /// whose output waits in its pipe when some 256 KiB wait for the handler. When it throws, that is kept in
  /// `command_result::handler_error`, it isn't called again, and the command runs on.
  field<std::function<void(output_stream, std::string_view bytes)>> on_output{};
  /// The same by lines: each without its newline; a last line without one counts too. Not both.
  field<std::function<void(output_stream, std::string_view line)>> on_line{};
  /// Bytes of the longest line that is handed out whole; a longer one comes in pieces of this size.
  /// Default 64 KiB; zero is refused.
  std::size_t line_limit = std::size_t{1} << 16;
  /// How long the command may run. Unset: as long as its task may; zero has expired: it isn't started.
  std::optional<time_span> timeout{};
  /// Called with the signal that has stopped the command, as `on_output` is. One that has the terminal goes
  /// on when it has returned. Unset: a warning is logged.
  field<std::function<void(int signal)>> on_stopped{};
  /// What can stop the command, and its `timeout` and `grace`, for a while. Null: nothing.
  field<std::shared_ptr<command_pause>> pause{};
  /// The first signal to the command's group, when it is cancelled or its time is up; with CONT behind it.
  int stop_signal = 15; // TERM
  /// From that signal to KILL. Unset: the manager's `cancel_grace`; zero: KILL at once.
  std::optional<time_span> grace{};
};

/// How a command ended.
struct command_result {
  /// What the program returned, 0 to 255; -1 when it was killed by a signal, or when another part of this
  /// program has taken the exit status (by waiting for any child, or by ignoring SIGCHLD).
  int exit_code = -1;
  /// The signal that killed it; 0: none.
  int term_signal = 0;
  bool core_dumped = false;
  /// It was ended because `command_options::timeout` was over.
  bool timed_out = false;
  /// The process id that it had. Another process may have it by now.
  int pid = 0;
  /// The output, as far as `capture_limit` goes, and whether there was more.
  std::string out{};
  std::string err{};
  bool out_truncated = false;
  bool err_truncated = false;
  /// From just before the start to the end of the first process, in real time.
  std::chrono::steady_clock::time_point started{};
  std::chrono::steady_clock::time_point ended{};
  /// Processor time of the process and of those of its children that it waited for; resolution 1 us.
  std::chrono::nanoseconds user_time{};
  std::chrono::nanoseconds system_time{};
  /// Most memory held at a time by one of these, in bytes. Linux counts the moment of the start in, when the
  /// child still shares the memory of this program: below that size the figure says nothing.
  std::size_t max_rss = 0;
  /// What `on_output` or `on_line` threw.
  std::exception_ptr handler_error{};

  std::chrono::nanoseconds duration() const noexcept { return ended - started; }
  /// Exit code 0.
  bool success() const noexcept { return exit_code == 0; }
  /// "exit code 3", "killed by signal 9 (KILL)", "killed by signal 11 (SEGV), core dumped", "exit status
  /// unknown".
  std::string describe() const;
};

} // namespace taskactor
