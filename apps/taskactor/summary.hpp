/// The end of a run, for people: how many of each state, the slowest, the first that failed, and why.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>

namespace taskactor::cli {

class tally;

struct summary_facts {
  const tally& ended;
  std::chrono::nanoseconds elapsed{};
  /// Stopped before the last item.
  bool stopped = false;
  /// "r.jsonl" with so many lines; empty: no report, or none that can be relied on.
  std::string report_path{};
  std::size_t report_lines = 0;
};

std::string to_text(const summary_facts& facts, std::size_t width);

} // namespace taskactor::cli
