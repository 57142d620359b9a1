/// A program of named tasks: what it registers, and what it loads, is listed and called from a command line.
///
///     TASKACTOR_REGISTER(resize);
///     TASKACTOR_MAIN()             // that is all; or named_entry, in a main of one's own
///
///     $ program list
///     resize(string, int = 100) -> string
///     $ program call --timeout 30s resize '"a.png"' 200
///     "a-200.png"
///
/// Each argument of `call` is a JSON value. The result is printed as JSON on standard output; what went
/// wrong, and what a worker prints, on standard error. `--load FILE` loads a library of tasks before
/// (`load_tasks`). The same program is its own worker (`worker_entry`).
///
/// Exit codes: `named_exit_codes`. Stops: INT, TERM and HUP cancel the task, a second one kills it. These
/// signals are taken only while a call runs, and not one that the program was started to ignore.
#pragma once

#include <taskactor/manager_options.hpp>

#include <functional>
#include <optional>
#include <span>
#include <string_view>

namespace taskactor {

class task_manager;

struct named_program_options {
  /// Of the manager that runs a call. Without a logger, the log goes to standard error, and each line begins
  /// with the program's name.
  manager_options manager{};
  /// Called with the manager before the call is submitted: adds the limiters that tasks name, observers.
  std::function<void(task_manager&)> prepare{};
};

/// All of a main: `list`, `call`, `--help`, and the worker's part.
int named_program(int argc, char* argv[], const named_program_options& options = {});

/// The same at the top of a main that has more to do, in place of `worker_entry`. Empty: the first argument
/// is none of `named_verbs`.
std::optional<int> named_entry(int argc, char* argv[], const named_program_options& options = {});

/// A word with its meaning, for a program's own help.
struct program_word {
  std::string_view word, text;
};
struct program_option {
  std::string_view name, value, text; ///< "--timeout", "TIME"; no value: it takes none
};
struct program_verb {
  std::string_view name, arguments, text;
  std::span<const program_option> options;
};

/// What `named_entry` knows.
std::span<const program_verb> named_verbs() noexcept;
/// What it returns.
std::span<const program_word> named_exit_codes() noexcept;

} // namespace taskactor

/// Writes the main of a program of named tasks.
#define TASKACTOR_MAIN()                                                                                     \
  int main(int argc, char* argv[]) { return ::taskactor::named_program(argc, argv); }
