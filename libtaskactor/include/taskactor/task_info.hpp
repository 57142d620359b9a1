/// What can be read of a task, running or ended: a copy of the facts at one moment.
#pragma once

#include <taskactor/state.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace taskactor {

/// The last `this_task::report_progress` of a task.
struct progress {
  std::uint64_t done = 0;
  std::uint64_t total = 0; ///< zero: unknown
  std::string text{};
};

/// An attempt that has failed, of a task with `task_options::retry`.
struct attempt_info {
  std::chrono::steady_clock::time_point started{}, ended{};
  std::string error{};
};

struct task_info {
  std::string id{};
  /// The id of the task that it is a child of; empty at top level.
  std::string parent{};
  taskactor::state state = taskactor::state::queued;
  /// Why it ended so; `none` while it hasn't, and for completed.
  end_reason reason = end_reason::none;
  /// Points in time on the actor system's steady clock; `started` and `ended` are zero until then.
  std::chrono::steady_clock::time_point submitted{};
  std::chrono::steady_clock::time_point started{};
  std::chrono::steady_clock::time_point ended{};
  /// When its running time is up; `time_point::max()` without a limit.
  std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max();
  taskactor::progress progress{};
  /// `failure::message()` of a task that has no value.
  std::string error{};
  /// The attempts that have failed so far, the task's last one not among them; of more than 16 the latest.
  std::vector<attempt_info> attempts{};
  /// Which attempt this is, or was, counted from one.
  std::size_t attempt = 1;
  int priority = 0;
  /// The outcome is given but the work still runs and keeps its token.
  bool overrun = false;
};

} // namespace taskactor
