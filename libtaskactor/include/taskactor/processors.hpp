/// How many processors this program may use.
#pragma once

#include <cstddef>

namespace taskactor {

/// Those that the calling thread may run on (`taskset`, cpusets), and no more than the quota of its control
/// groups pays for, rounded up (a container's `--cpus=1.5`: 2). One at least. What defaults count in:
/// capacities, threads of the scheduler, `taskactor run --jobs`. The quota is read once.
///
/// Threads: any.
std::size_t usable_processors() noexcept;

} // namespace taskactor
