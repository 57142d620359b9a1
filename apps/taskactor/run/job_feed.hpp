/// What hands a run its jobs, one after the other.
#pragma once

#include "run/job.hpp"

#include <cstddef>
#include <optional>

namespace taskactor::cli {

class job_feed {
public:
  virtual ~job_feed() = default;
  /// The next one, with its turn; none at the end, or when the run is stopped. Blocks until there is one.
  /// On one thread. Errors: `unreadable_items`.
  virtual std::optional<job> next() = 0;
  /// Those that were completed before, so far. May be called from any thread, as what follows.
  virtual std::size_t skipped() const noexcept = 0;
  /// How many are to be done in all, once that is known: those that will still be skipped are counted in.
  virtual std::optional<std::size_t> total() const noexcept = 0;
};

} // namespace taskactor::cli
