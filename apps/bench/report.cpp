#include "report.hpp"

#include "figures.hpp"

#include <nlohmann/json.hpp>

#include <iostream>
#include <unistd.h>

namespace bench {

namespace {

/// Ratio first: it is what holds on another machine too.
std::string columns(const std::string& work, const std::string& ratio, const std::string& range,
                    const std::string& target, const std::string& ours, const std::string& theirs,
                    const std::string& cpu, const std::string& size) {
  return left(work, 8) + right(ratio, 7) + right(range, 16) + "   " + left(target, 13) + right(ours, 12)
         + right(theirs, 11) + right(cpu, 16) + right(size, 10);
}

nlohmann::json to_json(const side& which, std::size_t size) {
  auto seconds = nlohmann::json::array(), cpu = nlohmann::json::array();
  for (const auto& each : which.samples) {
    seconds.push_back(each.seconds);
    cpu.push_back(each.cpu_seconds);
  }
  return {{"per_second", which.per_second(size)},
          {"cpu_us_per_task", which.cpu_us_per_task(size)},
          {"seconds", seconds},
          {"cpu_seconds", cpu}};
}

nlohmann::json to_json(const comparison& measured) {
  nlohmann::json result{{"work", measured.what->name},
                        {"what", measured.what->what},
                        {"tasks", measured.size},
                        {"target", measured.what->target},
                        {"taskactor", to_json(measured.ours, measured.size)}};
  if (const auto ratio = measured.ratio()) {
    result["peer"] = to_json(measured.theirs, measured.size);
    result["ratio"] = {{"median", ratio->median}, {"least", ratio->least}, {"greatest", ratio->greatest}};
    result["reached"] = measured.reached();
  }
  return result;
}

nlohmann::json to_json(const machine& where) {
  return {{"processor", where.processor},
          {"processors", where.processors},
          {"kernel", where.kernel},
          {"compiler", where.compiler},
          {"caf", where.caf},
          {"optimised", where.optimised},
          {"load_before", where.load}};
}

} // namespace

table::table(std::ostream& out, const machine& where, const options& asked, const contender& ours,
             const std::optional<contender>& peer)
    : out_(out), repeats_(asked.repeats), terminal_(isatty(STDERR_FILENO) == 1) {
  out_ << "taskactor " << ours.version << " on CAF " << where.caf;
  if (peer)
    out_ << "; " << peer->name << ' ' << peer->version;
  out_ << "; medians of " << asked.repeats << " interleaved repeats\n"
       << where.processor << ", " << where.processors << " processors, " << where.kernel << "; "
       << where.compiler << "; load before " << rounded(where.load) << "\n\n"
       << columns("work", "ratio", "least - most", "target", "taskactor/s", peer ? peer->name + "/s" : "",
                  "cpu us a task", "tasks")
       << '\n'
       << std::flush;
}

void table::running(const work& what, std::size_t repeat) {
  if (terminal_)
    std::cerr << "\r\033[K" << what.name << ": " << repeat << " of " << repeats_ << std::flush;
}

void table::clear_line() {
  if (terminal_)
    std::cerr << "\r\033[K" << std::flush;
}

void table::row(const comparison& measured) {
  const auto size = measured.size;
  std::string ratio = "-", range, target, theirs, cpu = rounded(measured.ours.cpu_us_per_task(size));
  if (const auto times = measured.ratio()) {
    ratio = rounded(times->median) + 'x';
    range = rounded(times->least) + " - " + rounded(times->greatest);
    target = rounded(measured.what->target) + (measured.reached() ? "x reached" : "x MISSED");
    theirs = grouped(measured.theirs.per_second(size));
    cpu += " : " + rounded(measured.theirs.cpu_us_per_task(size));
  }
  clear_line();
  out_ << columns(std::string{measured.what->name}, ratio, range, target,
                  grouped(measured.ours.per_second(size)), theirs, cpu, grouped(static_cast<double>(size)))
       << '\n'
       << std::flush;
}

void write_json(std::ostream& out, const machine& where, const options& asked, const contender& ours,
                const std::optional<contender>& peer, const std::vector<comparison>& measured) {
  auto works = nlohmann::json::array();
  for (const auto& each : measured)
    works.push_back(to_json(each));
  nlohmann::json result{{"machine", to_json(where)},
                        {"taskactor", ours.version},
                        {"scheduler_threads", asked.scheduler_threads},
                        {"repeats", asked.repeats},
                        {"works", works}};
  if (peer)
    result["peer"] = {{"name", peer->name}, {"version", peer->version}};
  out << result.dump(2) << '\n';
}

} // namespace bench
