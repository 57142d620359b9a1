/// One item's command: what is asked for, how it runs as a task, and what became of it.
#pragma once

#include <taskactor/command.hpp>
#include <taskactor/state.hpp>
#include <taskactor/task.hpp>
#include <taskactor/task_info.hpp>
#include <taskactor/task_options.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace taskactor::cli {

class command_template;
class open_jobs;
class run_control;
struct run_options;

struct job {
  std::size_t number = 0; ///< of the item, from 1
  std::size_t turn = 0;   ///< its place among those that are run, from 1: a run that is resumed skips some
  std::string item{};
};

struct job_result {
  job what{};
  std::vector<std::string> command{};
  taskactor::state state = taskactor::state::cancelled;
  /// False: the run was stopped before it.
  bool started = false;
  int exit_code = -1;
  int signal = 0;
  std::chrono::steady_clock::time_point begin{};
  std::chrono::steady_clock::time_point end{};
  std::string out{};
  std::string err{};
  /// Bytes of its standard output, whether they are in `out` or went by line.
  std::size_t printed = 0;
  /// Why it isn't completed.
  std::string error{};
  /// There was no process: `error` says why.
  bool not_startable = false;
  /// 126 or 127: the program itself can't be run.
  int start_failure = 0;
  /// It was ended by the end of the run, or is about to end that: it isn't the item's own end.
  bool cut = false;
  /// Another attempt would end in the same way.
  bool is_final = false;
  /// Those that failed before this one.
  std::vector<attempt_info> attempts{};
  /// For the rate, before this attempt and those before it.
  std::chrono::nanoseconds waited{};

  std::chrono::nanoseconds duration() const noexcept { return end - begin; }
  /// Memory that it takes while it waits to be written, about.
  std::size_t size() const noexcept;
  /// Why it isn't completed, as the runtime explains a task: at which attempt, and what it had waited for.
  std::string explain() const;
};

/// What all jobs of a run have in common.
struct job_setup {
  const run_options& options;
  const command_template& command;
  run_control& control;
  open_jobs& jobs;
  /// The limit of descriptors of commands, where it isn't this program's.
  std::optional<std::size_t> open_files{};
  /// How long the running task's attempt has waited for the rate.
  std::function<std::chrono::nanoseconds()> waited{};
  /// Called with the signal that has stopped a command.
  std::function<void(std::size_t number, int signal)> on_stopped{};
  /// Called with each line, if outputs go by line.
  std::function<void(output_stream, std::string_view)> on_line{};
};

/// How the error of a command begins that ran longer than --timeout.
inline constexpr const char* ran_too_long = "ran longer than ";

/// The limiter of --rate.
inline constexpr const char* rate_limiter = "--rate";

/// What each job is as a task of the runtime.
task_options options_of_jobs(const run_options& options);

/// The body of a task, or of an attempt of it: runs the command, and says what became of it; a command that
/// was cancelled has a result too. Throws only so that it is tried again: then `jobs` keeps the result.
task<job_result> run_job(const job_setup& setup, job what);

} // namespace taskactor::cli
