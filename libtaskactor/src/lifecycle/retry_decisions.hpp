/// `retry_decisions`: whether an attempt that has failed is followed by another one, and after which wait.
/// The manager's alone.
///
/// About an outcome that the manager has written (a timeout) a user's `retry_on` is asked on the disposal's
/// thread, once for each attempt, which answers by `retry_answered`. What is known of it stands in the task's
/// extras. During a shutdown no further attempt begins, from the stage that cancels on.
#pragma once

#include "lifecycle/task_extras.hpp"

#include <chrono>
#include <cstddef>
#include <optional>

namespace taskactor::detail {

class manager_core;
class record;
class shutdown_sequence;

class retry_decisions {
public:
  retry_decisions(manager_core& home, const shutdown_sequence& shutdown) noexcept
      : home_(home), shutdown_(shutdown) {}

  /// How long to wait for another attempt; empty: its failure is final, or not known to have another one yet.
  std::optional<std::chrono::nanoseconds> wait_before_retry(const record& task) const;
  /// Its `retry_on` hasn't said yet what it thinks of an outcome that the manager has written.
  bool has_to_ask(const record& task) const;
  /// Asks, unless that is under way.
  void ask_once(record& task) noexcept;
  /// The answer has come. False: it was given up, and no longer counts.
  bool answered(record& task, std::size_t attempt, const retry_answer& answer) noexcept;
  /// Who doesn't answer in time says no.
  void give_up(record& task) noexcept;

private:
  manager_core& home_;
  const shutdown_sequence& shutdown_;
};

} // namespace taskactor::detail
