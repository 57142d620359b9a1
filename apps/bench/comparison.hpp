/// A comparison: one work by taskactor and by its peers, in interleaved repeats.
///
///     taskactor Go taskactor Asio taskactor Go taskactor Asio ...
///     \__________/ \____________/ \__________/             a ratio each: median, least and greatest are told
///
/// Both samples of a ratio are taken one right after the other, so that what else the machine does at the
/// time touches both, and drops out of the ratio.
#pragma once

#include "contender.hpp"
#include "work.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

struct spread {
  double median = 0, least = 0, greatest = 0;
};

/// Of at least one value.
spread spread_of(std::vector<double> values);

/// One side of one work.
struct side {
  std::size_t tasks = 0;
  std::vector<sample> samples{};
  /// Of at least one sample.
  spread costs(const figure& what) const;
};

/// We and one peer.
struct pairing {
  const contender* peer = nullptr;
  side ours{}, theirs{};
  std::string trouble{}; ///< why there are no more samples of the peer
  /// How many times what it costs us it costs the peer; none without samples.
  std::optional<spread> ratio(const figure& what) const;
  /// By how much ours is greater than the peer's, in the figure's unit; none without samples.
  std::optional<spread> excess(const figure& what) const;
};

struct comparison {
  const work* what = nullptr;
  side ours{}; ///< all samples, those of the pairings too
  std::vector<pairing> pairings{};

  /// What `wanted` is about: a ratio, a difference, or our own cost; none without its peer.
  std::optional<spread> measured(const target& wanted) const;
  /// False also for what was not measured.
  bool reached(const target& wanted) const;
};

struct comparison_options {
  std::function<std::size_t(const contender&)> size_for{};
  std::size_t repeats = 0;
  /// Before each sample; repeats are counted from one.
  std::function<void(std::size_t repeat, const contender& who)> on_sample{};
};

/// A peer that fails takes no further part. Errors: `std::runtime_error` when taskactor itself fails.
comparison compare(taskactor::task_manager& tasks, const work& what, const contender& ours,
                   const std::vector<contender>& peers, const comparison_options& how);

} // namespace bench
