/// `caller_runs`: a thread that is no worker of the scheduler runs what is ready, as long as all workers
/// sleep; to wake one takes longer than that, and is a part of what a caller waits for.
///
///     a thread in `handle::get`         before it sleeps
///     the thread that serves links      behind a frame that has come: an answer, mostly
///
/// It runs what is ours alone, the manager and bodies that run nobody's code (`record::runs_anywhere`): a
/// body that blocks, or never ends, would hold its thread. What a caller's thread may hold locked while it
/// waits doesn't matter: where the manager waits for that, he waits for the manager as it is.
///
/// In a system whose scheduler isn't ours, and in virtual time, it does nothing.
#pragma once

#include "caf_adapter/run_queue.hpp"

#include <optional>

namespace taskactor::detail {

class manager_core;

class caller_runs {
public:
  explicit caller_runs(manager_core& home) noexcept;
  caller_runs(const caller_runs&) = delete;
  caller_runs& operator=(const caller_runs&) = delete;
  /// For anything that is ready still, a worker is woken.
  ~caller_runs() = default;

  /// Runs what is ready, and what that makes ready, up to a bound. Not under a lock that the manager could
  /// ask for.
  void run();

private:
  manager_core& home_;
  std::optional<run_queue::helper> helper_;
};

} // namespace taskactor::detail
