/// What a caller says of one task: its id, its three clocks, what it takes, and what to do when it
/// can't be admitted or fails.
///
/// What a task is given (callable, arguments) is destroyed where it has run: on its actor or thread. What was
/// refused, by the caller; what never ran, and a result that has no handle, on a thread that nobody waits for
/// but `shutdown` and the manager's destructor, which name what hangs and leave it behind. None of these
/// holds up other tasks.
#pragma once

#include <taskactor/detail/duration_text.hpp>
#include <taskactor/expected.hpp>
#include <taskactor/field.hpp>
#include <taskactor/limits.hpp>
#include <taskactor/predecessor.hpp>
#include <taskactor/retry.hpp>
#include <taskactor/time_span.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace taskactor {

/// What happens when `max_queue` tasks wait and run already.
enum class on_full : std::uint8_t {
  reject, ///< `errc::queue_full`
  wait,   ///< the caller's thread is blocked until there is room, for at most `admission.timeout`; in a
          ///< coroutine that is `errc::would_block`
  shed,   ///< the oldest task of the lowest priority that still waits is cancelled for it
          ///< (`end_reason::shed`), unless all that wait have a higher priority
};

/// What happens when a task of the same id waits or runs.
enum class on_duplicate : std::uint8_t {
  reject,  ///< `errc::duplicate_id`
  join,    ///< its handle is given; `errc::duplicate_id` if its result has another type
  replace, ///< it is cancelled (`end_reason::replaced`); the new one begins when nothing of it runs any more
};

/// Where a body runs.
enum class run_where : std::uint8_t {
  task,    ///< on the task's own actor
  thread,  ///< as `run_in_thread`; not for coroutines
  process, ///< as `run_in_process`; for registered functions
};

/// Who gives way to whom when a task is added.
struct admission_options {
  /// What happens when `max_queue` tasks wait and run already.
  taskactor::on_full on_full = taskactor::on_full::reject;
  /// For `on_full::wait`: how long at most. Zero: as `reject`.
  time_span timeout = no_timeout;
  /// What happens when a task of the same id waits or runs.
  taskactor::on_duplicate on_duplicate = taskactor::on_duplicate::reject;
};

/// Options of one task. Negative durations are refused (`errc::invalid_argument`); zero has expired.
struct task_options {
  /// Unique among waiting and running tasks. Empty: one is made ("task-17").
  field<std::string> id{};
  /// How long the body may run; unset: the manager's `default_timeout`; `no_timeout`: no limit.
  std::optional<time_span> timeout{};
  /// How long the task may wait for its token; unset: no limit.
  std::optional<time_span> queue_timeout{};
  /// Waiting and running together; unset: no limit.
  std::optional<time_span> total_timeout{};
  /// Tasks that have to complete first: by handle or id. Its clocks begin when they have (see
  /// `predecessor.hpp`).
  field<std::vector<predecessor>> after{};
  /// Tokens of named limiters that it takes; errors: `errc::invalid_argument`, when one isn't there.
  field<std::vector<limit>> limits{};
  /// From `highest_priority` to `lowest_priority`.
  int priority = default_priority;
  /// Whose share of the capacity it counts to: a tenant, a user. Empty: that of all who name none.
  field<std::string> fairness_key{};
  /// Unset: as the task is registered, else `run_where::task`. Errors: `errc::invalid_argument` if it can't
  /// run there, and wherever tasks aren't begun by `add_task`, `add_named`.
  std::optional<taskactor::run_where> where{};
  /// Unset: a failure is final.
  field<std::optional<taskactor::retry>> retry{};
  admission_options admission{};
};

namespace detail {
std::optional<rejection> validate(const task_options& options);
/// Not on the task's own actor. Not inline: g++ 12 would take a `where` that isn't set for one that is read.
bool runs_elsewhere(const task_options& options) noexcept;
} // namespace detail

} // namespace taskactor
