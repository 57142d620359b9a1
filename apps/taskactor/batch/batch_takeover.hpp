/// That one run at a time has a batch of a store that many machines share. No lock can tell of a process on
/// another machine; its runner's row in the store does, by its beat.
///
/// Each run beats before it looks at the others' rows, so that of two that begin at once at least one sees
/// the other. One on this machine whose process is gone is dead; one elsewhere when its beat has stood still
/// for a lease: a run ends itself when the store hasn't confirmed a beat for `batch_fence`, which is shorter.
#pragma once

#include "queue/store_backend.hpp"

#include <taskactor/queue/store.hpp>

#include <chrono>
#include <functional>
#include <string>

namespace taskactor::cli {

inline constexpr std::chrono::seconds batch_beat_interval{5};
inline constexpr std::chrono::seconds batch_fence{20};
inline constexpr std::chrono::seconds batch_lease{30};

struct takeover_hooks {
  std::function<void(const std::string& text)> note;
  /// Waits a while. False: the run is stopped.
  std::function<bool()> wait;
};

/// Gives back what dead runs of the batch had; then it is this one's. Errors: `bad_batch`: another one runs
/// it; `stopped_early`; `error`, as of the store.
void take_over_batch(const store& in, const std::string& batch, const detail::runner_beat& mine,
                     const takeover_hooks& hooks);

/// By CLOCK_BOOTTIME, which goes on while the machine sleeps.
std::chrono::nanoseconds boot_time();

} // namespace taskactor::cli
