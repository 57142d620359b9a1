/// One run of one work, and what it is measured with. Programs of peers use it too: no taskactor in it.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace bench {

/// What a program says of a run: "seconds" on the wall, "cpu_seconds" of all processors, or what else the
/// work is about (figure.hpp).
using sample = std::map<std::string, double, std::less<>>;

/// {"cpu_seconds": 0.31, "seconds": 0.25}
std::string to_json(const sample& taken);

/// Runs from its construction.
class stopwatch {
public:
  stopwatch() noexcept;
  double seconds() const noexcept;
  /// "seconds" and "cpu_seconds"
  sample read() const;

private:
  std::chrono::steady_clock::time_point started_;
  double cpu_started_;
};

/// "p50_seconds" and "p99_seconds" of at least one.
sample percentiles(std::vector<double> seconds);
/// What of this process is in memory now.
double resident_bytes();
/// Throws when what a task gave isn't what it was given.
void check_equal(std::size_t got, std::size_t expected);

} // namespace bench
