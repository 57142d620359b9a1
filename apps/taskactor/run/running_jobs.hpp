/// The commands that have been started and haven't ended.
#pragma once

#include "run/job.hpp"

#include <chrono>
#include <cstddef>
#include <map>
#include <mutex>
#include <utility>

namespace taskactor::cli {

class running_jobs {
public:
  void add(const job_result& started) {
    const std::lock_guard lock{mutex_};
    jobs_.insert_or_assign(started.what.turn, started);
  }
  std::size_t count() const {
    const std::lock_guard lock{mutex_};
    return jobs_.size();
  }
  void remove(std::size_t turn) {
    const std::lock_guard lock{mutex_};
    jobs_.erase(turn);
  }
  /// For a task that was ended from outside and so has no result of its own.
  job_result remove_ended(std::size_t turn, state how, std::string why) {
    const std::lock_guard lock{mutex_};
    job_result result;
    if (auto found = jobs_.extract(turn))
      result = std::move(found.mapped());
    result.what.turn = turn;
    result.state = how;
    result.error = std::move(why);
    result.end = std::chrono::steady_clock::now();
    return result;
  }

private:
  mutable std::mutex mutex_;
  std::map<std::size_t, job_result> jobs_; // by their turns
};

} // namespace taskactor::cli
