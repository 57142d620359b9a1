/// `task_counts`: how many tasks have been admitted and refused, and how many have ended how; and how many
/// that are there are items of gathers, which aren't counted. A part of the task table: under its lock.
#pragma once

#include <taskactor/detail/record.hpp>
#include <taskactor/manager_options.hpp>
#include <taskactor/state.hpp>

#include <cstddef>
#include <cstdint>
#include <utility>

namespace taskactor::detail {

class task_counts {
public:
  void admitted(const record& task) noexcept {
    ++submitted_;
    of_gathers_ += task.of_gather ? 1 : 0;
  }
  /// It isn't there any more.
  void left(record& task) noexcept { of_gathers_ -= std::exchange(task.of_gather, false) ? 1 : 0; }
  std::size_t of_gathers() const noexcept { return of_gathers_; }
  void refused() noexcept { ++rejected_; }
  void ended(state how) noexcept {
    switch (how) {
    case state::completed:
      ++ended_.completed;
      break;
    case state::failed:
      ++ended_.failed;
      break;
    case state::cancelled:
      ++ended_.cancelled;
      break;
    case state::timed_out:
      ++ended_.timed_out;
      break;
    default:
      break;
    }
  }
  /// A shutdown begins.
  void mark() noexcept { at_mark_ = ended_; }

  void add_to(manager_statistics& result) const noexcept {
    result.submitted = submitted_;
    result.rejected = rejected_;
    result.completed = ended_.completed;
    result.failed = ended_.failed;
    result.cancelled = ended_.cancelled;
    result.timed_out = ended_.timed_out;
  }
  shutdown_report ended_since_mark() const {
    shutdown_report result;
    result.completed = ended_.completed - at_mark_.completed;
    result.failed = ended_.failed - at_mark_.failed;
    result.cancelled = ended_.cancelled - at_mark_.cancelled;
    result.timed_out = ended_.timed_out - at_mark_.timed_out;
    return result;
  }

private:
  struct ends {
    std::uint64_t completed = 0, failed = 0, cancelled = 0, timed_out = 0;
  };
  std::uint64_t submitted_ = 0, rejected_ = 0;
  std::size_t of_gathers_ = 0;
  ends ended_, at_mark_;
};

} // namespace taskactor::detail
