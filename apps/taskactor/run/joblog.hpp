/// `--joblog`: a line for each command in the format of GNU parallel's --joblog, for the tools that read it.
///
///     Seq  Host  Starttime  JobRuntime  Send  Receive  Exitval  Signal  Command        (separated by tabs)
///
/// Seq is the item's number, Host always ":" (this machine), Receive the bytes of its standard output.
/// Exitval and Signal are the command's own, and as there 0 and the signal for one that a signal has ended;
/// but Exitval is -1 where they alone would make a command look completed that is not: its time was up, it
/// was cancelled, its output was cut. Newlines in Command are written as NUL, and a command that couldn't be
/// found or executed has 127 or 126, as there.
#pragma once

#include "run/job_log.hpp"
#include "run/wall_clock.hpp"

namespace taskactor::cli {

class joblog final : public job_log {
public:
  joblog(std::string path, mode how, run_control& control, used_files& files);
  /// Errors: `bad_report` when it would have to go on with a file that isn't a job log.
  void begin() override;

private:
  std::string line_of(const job_result& ended) const override;
  bool is_whole(std::string_view) const override { return false; } // who knows where a command ends

  const wall_clock wall_time_;
};

} // namespace taskactor::cli
