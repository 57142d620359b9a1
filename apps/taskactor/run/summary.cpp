#include "run/summary.hpp"

#include "cli/quantity.hpp"
#include "cli/text.hpp"
#include "run/job_log.hpp"
#include "run/tally.hpp"

#include <algorithm>
#include <cstdio>
#include <vector>

namespace taskactor::cli {

namespace {

/// Of the column of counts, behind the longest name and a blank.
constexpr std::size_t number_end = 21;

std::string right(const std::string& text, std::size_t width) {
  return std::string(width - std::min(width, text.size()), ' ') + text;
}

std::string first_line(const summary_facts& facts) {
  const auto count = facts.ended.ended();
  auto result = "taskactor: " + std::to_string(count) + (count == 1 ? " command in " : " commands in ")
                + to_text(facts.elapsed);
  const auto seconds = std::chrono::duration<double>(facts.elapsed).count();
  if (count > 1 && seconds > 0) {
    char rate[32];
    std::snprintf(rate, sizeof rate, seconds < static_cast<double>(count) / 10 ? " (%.0f/s)" : " (%.2f/s)",
                  static_cast<double>(count) / seconds);
    result += rate;
  }
  return result + (facts.stopped ? ", stopped before the last item\n" : "\n");
}

std::string states(const tally& ended, std::size_t skipped, std::size_t failed_before) {
  const std::pair<const char*, std::size_t> counts[]
      = {{"completed", ended.completed()},     {"failed", ended.failed()},
         {"timed out", ended.timed_out()},     {"cancelled", ended.cancelled()},
         {"not started", ended.not_started()}, {"completed before", skipped},
         {"failed before", failed_before}};
  std::string result;
  for (const auto& [name, count] : counts)
    if (count != 0)
      result += "  " + std::string{name} + ' '
                + right(std::to_string(count), number_end - std::string_view{name}.size()) + '\n';
  return result;
}

/// A line of the left column, the item, and why.
std::string line(const std::string& left, const tally::entry& which, const std::string& why,
                 std::size_t width) {
  const auto taken = left.size() + (why.empty() ? 0 : why.size() + 2);
  const auto room = std::max<std::size_t>(20, width - std::min(width, taken + 1));
  return left + printable(which.item, room) + (why.empty() ? "" : ": " + why) + '\n';
}

} // namespace

std::string to_text(const summary_facts& facts, std::size_t width) {
  const auto& ended = facts.ended;
  auto result = first_line(facts) + states(ended, facts.skipped, facts.failed_before);
  if (ended.ended() > 1) {
    result += "slowest:\n";
    for (const auto& each : ended.slowest())
      result += line("  " + right(to_text(each.duration), 12) + "  ", each, {}, width);
  }
  if (const auto& failures = ended.failures(); !failures.empty()) {
    result += "failed:\n";
    for (const auto& each : failures)
      result += line("  " + right('#' + std::to_string(each.number), 12) + "  ", each, each.error, width);
    if (const auto more = ended.failed() + ended.timed_out() - failures.size(); more != 0)
      result += "  and " + std::to_string(more) + " more\n";
  }
  if (facts.report)
    result += "report: " + std::to_string(facts.report->lines())
              + (facts.report->lines() == 1 ? " line " : " lines ")
              + (facts.report->goes_on() ? "added to " : "in ") + shell_quoted(facts.report->path()) + '\n';
  return result;
}

} // namespace taskactor::cli
