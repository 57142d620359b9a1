/// What the works of job queues share: one queue in a SQLite file, or on PostgreSQL, and its runner.
#pragma once

#include "sample.hpp"
#include "store_folder.hpp"

#include <taskactor/queue.hpp>
#include <taskactor/taskactor.hpp>

#include <cstddef>
#include <string>

namespace bench {

/// In a store that is big, for each job that is run, so many rows are there before: a million and 300,000
/// with 20,000.
constexpr std::size_t finished_rows = 50, delayed_rows = 15;
constexpr int big_rounds = 3;

/// The body: a number, as it is. Registered.
taskactor::task<std::size_t> same_job(std::size_t number);

/// The store as it is by default (synchronous FULL, each result kept for a week), and so is the runner.
class queue_world {
public:
  queue_world(const std::string& file, std::size_t scheduler_threads, taskactor::store_options options = {});
  queue_world(taskactor::store jobs, std::size_t scheduler_threads);

  const taskactor::store& jobs() const { return jobs_; }
  const taskactor::job_queue& line() const { return line_; }
  /// Returns when nothing is there to be run, and every end is known.
  void wait_until_idle();
  taskactor::runner_statistics statistics() const { return runner_.statistics(); }

private:
  taskactor::task_manager tasks_;
  taskactor::store jobs_;
  taskactor::job_queue line_;
  taskactor::job_runner runner_;
};

/// Empty jobs, pushed and run together in this store, until every end is known.
sample run_jobs(const std::string& file, std::size_t size, std::size_t scheduler_threads);
sample run_jobs(queue_world& world, std::size_t size, const taskactor::push_options& options = {});
/// Each when the end of the one before is known.
sample run_one_by_one(queue_world& world, std::size_t size);

} // namespace bench
