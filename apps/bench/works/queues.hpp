/// What the works of job queues share: one queue in a SQLite file, and a runner that serves it.
#pragma once

#include "sample.hpp"
#include "store_folder.hpp"

#include <taskactor/queue.hpp>
#include <taskactor/taskactor.hpp>

#include <cstddef>
#include <string>

namespace bench {

/// The body: a number, as it is. Registered.
taskactor::task<std::size_t> same_job(std::size_t number);

/// The store as it is by default (synchronous FULL, each result kept for a week), and so is the runner.
class queue_world {
public:
  queue_world(const std::string& file, std::size_t scheduler_threads, taskactor::store_options options = {});

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

} // namespace bench
