#include "report.hpp"

#include "job.hpp"
#include "text.hpp"

#include <nlohmann/json.hpp>

#include <cerrno>
#include <cstdio>
#include <ctime>
#include <system_error>
#include <utility>

#include <fcntl.h>

namespace taskactor::cli {

namespace {

constexpr const char* name_of(state how) noexcept {
  switch (how) {
  case state::completed:
    return "completed";
  case state::cancelled:
    return "cancelled";
  case state::timed_out:
    return "timed_out";
  default:
    return "failed";
  }
}

} // namespace

report::report(std::string path)
    : path_(std::move(path)), file_(::open(path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666)) {
  if (!file_)
    fail(errno);
}

void report::add(const job_result& ended) {
  if (const int error = append_whole(file_.get(), line_of(ended)))
    fail(error);
  ++lines_;
}

void report::close() {
  if (const int error = file_.close())
    fail(error);
}

void report::fail(int error) const {
  throw std::system_error{error, std::generic_category(),
                          "the report " + shell_quoted(path_) + " can't be written"};
}

/// UTC, in ISO 8601: "2024-05-06T07:08:09.123Z".
std::string report::timestamp(std::chrono::steady_clock::time_point at) const {
  using std::chrono::milliseconds;
  const auto wall
      = origin_ + std::chrono::duration_cast<std::chrono::system_clock::duration>(at - steady_origin_);
  const auto since = std::chrono::floor<milliseconds>(wall.time_since_epoch()).count();
  const std::time_t seconds = since / 1000;
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  char date[32];
  std::strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &parts);
  char result[48];
  std::snprintf(result, sizeof result, "%s.%03dZ", date, static_cast<int>(since % 1000));
  return result;
}

std::string report::line_of(const job_result& ended) const {
  using json = nlohmann::ordered_json;
  const auto or_null = [](bool known, auto value) { return known ? json(value) : json(nullptr); };
  json line;
  line["number"] = ended.what.number;
  line["item"] = ended.what.item;
  if (!is_utf8(ended.what.item))
    line["item_base64"] = base64(ended.what.item);
  line["command"] = ended.command;
  line["state"] = name_of(ended.state);
  line["exit_code"] = or_null(ended.exit_code >= 0, ended.exit_code);
  line["signal"] = or_null(ended.signal != 0, ended.signal);
  line["started"] = timestamp(ended.begin);
  line["ended"] = timestamp(ended.end);
  line["seconds"] = std::chrono::duration<double>(ended.duration()).count();
  line["error"] = or_null(!ended.error.empty(), ended.error);
  return line.dump(-1, ' ', false, json::error_handler_t::replace) + '\n';
}

} // namespace taskactor::cli
