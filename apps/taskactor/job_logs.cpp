#include "job_logs.hpp"

#include "joblog.hpp"
#include "report.hpp"
#include "run_options.hpp"

#include <cerrno>

#include <unistd.h>

namespace taskactor::cli {

job_logs::job_logs(const run_options& options) {
  using mode = job_log::mode;
  const auto how = [](bool goes_on) { return goes_on ? mode::append : mode::replace; };
  const bool resumes = !options.resume.empty();
  if (!options.joblog.empty()) // first: it may turn out to be something else
    joblog_ = std::make_unique<joblog>(options.joblog, how(resumes));
  if (!options.report.empty())
    report_ = std::make_unique<cli::report>(options.report,
                                            how(resumes && same_file(options.report, options.resume)));
}

job_logs::~job_logs() = default;

std::vector<job_log*> job_logs::all() const {
  std::vector<job_log*> result{report_.get(), joblog_.get()};
  std::erase(result, nullptr);
  return result;
}

completed_items completed_before(const run_options& options, screen& messages) {
  const auto& path = options.resume;
  if (path.empty())
    return {};
  // With one file for --report and --resume, the first run finds none.
  const bool missing = ::access(path.c_str(), F_OK) != 0 && errno == ENOENT;
  if (missing && !options.report.empty() && same_file(path, options.report))
    return {};
  return {path, messages};
}

} // namespace taskactor::cli
