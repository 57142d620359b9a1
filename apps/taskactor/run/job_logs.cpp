#include "run/job_logs.hpp"

#include "run/joblog.hpp"
#include "run/opening.hpp"
#include "run/report.hpp"
#include "run/run_options.hpp"
#include "run/used_files.hpp"

#include <cerrno>

#include <unistd.h>

namespace taskactor::cli {

job_logs::job_logs(const run_options& options, bool goes_on, run_control& control, used_files& files) {
  using mode = job_log::mode;
  const auto how = goes_on ? mode::append : mode::replace;
  if (!options.joblog.empty()) // one that resumes goes on in that file, whatever report it reads
    joblog_ = std::make_unique<joblog>(options.joblog, options.former.resume.empty() ? how : mode::append,
                                       control, files);
  if (!options.report.empty())
    report_ = std::make_unique<cli::report>(options.report, how, control, files);
}

job_logs::~job_logs() = default;

std::vector<job_log*> job_logs::all() const {
  std::vector<job_log*> result{report_.get(), joblog_.get()};
  std::erase(result, nullptr);
  return result;
}

bool job_logs::go_on_with(int resumed) noexcept { return report_ && report_->goes_on_with(resumed); }

void job_logs::begin() {
  for (auto* each : {joblog_.get(), report_.get()}) // that first: it may turn out to be something else
    if (each)
      each->begin();
}

completed_items completed_before(const run_options& options, screen& messages, run_control& control,
                                 const used_files& files, job_logs* logs) {
  const auto& path = options.former.resume;
  if (path.empty())
    return {};
  // With one file for --report and --resume, the first run finds none.
  const bool missing = ::access(path.c_str(), F_OK) != 0 && errno == ENOENT;
  if (missing && !options.report.empty() && same_file(path, options.report))
    return {};
  const auto file = open_to_read(path);
  if (file && !(logs && logs->go_on_with(file.get())))
    files.check(file.get(), "the report that is resumed");
  return {file, path, messages, control};
}

} // namespace taskactor::cli
