/// What control groups allow of the processors' time: `cpu.max` of version 2, `cpu.cfs_quota_us` of
/// version 1.
#pragma once

#include <optional>
#include <string>

namespace taskactor::detail {

/// In processors, as 1.5; none: no limit, or none that can be read. The least of the group that this process
/// is in, and of those above it, as far as they can be seen: in a container with a view of its own that is
/// the container's. `root`: before each path, "" for the real ones.
std::optional<double> processor_quota(const std::string& root);

} // namespace taskactor::detail
