/// The files in which it is written what becomes of commands, and what is taken from those of a former run.
#pragma once

#include "run/completed_items.hpp"

#include <memory>
#include <vector>

namespace taskactor::cli {

class job_log;
class run_control;
class screen;
class used_files;
struct run_options;

class job_logs {
public:
  /// Opens what is asked for, and takes nothing away from what is there yet. `goes_on`: with a former run,
  /// and so in its files.
  /// Errors: `std::system_error`, `file_in_use`, `stopped_early`.
  job_logs(const run_options& options, bool goes_on, run_control& control, used_files& files);
  job_logs(const job_logs&) = delete;
  job_logs& operator=(const job_logs&) = delete;
  ~job_logs();

  /// Is the report that is open as `resumed` this run's as well? Then lines are added to it.
  bool go_on_with(int resumed) noexcept;
  /// From now on lines are written. Errors: `std::system_error`, `bad_report`.
  void begin();

  /// Null: none.
  const job_log* report() const noexcept { return report_.get(); }
  std::vector<job_log*> all() const;

private:
  std::unique_ptr<job_log> report_;
  std::unique_ptr<job_log> joblog_;
};

/// What the run that is to be resumed has completed. `logs`: this run's, open and not begun; null: none.
/// Errors: `bad_report`, `file_in_use`, `stopped_early`.
completed_items completed_before(const run_options& options, screen& messages, run_control& control,
                                 const used_files& files, job_logs* logs);

} // namespace taskactor::cli
