/// What a runner goes by: its options, checked, with all that was unset filled in.
#pragma once

#include <taskactor/queue/job_runner_options.hpp>

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

namespace taskactor::detail {

class fault_injector;

struct runner_plan {
  std::vector<runner_queue> queues;
  std::string name;
  std::chrono::nanoseconds lease, beat, fence, poll;
  std::size_t prefetch;
  fault_injector* decides = nullptr; // in a test
};

/// `grace`: of the manager, between the request to end and the kill. Errors: `errc::invalid_argument`.
runner_plan checked(job_runner_options options, std::chrono::nanoseconds grace);

} // namespace taskactor::detail
