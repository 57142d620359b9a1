/// `--report`: a line of JSON for each command.
#pragma once

#include "run/job_log.hpp"
#include "run/wall_clock.hpp"

#include <string>
#include <string_view>
#include <variant>

namespace taskactor::cli {

class report final : public job_log {
public:
  report(std::string path, mode how, run_control& control, used_files& files);

  /// Errors: `bad_report` as well: it is to be gone on with, and isn't one.
  void begin() override;

private:
  std::string line_of(const job_result& ended) const override;
  bool is_whole(std::string_view line) const override;

  const wall_clock wall_time_;
};

/// What one who resumes has to know of a line of a report.
struct reported {
  std::string item{};
  bool completed = false;
};

/// Reads a line of a report; what is wrong with it, for people, if it isn't one.
std::variant<reported, std::string> read_reported(std::string_view line);

} // namespace taskactor::cli
