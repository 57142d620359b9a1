/// `job_runner`: pulls jobs out of a store, and runs each as a task of a manager.
///
///     ta::store store{"jobs.db"};
///     ta::task_manager tasks;
///     ta::job_runner runner{tasks, store, {.queues = {{"mail", 8}, {"video", {.slots = 2}}}}};
///
///     ready --claimed--> at hand --a slot is free--> a task of the manager --ends--> told to the store
///
/// A job is the task "job-17", with one attempt, the job's timeout or none, and the job's priority and
/// fairness key; it takes capacity of the manager, can be found, explained and cancelled there, and what it
/// reports as its progress is in the store. `this_task::attempt` counts the job's failures,
/// `this_task::fencing_token` is that of its claim: greater than those of all claims before, so that what the
/// body writes elsewhere can refuse an older one. What becomes of it:
///
///     a value                        succeeded, with the value as JSON
///     an exception, its time is up   again after `job_retry::backoff`, or failed after `max_attempts`
///     this_task::retry_after         again after that time, which is no attempt; not in a worker's process
///     this_task::forbid_retry        failed, whatever attempts are left
///     unknown task, bad arguments    failed
///     cancelled in the store         cancelled; so it is by `task_manager::cancel_task`
///     `stop`, the manager's shutdown ready again, as if it hadn't been claimed
///
/// A body runs at least once, not exactly once: its runner may die after it. None of the users' code runs on
/// the runner's own thread, so that it is never late by it. A call of the store that fails is made again,
/// and never ends the runner: `statistics` says when each part has last succeeded, and why it doesn't.
///
/// Threads: any. Stops: `stop`, the destructor, and with its manager, whose shutdown waits for it; it may
/// outlive the manager, and does nothing then.
#pragma once

#include <taskactor/fwd.hpp>
#include <taskactor/manager_options.hpp>
#include <taskactor/queue/job_runner_options.hpp>
#include <taskactor/time_span.hpp>

#include <chrono>
#include <memory>
#include <optional>

namespace taskactor {

class job_runner;
class store;

namespace detail {
class runner_host;
std::shared_ptr<runner_host> host_of(const job_runner& which) noexcept;
} // namespace detail

class job_runner {
public:
  /// Errors: `std::system_error{errc::invalid_argument}`, naming the option; `errc::stopping`, when the
  /// manager takes no more work; no thread is left.
  job_runner(task_manager& tasks, const store& from, job_runner_options options);
  job_runner(const job_runner&) = delete;
  job_runner& operator=(const job_runner&) = delete;
  /// `stop()` with two seconds to end what runs. On a thread of a scheduler or of a manager, and in a
  /// coroutine, it only asks, and the rest goes on elsewhere.
  ~job_runner();

  /// Claims no more, gives back what hasn't begun, lets what runs end by itself (`drain`), cancels the rest
  /// (`cancel`), tells the store all ends (`kill`: at most so long beyond), and leaves it. True: all had
  /// ended, and the store knows. Again: hurries it up. Errors: `errc::would_block` in a coroutine body.
  bool stop(shutdown_options bounds = {});

  /// Blocks until it has nothing of the store, and the store had nothing for it when it last asked, or
  /// `limit` is over. True: so it is. Errors: `errc::would_block` in a coroutine body.
  bool wait_until_idle(time_span limit = no_timeout);
  bool is_idle() const;
  /// When the next delayed job is due, or a rate that jobs wait for has its next token, as far as it knows,
  /// by the manager's clock; empty: none.
  std::optional<std::chrono::steady_clock::time_point> next_due() const;

  runner_statistics statistics() const;

private:
  friend std::shared_ptr<detail::runner_host> detail::host_of(const job_runner& which) noexcept;
  std::shared_ptr<detail::runner_host> host_;
};

} // namespace taskactor
