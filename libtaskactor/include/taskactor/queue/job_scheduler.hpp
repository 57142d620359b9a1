/// `job_scheduler`: pushes the jobs of a store's schedules (`job_schedules`) when they are due.
///
///     ta::store store{"jobs.db"};
///     ta::task_manager tasks;
///     ta::job_scheduler scheduler{tasks, store};
///     ta::job_runner runner{tasks, store, {.queues = {{"reports", 2}}}};
///
/// Any number of programs may have one for the same store: none leads, and each fire is made by one of them.
/// It runs none of the users' code. A call of the store that fails is made again, and never ends it.
///
/// What happens is seen in events of its manager: `schedule_fired`, `_missed`, `_skipped`, by the schedule's
/// name.
///
/// Threads: any. Stops: the destructor, and the manager's shutdown, which ends it before anything else. It
/// may outlive the manager, and does nothing then.
#pragma once

#include <taskactor/fwd.hpp>
#include <taskactor/time_span.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace taskactor {

class store;

namespace detail {
class job_scheduler_host;
} // namespace detail

/// Errors: `errc::invalid_argument`, naming the field.
struct job_scheduler_options {
  /// How often it looks for schedules that other programs have added or changed: so late their first fire may
  /// be. Those of this program are looked at when they change. At least a millisecond.
  time_span poll = std::chrono::seconds{1};
};

struct job_scheduler_statistics {
  bool ended = false;
  std::uint64_t fired = 0, missed = 0, skipped = 0; ///< since start, by this one
  std::uint64_t beaten = 0;     ///< since start: schedules that another one, or a user, wrote before it could
  std::uint64_t unreadable = 0; ///< now: due schedules that this release doesn't understand; events say more
  std::uint64_t failures = 0;   ///< since start: calls of the store
  /// When the last call succeeded, by the manager's clock.
  std::optional<std::chrono::steady_clock::time_point> last_success{};
  /// Why the last call failed; empty when one has succeeded since.
  std::string last_error{};
};

class job_scheduler {
public:
  /// Errors: `std::system_error{errc::invalid_argument}`, naming the option; `errc::stopping`, when the
  /// manager takes no more work; no thread is left.
  job_scheduler(task_manager& tasks, const store& of, job_scheduler_options options = {});
  job_scheduler(const job_scheduler&) = delete;
  job_scheduler& operator=(const job_scheduler&) = delete;
  /// A fire that is under way is made.
  ~job_scheduler();

  job_scheduler_statistics statistics() const;

private:
  std::shared_ptr<detail::job_scheduler_host> host_;
};

} // namespace taskactor
