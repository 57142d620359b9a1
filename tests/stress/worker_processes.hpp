/// What the stress tests of workers share: the processes and descriptors that there are, and a full pool.
#pragma once

#include "stress.hpp"

#include <cstddef>
#include <string>
#include <vector>

#include <sys/types.h>

namespace stress {

/// The processes that our threads have started and that nobody has reaped; zombies are among them.
std::vector<pid_t> children();
/// Those that have come as far as to be workers.
std::vector<pid_t> worker_ids();
std::size_t descriptors();

/// As many calls at once as there may be workers: then there are so many, and all are idle. Again, when one
/// was given to a worker whose death nobody had noticed yet, or while none is started since too many were
/// killed at their start. Returns how many calls that took.
std::size_t fill(ta::task_manager& tasks, std::size_t workers);

/// A quiet moment with a full pool, and what is wrong at another one with as many workers.
class full_pool {
public:
  full_pool(ta::task_manager& tasks, std::size_t workers);
  /// Fills the pool again, and compares. Waits for those that were killed while they were idle and may still
  /// be on their way out.
  std::vector<std::string> compare();
  /// Calls made so far.
  std::size_t calls() const noexcept { return calls_; }

private:
  ta::task_manager& tasks_;
  const std::size_t workers_;
  std::size_t calls_;
  const std::size_t descriptors_, children_;
};

} // namespace stress
