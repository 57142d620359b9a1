/// The works of the benchmark: what is done, how often, and what is wanted of it.
///
/// A work is the same for all sides: so many tasks of one kind, from the first submission until every outcome
/// has been seen and checked. Making a manager (or what a peer has in its place) and ending it is not
/// counted, on either side.
#pragma once

#include "figure.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

struct target {
  const figure* what;
  std::string_view peer; ///< empty: the figure itself is to be at most `value`
  double value;          ///< what the peer's figure is to be, as a multiple of ours
  bool beyond = false;   ///< ours is to be at most by `value` greater than the peer's
};

struct work {
  std::string_view name;
  std::string_view number; ///< in tables of targets: "W1"
  std::string_view what;
  std::size_t size;                   ///< of a full run
  std::size_t slow_size;              ///< of a full run, for peers that are interpreted
  std::size_t quick_size;             ///< of either at most, with --quick
  std::vector<const figure*> figures; ///< the one that the chart shows first
  std::vector<target> targets;
  /// On taskactor; throws when an outcome is wrong.
  sample (*run)(std::size_t size, std::size_t scheduler_threads);
  /// How many tasks a size means.
  std::size_t (*tasks)(std::size_t size) = [](std::size_t size) { return size; };
  /// What is there as long as any side does it, a server for instance. Throws when that can't be.
  std::shared_ptr<void> (*surroundings)() = []() -> std::shared_ptr<void> { return {}; };
};

const std::vector<work>& all_works();
/// Errors: `std::invalid_argument`, which names the works there are.
const work& find_work(std::string_view name);

} // namespace bench
