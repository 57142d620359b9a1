/// The files in which it is written what becomes of commands, and what is taken from those of a former run.
#pragma once

#include "completed_items.hpp"

#include <memory>
#include <vector>

namespace taskactor::cli {

class job_log;
class screen;
struct run_options;

class job_logs {
public:
  /// Opens what is asked for. A run that goes on with a former one goes on in its files too.
  /// Errors: `std::system_error`, `bad_report`.
  explicit job_logs(const run_options& options);
  job_logs(const job_logs&) = delete;
  job_logs& operator=(const job_logs&) = delete;
  ~job_logs();

  /// Null: none.
  const job_log* report() const noexcept { return report_.get(); }
  std::vector<job_log*> all() const;

private:
  std::unique_ptr<job_log> report_;
  std::unique_ptr<job_log> joblog_;
};

/// What the run that is to be resumed has completed; to be called before its files are opened again.
/// Errors: `bad_report`.
completed_items completed_before(const run_options& options, screen& messages);

} // namespace taskactor::cli
