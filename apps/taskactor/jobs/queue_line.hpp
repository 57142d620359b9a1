/// What the command lines of all verbs of jobs have in common: the store, how they answer, what went wrong.
#pragma once

#include "cli/exit_code.hpp"
#include "jobs/value_of.hpp"
#include "shell/option_table.hpp"

#include <CLI/CLI.hpp>
#include <taskactor/detail/json_type.hpp>
#include <taskactor/queue/job_info.hpp>
#include <taskactor/queue/store.hpp>

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace taskactor::cli {

/// Ends a verb, with its exit code and what is said on standard error.
struct verb_failed : std::runtime_error {
  verb_failed(int with, const std::string& why) : std::runtime_error(why), code(with) {}
  int code;
};

struct queue_line {
  /// `name`: "taskactor jobs".
  queue_line(const std::string& about, const std::string& name);
  queue_line(const queue_line&) = delete;
  queue_line& operator=(const queue_line&) = delete;

  /// Of a verb that says something for programs to read.
  void add_json(const char* help = "A line of JSON for each");
  /// Unless it may be made: one that isn't there is an error.
  store open(bool create = false) const;

  CLI::App app;
  std::string store_file;
  bool as_json = false;
};

/// An option with a duration: "90", "1.5s", "2m".
CLI::Option* add_time(CLI::App& app, const char* name, std::optional<std::chrono::nanoseconds>& into,
                      const char* help);
/// One that may be given again; its values are all that were.
CLI::Option* add_list(CLI::App& app, const char* name, std::vector<std::string>& into, const char* help);
/// What is no job's id is refused in words, before any store is opened.
CLI::Validator is_job_id();
CLI::Option* add_ids(CLI::App& app, std::vector<job_id>& into);

/// Which jobs, as options say it.
struct job_choice {
  std::vector<std::string> states{};
  std::string queue{}, task{}, tag{};

  void add_options(CLI::App& app);
  bool says_anything() const { return !states.empty() || !queue.empty() || !task.empty() || !tag.empty(); }
  job_filter filter() const;
};

/// Calls `page` with the jobs that there are, newest first; until it returns false.
void for_each_page(const store& from, job_filter which,
                   const std::function<bool(const std::vector<job_info>&)>& page);

/// On standard output. Errors: `verb_failed`.
void put(const std::string& text);
/// One, as a line.
void put_json(const nlohmann::ordered_json& what);

/// Reads the command line, and does what it asks for; what that throws is said.
int answer(CLI::App& app, std::vector<std::string> arguments, const std::function<int()>& act);

/// Without its arguments.
verb_entry entry_of(const CLI::App& app, std::string name, std::string text, std::string arguments);

} // namespace taskactor::cli
