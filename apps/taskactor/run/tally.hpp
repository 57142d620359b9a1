/// What has become of the commands so far: counts, the slowest, the first that failed. Small, however many
/// there are.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace taskactor::cli {

struct job_result;

class tally {
public:
  static constexpr std::size_t slowest_kept = 3;
  static constexpr std::size_t failures_kept = 10;

  struct entry {
    std::size_t number = 0;
    std::string item{};
    std::chrono::nanoseconds duration{};
    std::string error{};
  };

  void add(const job_result& ended);

  std::size_t completed() const noexcept { return completed_; }
  std::size_t failed() const noexcept { return failed_; }
  std::size_t timed_out() const noexcept { return timed_out_; }
  std::size_t cancelled() const noexcept { return cancelled_; }
  /// Items that were taken, and stopped before their commands were started.
  std::size_t not_started() const noexcept { return not_started_; }
  /// Those of the failed ones that had no process, and the first of them in the order of items.
  std::size_t not_startable() const noexcept { return not_startable_; }
  const std::optional<entry>& first_not_startable() const noexcept { return first_not_startable_; }
  std::size_t ended() const noexcept { return completed_ + failed_ + timed_out_ + cancelled_; }
  /// The slowest first.
  const std::vector<entry>& slowest() const noexcept { return slowest_; }
  /// Failed and timed out, in the order of their ends.
  const std::vector<entry>& failures() const noexcept { return failures_; }

private:
  void note_slow(const job_result& ended);

  std::size_t completed_ = 0, failed_ = 0, timed_out_ = 0, cancelled_ = 0, not_started_ = 0,
              not_startable_ = 0;
  std::optional<entry> first_not_startable_;
  std::vector<entry> slowest_;
  std::vector<entry> failures_;
};

} // namespace taskactor::cli
