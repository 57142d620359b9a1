#include "run/report.hpp"

#include "cli/text.hpp"
#include "run/completed_items.hpp"
#include "run/job.hpp"

#include <nlohmann/json.hpp>

#include <chrono>
#include <cstdio>
#include <ctime>
#include <utility>

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

/// UTC, in ISO 8601: "2024-05-06T07:08:09.123Z".
std::string timestamp(std::chrono::milliseconds since) {
  const std::time_t seconds = since.count() / 1000;
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  char date[32];
  std::strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &parts);
  char result[48];
  std::snprintf(result, sizeof result, "%s.%03dZ", date, static_cast<int>(since.count() % 1000));
  return result;
}

} // namespace

report::report(std::string path, mode how, run_control& control, used_files& files)
    : job_log("the report", std::move(path), how, control, files) {}

void report::begin() {
  if (appends())
    if (const auto first = head(1); !first.empty() && first != "{")
      throw bad_report{shell_quoted(path()) + ":1: not a line of a report"};
  job_log::begin();
}

bool report::is_whole(std::string_view line) const {
  return std::holds_alternative<reported>(read_reported(line));
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
  line["started"] = timestamp(wall_time_(ended.begin));
  line["ended"] = timestamp(wall_time_(ended.end));
  line["seconds"] = std::chrono::duration<double>(ended.duration()).count();
  line["error"] = or_null(!ended.error.empty(), ended.error);
  line["attempts"] = ended.attempts.size() + 1;
  line["waited"] = std::chrono::duration<double>(ended.waited).count();
  return line.dump(-1, ' ', false, json::error_handler_t::replace) + '\n';
}

std::variant<reported, std::string> read_reported(std::string_view line) {
  const auto read = nlohmann::json::parse(line, nullptr, false);
  if (read.is_discarded())
    return "it isn't JSON";
  const auto text_at = [&](const char* name) -> const std::string* {
    const auto found = read.is_object() ? read.find(name) : read.end();
    return found == read.end() ? nullptr : found->get_ptr<const std::string*>();
  };
  const auto* item = text_at("item");
  const auto* ended = text_at("state");
  if (!item || !ended)
    return std::string{"it has no \""} + (item ? "state" : "item") + '"';
  reported result{.item = *item, .completed = *ended == name_of(state::completed)};
  if (const auto* encoded = text_at("item_base64")) {
    auto bytes = from_base64(*encoded);
    if (!bytes)
      return "its \"item_base64\" isn't base64";
    result.item = std::move(*bytes);
  }
  return result;
}

} // namespace taskactor::cli
