/// The jobs that have been handed to the gather and haven't ended: they wait for the jitter, the rate or
/// their next attempt, or their command runs. Threads: any.
#pragma once

#include "run/job.hpp"

#include <chrono>
#include <cstddef>
#include <map>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

namespace taskactor::cli {

class open_jobs {
public:
  void open(const job& what) {
    const std::lock_guard lock{mutex_};
    jobs_[what.turn].current.what = what;
  }
  /// Its command is about to start.
  void start(const job_result& attempt) {
    const std::lock_guard lock{mutex_};
    auto& entry = jobs_[attempt.what.turn];
    running_ += entry.runs ? 0 : 1;
    entry.current = attempt;
    entry.runs = true;
  }
  /// It waits for its next attempt; until that begins, the failed one stands.
  void wait_again(job_result&& failed) {
    const std::lock_guard lock{mutex_};
    auto& entry = jobs_[failed.what.turn];
    running_ -= std::exchange(entry.runs, false) ? 1 : 0;
    entry.failed = std::move(failed);
  }
  /// That attempt, or none.
  std::optional<job_result> take_failed(std::size_t turn) {
    const std::lock_guard lock{mutex_};
    const auto found = jobs_.find(turn);
    return found == jobs_.end() ? std::nullopt : std::exchange(found->second.failed, {});
  }
  std::size_t running() const {
    const std::lock_guard lock{mutex_};
    return running_;
  }
  /// The turns of those whose commands don't run. One of them may start at any time, unless it is told not
  /// to.
  std::vector<std::size_t> waiting() const {
    const std::lock_guard lock{mutex_};
    std::vector<std::size_t> result;
    for (const auto& [turn, entry] : jobs_)
      if (!entry.runs)
        result.push_back(turn);
    return result;
  }
  void close(std::size_t turn) {
    const std::lock_guard lock{mutex_};
    remove(turn);
  }
  /// Of a task that was ended from outside and so has no result of its own: what it had come to.
  job_result close(std::size_t turn, state how, std::string why) {
    const std::lock_guard lock{mutex_};
    auto entry = remove(turn);
    if (!entry.runs && entry.failed)
      return std::move(*entry.failed);
    auto result = std::move(entry.current);
    result.what.turn = turn;
    result.started = entry.runs;
    result.state = how;
    result.error = std::move(why);
    result.end = std::chrono::steady_clock::now();
    return result;
  }

private:
  struct entry {
    job_result current{};
    bool runs = false;
    std::optional<job_result> failed{};
  };
  entry remove(std::size_t turn) {
    entry result;
    if (auto found = jobs_.extract(turn))
      result = std::move(found.mapped());
    running_ -= result.runs ? 1 : 0;
    return result;
  }

  mutable std::mutex mutex_;
  std::map<std::size_t, entry> jobs_; // by their turns
  std::size_t running_ = 0;
};

} // namespace taskactor::cli
