/// `job_parent`: a job that another one is to run after (`push_options::after`).
///
///     const auto fetched = (co_await work.push(fetch, url)).value();
///     const auto after = std::vector<ta::job_parent>{fetched.job, {other_id, ta::on_failure::run}};
///     co_await work.push({.after = after}, extract, url);
///
/// The child is blocked until all of its parents are over, and then waits for a runner as any other job. A
/// parent is over when it has ended for good: an attempt that is tried again is no end. One that was deleted
/// before its end counts as cancelled. What has ended before the push counts as it has ended.
///
/// Retrying a parent that has ended blocks again those children that haven't begun for its sake: which are
/// blocked still, or were ended by their `on_failure`. Retrying such a child itself runs it, if no parent is
/// open, whatever has become of them.
///
/// Not on PostgreSQL yet: a push with parents is refused there (`errc::invalid_argument`).
///
/// Parents are kept in the store until the last of their children has ended, whatever their `keep`.
#pragma once

#include <concepts>
#include <cstdint>
#include <iosfwd>
#include <string_view>

namespace taskactor {

/// Of one store; from one, never used again.
using job_id = std::int64_t;

/// What becomes of a job when one of its parents doesn't succeed.
enum class on_failure : std::uint8_t {
  cancel, ///< it ends as cancelled, without having run
  fail,   ///< it ends as failed, without having run
  run,    ///< it runs all the same
};

std::string_view to_string(on_failure wish) noexcept;
std::ostream& operator<<(std::ostream& out, on_failure wish);

struct job_parent {
  job_id id = 0;
  taskactor::on_failure on_failure = taskactor::on_failure::cancel;

  job_parent(job_id which, taskactor::on_failure wish = taskactor::on_failure::cancel) noexcept // NOLINT
      : id(which), on_failure(wish) {}
  /// A `job<T>`.
  template <class Job>
    requires requires(const Job& which) {
      { which.id() } -> std::same_as<job_id>;
      which.in();
    }
  job_parent(const Job& which, taskactor::on_failure wish = taskactor::on_failure::cancel) noexcept // NOLINT
      : id(which.id()), on_failure(wish) {}
};

} // namespace taskactor
