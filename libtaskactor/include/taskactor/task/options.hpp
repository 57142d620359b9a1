/// What a caller says of one task: its id and its three clocks (rule 7).
#pragma once

#include <taskactor/task/expected.hpp>
#include <taskactor/task/field.hpp>

#include <chrono>
#include <optional>
#include <string>

namespace taskactor {

/// As a `timeout`: run for as long as it takes.
inline constexpr std::chrono::nanoseconds no_timeout = std::chrono::nanoseconds::max();

/// Options of one task. Negative durations are refused (`errc::invalid_argument`); zero has expired.
struct task_options {
  /// Unique among waiting and running tasks. Empty: one is made ("task-17").
  field<std::string> id{};
  /// How long the body may run; unset: the manager's `default_timeout`; `no_timeout`: no limit.
  std::optional<std::chrono::nanoseconds> timeout{};
  /// How long the task may wait for its token; unset: no limit.
  std::optional<std::chrono::nanoseconds> queue_timeout{};
  /// Waiting and running together; unset: no limit.
  std::optional<std::chrono::nanoseconds> total_timeout{};
};

namespace detail {
/// The first thing wrong with a duration field, if any: "timeout: -5 s is negative; ...".
std::optional<rejection> check_duration(const char* field,
                                        const std::optional<std::chrono::nanoseconds>& value);
std::optional<rejection> validate(const task_options& options);
/// "2 s", "150 ms", "1.5 s": for messages.
std::string to_text(std::chrono::nanoseconds duration);
} // namespace detail

} // namespace taskactor
