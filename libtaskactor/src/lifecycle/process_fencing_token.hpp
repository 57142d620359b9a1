/// `this_task::fencing_token` of what no other node has called here: in a worker that of the call which it
/// runs.
#pragma once

#include <atomic>
#include <cstdint>

namespace taskactor::detail {

inline std::atomic<std::uint64_t> process_fencing_token{1};

} // namespace taskactor::detail
