/// The end of a run, for people: how many of each state, the slowest, the first that failed, and why.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>

namespace taskactor::cli {

class job_log;
class tally;

struct summary_facts {
  const tally& ended;
  std::chrono::nanoseconds elapsed{};
  /// Stopped before the last item.
  bool stopped = false;
  /// Items that a former run had completed.
  std::size_t skipped = 0;
  /// Those that had failed, timed out or been cancelled in it, and aren't tried again.
  std::size_t failed_before = 0;
  /// None, or none that can be relied on: null.
  const job_log* report = nullptr;
};

std::string to_text(const summary_facts& facts, std::size_t width);

} // namespace taskactor::cli
