/// A figure: what a run of a work has cost, in one respect.
///
/// Less is better, for each of them. So what a peer's costs divided by ours says how many times better we
/// are, whatever it is about; and times of different numbers of tasks can be compared as costs of one.
#pragma once

#include "sample.hpp"

#include <string_view>

namespace bench {

struct figure {
  std::string_view name; ///< for a column: "time"
  std::string_view key;  ///< in a sample: "seconds"
  std::string_view unit; ///< "us a task"
  double scale;          ///< from the sample's unit to this one
  bool per_task;
};

inline constexpr figure wall_time{"time", "seconds", "us a task", 1e6, true};
inline constexpr figure processor_time{"cpu", "cpu_seconds", "us a task", 1e6, true};
inline constexpr figure memory{"memory", "bytes", "bytes a task", 1, true};
inline constexpr figure median_latency{"p50", "p50_seconds", "us", 1e6, false};
inline constexpr figure tail_latency{"p99", "p99_seconds", "us", 1e6, false};
/// What it takes a task's thread to begin to wait.
inline constexpr figure arming_time{"arming", "arming_seconds", "us a task", 1e6, true};
/// The dearest size's cost of a task by the cheapest's.
inline constexpr figure cost_growth{"growth", "growth", "times", 1, false};
/// With a store that is full by without.
inline constexpr figure store_slowdown{"slowdown", "slowdown", "times", 1, false};
/// Resident at the end by what was resident after a quarter of the time.
inline constexpr figure memory_growth{"growth", "memory_growth", "times", 1, false};

/// Errors: `std::out_of_range` when the sample lacks it.
double cost(const figure& what, const sample& of, std::size_t tasks);

} // namespace bench
