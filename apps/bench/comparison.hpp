/// A comparison: one work on two sides, in interleaved repeats.
///
///     taskactor peer taskactor peer taskactor peer ...
///     \____________/ \____________/ \____________/     a ratio each: median, least and greatest are told
///
/// Both samples of a ratio are taken one right after the other, so that what else the machine does at the
/// time touches both, and drops out of the ratio.
#pragma once

#include "contender.hpp"
#include "work.hpp"

#include <functional>
#include <optional>
#include <vector>

namespace bench {

struct spread {
  double median = 0, least = 0, greatest = 0;
};

/// Of at least one value.
spread spread_of(std::vector<double> values);

/// One side of one work.
struct side {
  std::vector<sample> samples{};
  double per_second(std::size_t size) const;      ///< median
  double cpu_us_per_task(std::size_t size) const; ///< median; of all processors together
};

struct comparison {
  const work* what = nullptr;
  std::size_t size = 0;
  side ours{}, theirs{}; ///< `theirs` has no samples without a peer

  /// Times as many tasks per second as the peer; none without one.
  std::optional<spread> ratio() const;
  bool reached() const;
};

struct comparison_options {
  std::size_t size = 0;
  std::size_t repeats = 0;
  std::function<void(std::size_t repeat)> on_repeat{}; ///< before each, counted from one
};

/// Errors: `std::runtime_error` when a side fails.
comparison compare(taskactor::task_manager& tasks, const work& what, const contender& ours,
                   const std::optional<contender>& peer, const comparison_options& how);

} // namespace bench
