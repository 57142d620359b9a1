/// What a `task_manager` is made with, what it says of itself, and how it is shut down.
#pragma once

#include <taskactor/log_level.hpp>
#include <taskactor/task_options.hpp>
#include <taskactor/time_span.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace spdlog {
class logger;
}

namespace taskactor {

/// The three limiters that every manager has.
enum class limiter_kind : std::uint8_t { global, thread, process };

std::string_view to_string(limiter_kind kind) noexcept;

/// Which ended tasks' `task_info` stays readable.
struct history_options {
  /// So many at most. Zero: none.
  std::size_t size = 1024;
  /// For how long. `no_timeout`: until pushed out.
  time_span ttl = std::chrono::minutes{10};
};

/// The workers of `run_in_process`.
struct worker_options {
  /// What they are: a program whose `main` has `worker_entry`, as `taskactor-worker` does, and its arguments;
  /// a name without a slash is looked for on the PATH. It has to have the same tasks registered, or to load
  /// them. Empty: this program, which then needs `worker_entry` itself, and /proc, through which it is found.
  std::vector<std::string> program{};
  /// One ends after this time without a call. `no_timeout`: only with the manager.
  time_span idle_limit = std::chrono::minutes{5};
  /// One ends after so many calls, and the next call gets a new one. Zero: no limit.
  std::size_t max_calls = 0;
  /// One whose resident memory, as /proc has it, is beyond this after a call ends, in bytes. Zero: no limit.
  std::size_t max_memory = 0;
  /// A task whose calls have killed so many workers isn't retried, nor are its idempotent calls run again.
  /// Zero: no limit.
  std::size_t max_kills = 3;
};

/// A field that is unset takes its value from the environment variable named with it, and without one the
/// default. Processors are those that the program may use: `usable_processors`. Checked once, at
/// construction. Errors: `std::system_error{errc::invalid_argument}`, naming the field or variable.
struct manager_options {
  /// Tasks that run at once. TASKACTOR_CAPACITY; default min(max(32, 4 * processors), 256). Zero: none runs
  /// for now.
  std::optional<std::size_t> capacity{};
  /// Thread calls at once. TASKACTOR_THREAD_CAPACITY; default min(max(16, 2 * capacity / 3), 128).
  std::optional<std::size_t> thread_capacity{};
  /// Processes at once. TASKACTOR_PROCESS_CAPACITY; default max(1, min(processors, 8)).
  std::optional<std::size_t> process_capacity{};
  /// Tasks waiting and running together, beyond which `add_task` refuses. TASKACTOR_MAX_QUEUE; default 10000.
  std::optional<std::size_t> max_queue{};
  /// `task_options::timeout` where that is unset. TASKACTOR_DEFAULT_TIMEOUT, in seconds, or "none"; default
  /// 180 s.
  std::optional<time_span> default_timeout{};
  /// From the request to end to the kill. Zero: killed at once.
  time_span cancel_grace = std::chrono::seconds{5};
  history_options history{};
  /// Waiting so long is worth a level of priority. Zero: priorities are strict, and low ones may starve.
  time_span priority_aging = std::chrono::seconds{10};
  /// A body that holds a thread of the scheduler so long is named in a warning (`event_kind::blocking`),
  /// while it still does; noticed up to half as long again later. By real time, without that which the kernel
  /// gave to other threads. Zero: nobody watches.
  time_span blocked_after = std::chrono::milliseconds{100};
  worker_options workers{};
  /// Threads of the scheduler, when the manager owns its actor system. Zero: as many as processors that it
  /// may use (`usable_processors`), four at least.
  std::size_t scheduler_threads = 0;
  /// Where events are logged. Null: the registered logger "taskactor", made (to standard error) if
  /// missing; that one never waits for its reader. Sinks may be slow: what the runtime's own threads have to
  /// say is written by a thread of the log; of what waits for it beyond 10,000 lines, the newest are dropped
  /// and counted (`manager_statistics::events_dropped`).
  std::shared_ptr<spdlog::logger> logger{};
  /// From which level on this manager logs, whatever the logger's own level is, which stays as it is; the
  /// logger is taken as it is when the manager is made. TASKACTOR_LOG (debug, info, warn, error, off);
  /// default: the logger's own level, which is info unless somebody has set it.
  std::optional<taskactor::log_level> log_level{};
};

/// Bounds of the stages of a shutdown; each begins when the one before is over, and ends early when
/// all has ended. Zero skips the stage.
struct shutdown_options {
  /// What waits and runs may go on for so long.
  time_span drain = std::chrono::seconds{30};
  /// Then all is asked to end, and has so long to do it.
  time_span cancel = std::chrono::seconds{5};
  /// Then all is killed; so long is waited for the kills to be seen through.
  time_span kill = std::chrono::seconds{2};
};

struct shutdown_report {
  std::uint64_t completed = 0, failed = 0, cancelled = 0, timed_out = 0; ///< ended since the shutdown began
  /// Ids of what still ran when the last stage was over: coroutines that never await, threads that never
  /// return; and of supervisors' services that had not ended.
  std::vector<std::string> not_ended{};
  /// The first that `task_manager::shutdown_on` has heard of; zero: none.
  int signal = 0;
  bool clean() const noexcept { return not_ended.empty(); }
  /// What `main` returns by custom: 128 + `signal` if there was one, `otherwise` if not.
  int exit_code(int otherwise = 0) const noexcept { return signal != 0 ? 128 + signal : otherwise; }
};

struct limiter_statistics {
  std::size_t capacity = 0;
  std::size_t in_use = 0;
  std::size_t waiting = 0;
};

/// The workers of `run_in_process`.
struct worker_statistics {
  std::size_t idle = 0, busy = 0; ///< now; `busy` includes those that are starting or ending
  std::uint64_t started = 0;      ///< since start, as all below
  std::uint64_t calls = 0;        ///< ended with a value or with what the body threw
  std::uint64_t prefetched = 0;   ///< calls that were sent to a worker behind another one
  std::uint64_t run_again = 0;    ///< idempotent calls whose worker had died: each time
  std::uint64_t lost = 0;         ///< died by themselves, were killed, or never came to take a call
  std::uint64_t retired_idle = 0, retired_calls = 0, retired_memory = 0; ///< ended by these limits
  std::uint64_t memory = 0; ///< now: resident, of all together, in bytes
};

struct manager_statistics {
  /// Now: for capacity (also to go on after a wait), for a named limiter, for the next attempt, or for the
  /// end of the task that it replaces. Slots of gathers count as tasks.
  std::size_t waiting = 0;
  std::size_t running = 0;     ///< now; includes those asked to end, and those that wait to go on
  std::size_t overrunning = 0; ///< now: outcome given, work still running
  std::uint64_t submitted = 0, rejected = 0, completed = 0, failed = 0, cancelled = 0,
                timed_out = 0; ///< since start
  std::uint64_t items = 0;     ///< ended items of gathers, not counted among the tasks above
  /// Since start, those of now included: works that went on after their outcome was given. What was gone
  /// within 50 ms, as a parked coroutine is at once, counts only while it is there.
  std::uint64_t overruns = 0;
  std::size_t blocked_threads = 0; ///< now: threads of the scheduler that a body holds beyond `blocked_after`
  std::uint64_t blocks = 0;        ///< since start: how often one has been held so
  std::chrono::nanoseconds longest_block{}; ///< as far as has been watched
  std::size_t threads = 0;                  ///< workers of the thread pool now, busy and idle
  std::uint64_t events_dropped = 0;
  limiter_statistics global{}, thread{}, process{};
  worker_statistics workers{};
  std::map<std::string, limiter_statistics> limits{}; ///< named limiters
};

} // namespace taskactor
