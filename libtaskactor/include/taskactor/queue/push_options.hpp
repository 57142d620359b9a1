/// What is said of a job when it is pushed. What is unset is as its task was registered, else as is said
/// here.
#pragma once

#include <taskactor/backoff.hpp>
#include <taskactor/expected.hpp>
#include <taskactor/field.hpp>
#include <taskactor/limits.hpp>
#include <taskactor/queue/job_parent.hpp>
#include <taskactor/time_span.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace taskactor {

/// A point in time of a store's clock, in microseconds since 1970.
using store_time = std::chrono::sys_time<std::chrono::microseconds>;

/// How long a key is taken.
enum class unique_until : std::uint8_t {
  ended,   ///< until the job has ended
  started, ///< until it is claimed
  period,  ///< for `unique_options::period` from the push on, whatever becomes of the job
};

/// What a push finds that meets a key which is taken.
enum class on_taken : std::uint8_t {
  keep,    ///< the job that has it; nothing is pushed (`push_result::duplicate`)
  replace, ///< the job that has it gets the new arguments, time and priority, unless it runs (`replaced`)
};

/// What a push has come to.
enum class push_result : std::uint8_t {
  pushed,    ///< there is a new job
  duplicate, ///< another job has its key, and stays as it is
  replaced,  ///< another job has its key, and has got its arguments, time and priority
};

std::string_view to_string(push_result how) noexcept;
std::ostream& operator<<(std::ostream& out, push_result how);

struct unique_options {
  /// Empty: the job isn't unique.
  field<std::string> key{};
  /// Keys of one scope are one another's; empty: the task's name.
  field<std::string> scope{};
  unique_until until = unique_until::ended;
  time_span period{};
  taskactor::on_taken on_taken = taskactor::on_taken::keep;
};

/// When a job whose body has failed, or whose time was up, is run again.
struct job_retry {
  /// Attempts in all, the first one included.
  std::size_t max_attempts = 1;
  taskactor::backoff backoff{};
};

/// Of a limit that counts over all runners of a store (`store::set_limit`).
struct job_limit {
  std::string name{};
  /// Empty: one count for all; else each key has a count of its own: a customer, a host.
  std::string key{};
  /// It begins when so many are free at once; jobs that need fewer may begin before it.
  std::size_t tokens = 1;
};

/// Errors: `errc::invalid_argument`, naming the field. Negative durations are refused; and texts that aren't
/// UTF-8, have a NUL, or more than 1000 bytes: names, tags and versions more than 200; and
/// parents that are there twice, or more than 100,000.
struct push_options {
  /// Not before so much time has gone by. Not both this and `at`.
  time_span delay{};
  std::optional<store_time> at{};
  /// If it hasn't begun so long after the push, it never does.
  std::optional<time_span> expires{};
  /// Zero is served first, nine last. One of eight is the queue's oldest, whatever its priority.
  int priority = default_priority;
  /// Of each attempt; unset: none.
  std::optional<time_span> timeout{};
  std::optional<job_retry> retry{};
  unique_options unique{};
  field<std::vector<job_limit>> limits{};
  /// Whose share it counts to: a tenant, a user.
  field<std::string> fairness_key{};
  /// How long its end can be asked for; zero: not at all.
  time_span keep = std::chrono::days{7};
  /// For who looks for it.
  field<std::vector<std::string>> tags{};
  /// A `traceparent`: kept with it, for who looks for it.
  field<std::string> trace{};
  /// Only runners whose task is registered with the same version claim it; empty: any.
  field<std::string> version{};
  /// It is blocked until all of these jobs of its store are over: see job_parent.hpp. Times count from the
  /// push. Errors, of the push: `errc::unknown_parent`: there is no such job, or it isn't kept any longer.
  field<std::vector<job_parent>> after{};
};

namespace detail {
std::optional<rejection> validate(const push_options& options);
} // namespace detail

} // namespace taskactor
