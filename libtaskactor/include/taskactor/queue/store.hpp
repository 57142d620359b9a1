/// `store`: where jobs live: a SQLite file, or the memory of a manager.
///
///     ta::store jobs{"jobs.db"};                        // made, or brought up to date, if need be
///     ta::store test{tasks};                            // in memory: gone with its last copy
///     co_await jobs.cancel(17);                         // a `control_reply`
///     const auto all = jobs.list({.queue = "mail"}).get();
///
/// Copies are the same store. Any number of programs of one machine may have one file open, and so may a
/// program that opens it twice. Jobs are pushed by `job_queue`, run by `job_runner`.
///
/// A file has two threads: one makes the calls, in groups that are as large as what has come meanwhile; one
/// looks at the clock and the folder. `check` and `backup` have one of their own. None of the user's code
/// runs there. The end of the last copy waits for the calls that were begun, for at most
/// `store_options::close_timeout`; in a coroutine body, and on threads of the scheduler, it doesn't wait.
///
/// A store in memory goes by the manager's clock (a test's is virtual), and by no clock when that has ended;
/// its calls are over when they are made. It can be used by tasks of any manager.
///
/// Errors of the constructor: `error{errc::invalid_argument}`, naming the option; `errc::store_unusable`: the
/// file, and why; `errc::would_block` in a coroutine body; `errc::stopping`; `std::system_error` when there
/// is no thread or descriptor left. Of the calls: as of `store_call`. Threads: any.
#pragma once

#include <taskactor/fwd.hpp>
#include <taskactor/limits.hpp>
#include <taskactor/queue/job_info.hpp>
#include <taskactor/queue/store_call.hpp>
#include <taskactor/queue/store_options.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace taskactor {

class store;

namespace detail {
class store_core;
const std::shared_ptr<store_core>& core_of(const store& which) noexcept;
} // namespace detail

class store {
public:
  explicit store(const std::string& file, store_options options = {});
  explicit store(task_manager& tasks, store_options options = {});

  /// For the library.
  explicit store(std::shared_ptr<detail::store_core> core) noexcept;

  /// Its path, absolute; empty: it is in memory.
  const std::string& file() const noexcept;

  // -- jobs -----------------------------------------------------------------
  store_call<std::vector<job_info>> list(job_filter which = {}) const;
  /// Errors: `errc::unknown_job`.
  store_call<job_details> find(job_id which) const;
  /// One that waits is cancelled at once; the runner of one that runs is told.
  store_call<control_reply> cancel(job_id which) const;
  /// An ended job begins anew, with all its attempts.
  store_call<control_reply> retry(job_id which) const;
  /// Forgets all of a job that doesn't run.
  store_call<control_reply> remove(job_id which) const;
  /// The same of all that `which` names, whatever its `most`: one page after the other, so that others may
  /// change some meanwhile.
  store_call<control_counts> cancel_all(job_filter which) const;
  store_call<control_counts> retry_all(job_filter which) const;
  store_call<control_counts> remove_all(job_filter which) const;

  // -- queues and limits ----------------------------------------------------
  /// Nothing of the queue begins until it is resumed. It needn't have any jobs yet. Errors, as of limits:
  /// `errc::invalid_argument`: no queue can have that name (see `job_queue`).
  store_call<control_reply> pause(std::string queue) const;
  store_call<control_reply> resume(std::string queue) const;
  /// For all runners of the store, from now on: see `push_options::limits`. What runs goes on. Errors:
  /// `errc::invalid_argument`, naming the field.
  store_call<control_reply> set_limit(std::string name, limiter_options options) const;
  store_call<control_reply> drop_limit(std::string name) const;

  // -- the whole ------------------------------------------------------------
  store_call<store_survey> survey() const;
  /// What is wrong with its tables, in words; none: all is well. It reads all of it, as `backup` does: of a
  /// file beside the other calls, which go on, and without a limit of time once it has begun.
  store_call<std::vector<std::string>> check() const;
  /// Forgets ended jobs that needn't be kept any longer, as runners do by and by. How many have gone.
  store_call<std::size_t> prune() const;
  /// A copy of it as it is now, into a file that isn't there yet. Errors: `errc::invalid_argument`.
  store_call<std::string> backup(std::string file) const;
  /// To be called once a copy has been put in the store's place, before anything runs: what was drawn since
  /// isn't in it. All tokens of claims, and ids of jobs, are from now on greater than any that were given
  /// out, and what runners had claimed when the copy was made is ready again, with no loss counted: how many
  /// claims. What the copy lacks stays lost, and jobs that had ended since run again. Errors:
  /// `errc::invalid_argument`: a runner has been there within 30 seconds, or it is in memory.
  store_call<std::size_t> restored() const;

  /// The same store.
  friend bool operator==(const store&, const store&) noexcept = default;

private:
  friend const std::shared_ptr<detail::store_core>& detail::core_of(const store& which) noexcept;

  std::shared_ptr<detail::store_core> core_;
};

} // namespace taskactor
