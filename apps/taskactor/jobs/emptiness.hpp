/// What a worker still has to wait for: of its queues, jobs that it could run.
#pragma once

#include <taskactor/queue/store.hpp>

#include <chrono>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace taskactor::cli {

struct served_queue {
  std::string name;
  std::size_t slots = 1;
  bool commands = false;
};

/// Jobs of its queues that others have to run, or that come later: why, and how many.
using jobs_left = std::map<std::string, std::size_t>;

/// Empty: something is ready, running or soon due that it could run, or the store doesn't say.
std::optional<jobs_left> look_whether_empty(const store& at, const std::vector<served_queue>& queues,
                                            std::chrono::nanoseconds horizon);

} // namespace taskactor::cli
