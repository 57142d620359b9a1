/// What `taskactor run` was asked for.
#pragma once

#include "run/command_template.hpp"

#include <taskactor/limits.hpp>

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace taskactor::cli {

/// What --log-level can be.
inline constexpr const char* log_levels[] = {"debug", "info", "warn", "error", "off"};

/// What a run goes on with.
struct former_run {
  std::string resume{};               ///< its report; empty: none
  std::optional<std::string> store{}; ///< of a durable run; empty: the default one, or TASKACTOR_STORE
  bool store_is_last = false;         ///< --store, without a file, stands right before the command
  std::string batch{};                ///< the name of a durable run; empty: what it is made of is its name
  bool batch_asked = false;
  bool again = false;
};

struct run_options {
  std::vector<std::string> command{};
  std::optional<std::vector<std::string>> items{}; ///< after `:::`
  std::string separator{}; ///< the word before them, or what GNU parallel has in its place
  std::string arg_file{};  ///< empty: standard input
  bool null = false;
  former_run former{};

  std::size_t jobs = 0; ///< 0: as many as there are descriptors for
  bool jobs_asked = false;
  std::optional<std::chrono::nanoseconds> timeout{};
  std::optional<std::chrono::nanoseconds> total_timeout{};
  std::chrono::nanoseconds jitter{};
  std::chrono::nanoseconds grace = std::chrono::seconds{5};
  std::optional<std::size_t> memory{};
  int niceness = 0;
  std::size_t retries = 0;
  std::chrono::nanoseconds backoff = std::chrono::seconds{1};
  std::optional<rate> starts{};
  bool fail_fast = false;
  template_options words{}; ///< how `command` is read
  bool dry_run = false;
  bool tty = false;

  bool keep_order = false;
  bool line_buffer = false;
  std::size_t capture_limit = std::size_t{64} << 20;
  std::string output_folder{};
  std::string report{};
  std::string joblog{};

  std::optional<bool> progress{}; ///< unset: on a terminal
  bool quiet = false;
  std::string log_level = "error"; ///< warn has a line for each attempt that is tried again
};

/// Adds the options of the verb to `verb`; they are written to `into` when the command line is parsed.
void add_options(CLI::App& verb, run_options& into);

/// Takes the command, and the items after `:::`, off the verb's arguments: the command begins at the first
/// argument that is neither an option of the verb nor the value of one. What is left is the options.
void take_command(const CLI::App& verb, std::vector<std::string>& arguments, run_options& into);

/// What can't go together, or is missing; the file after `::::` becomes that of the items.
/// Errors: `CLI::ValidationError`.
void check(run_options& options);

} // namespace taskactor::cli
