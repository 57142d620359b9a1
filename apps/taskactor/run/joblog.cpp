#include "run/joblog.hpp"

#include "cli/text.hpp"
#include "run/completed_items.hpp"
#include "run/job.hpp"

#include <algorithm>
#include <cstdio>
#include <utility>

namespace taskactor::cli {

namespace {

constexpr std::string_view header
    = "Seq\tHost\tStarttime\tJobRuntime\tSend\tReceive\tExitval\tSignal\tCommand\n";

int exit_value(const job_result& ended) noexcept {
  if (ended.start_failure != 0)
    return ended.start_failure;
  const bool stopped = ended.state == state::timed_out || ended.state == state::cancelled;
  if (ended.signal != 0 && !stopped)
    return 0;
  return ended.state == state::completed || ended.exit_code > 0 ? ended.exit_code : -1;
}

} // namespace

joblog::joblog(std::string path, mode how, run_control& control, used_files& files)
    : job_log("the job log", std::move(path), how, control, files) {}

void joblog::begin() {
  if (appends())
    if (const auto found = head(header.size()); !header.starts_with(found)) // it may be torn itself
      throw bad_report{shell_quoted(path()) + ":1: not the first line of a job log"};
  job_log::begin();
  if (!goes_on())
    begin_with(header);
}

std::string joblog::line_of(const job_result& ended) const {
  char numbers[160];
  std::snprintf(numbers, sizeof numbers, "%zu\t:\t%.3f\t%10.3f\t0\t%llu\t%d\t%d\t", ended.what.number,
                std::chrono::duration<double>(wall_time_(ended.begin)).count(),
                std::chrono::duration<double>(ended.duration()).count(),
                static_cast<unsigned long long>(ended.printed), exit_value(ended), ended.signal);
  auto command = shell_quoted(ended.command);
  std::replace(command.begin(), command.end(), '\n', '\0');
  return numbers + command + '\n';
}

} // namespace taskactor::cli
