/// What a job runner is made with, and what it says of itself.
#pragma once

#include <taskactor/field.hpp>
#include <taskactor/task_options.hpp>
#include <taskactor/time_span.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace taskactor {

/// How a runner serves one queue.
struct queue_service {
  /// So many of its jobs run at once. Zero is refused.
  std::size_t slots = 1;
  /// Where their bodies run; unset: as each task is registered, else `run_where::task`. A job that can't run
  /// there has failed for good.
  std::optional<run_where> where{};
  /// Its commands (`job_kind::command`) are run, too: whoever may push to the queue may then run programs as
  /// this program's user.
  bool commands = false;
};

/// A queue by its name: `{"mail", 8}`, `{"video", {.slots = 2, .where = run_where::process}}`.
struct runner_queue {
  runner_queue(std::string queue, std::size_t slots) // NOLINT: implicit
      : name(std::move(queue)), how{.slots = slots} {}
  runner_queue(std::string queue, queue_service how = {}) // NOLINT: implicit
      : name(std::move(queue)), how(how) {}

  std::string name;
  queue_service how;
};

/// Errors: `errc::invalid_argument`, naming the field. Negative durations are refused, and zero ones; and
/// names of more than 200 bytes, that aren't UTF-8, or have a NUL.
struct job_runner_options {
  /// At least one; none twice.
  field<std::vector<runner_queue>> queues{};
  /// As the store's programs show it. Empty: the machine's name and the process's number. Two runners of one
  /// name harm nobody.
  field<std::string> name{};
  /// So long its row may stand still, as another runner sees it, before its jobs are taken from it. All
  /// runners of a store are to have the same.
  time_span lease = std::chrono::seconds{30};
  /// How often it tells the store that it is there.
  time_span beat = std::chrono::seconds{5};
  /// So long after the last beat that the store has confirmed it stops what it runs, since another one may be
  /// about to have it. With the manager's `cancel_grace` and one second it is within the lease, or refused.
  time_span fence = std::chrono::seconds{20};
  /// How often it looks for jobs that it wasn't told of.
  time_span poll = std::chrono::seconds{5};
  /// Jobs of a queue that it has at hand beyond those that run, at most; it has as many as it runs while it
  /// asks for more. Zero: none.
  std::size_t prefetch = 500;
};

/// What one kind of a runner's calls to its store has come to.
struct runner_part_statistics {
  std::uint64_t calls = 0, failures = 0;
  /// When the last call succeeded, by the manager's clock.
  std::optional<std::chrono::steady_clock::time_point> last_success{};
  /// Why the last call failed; empty when it has succeeded since.
  std::string last_error{};
};

struct runner_statistics {
  std::string name{};
  std::uint64_t incarnation = 0; ///< another one after each loss
  bool fenced = false;           ///< now: the store hasn't confirmed it for too long, or not yet
  bool ended = false;            ///< it was stopped, or its manager was
  std::size_t running = 0;       ///< now: claimed jobs that the manager has as tasks
  std::size_t at_hand = 0;       ///< now: claimed, and not begun
  std::size_t uncommitted = 0;   ///< now: ended, and the store doesn't know yet
  std::uint64_t claimed = 0, succeeded = 0, failed = 0, retried = 0, snoozed = 0, cancelled = 0,
                released = 0; ///< since start; ends as the store has taken them
  std::uint64_t stale = 0;    ///< since start: ends of claims that were another runner's by then
  std::uint64_t rescued = 0;  ///< since start: runners that it has found to be lost
  runner_part_statistics claim{}, finish{}, beat{}, promote{}, rescue{}, prune{};
};

} // namespace taskactor
