/// What the command lines have in common that say which job there is to be: `push`, `schedule add`.
#pragma once

#include "jobs/queue_line.hpp"

#include <taskactor/detail/json_type.hpp>
#include <taskactor/queue/push_options.hpp>

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace taskactor::cli {

struct job_spec_line : queue_line {
  job_spec_line(const std::string& about, const std::string& name);

  /// In the order of the help.
  void add_job_options();
  void add_run_options();
  void add_share_options();

  /// What is behind `--`, which goes from these.
  void take_command(std::vector<std::string>& arguments);
  /// `usage`: "taskactor push". Errors: `verb_failed`.
  void check_job(const std::string& usage) const;

  push_options job_options() const;
  /// Of a command, with this folder, the umask and what it has of the environment. Errors: `verb_failed`.
  nlohmann::json command_form() const;
  /// Of a task. Errors: `verb_failed`.
  nlohmann::json argument_form() const;
  /// With the libraries, which are loaded for it.
  bool is_known_task() const;

  std::string queue = "default", task, fairness;
  std::vector<std::string> libraries, limits, tags, environment, words, command;
  std::optional<std::chrono::nanoseconds> expires, timeout, keep, backoff_time;
  int priority = default_priority;
  std::size_t retries = 0;
};

} // namespace taskactor::cli
