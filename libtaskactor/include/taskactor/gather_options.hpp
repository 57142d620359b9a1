/// `gather_options`: how many items of a gather run at once, what each of them is as a task, and when all is
/// over.
///
///     auto sent = tasks.gather({.concurrency = 64,
///                               .each = {.timeout = 2s, .limits = {{"mail"}}, .retry = ta::retry{}}},
///                              send, letters);
///
/// See `gather.hpp`. Errors: `errc::invalid_argument` names the option at fault.
#pragma once

#include <taskactor/field.hpp>
#include <taskactor/task_options.hpp>
#include <taskactor/time_span.hpp>

#include <cstddef>
#include <optional>
#include <string>

namespace taskactor {

/// When a gather is over before its last item has run: what runs then is cancelled, what hasn't started is
/// `not_started`.
class gather_end {
public:
  constexpr gather_end() noexcept = default;
  /// Never before (the default).
  static constexpr gather_end all() noexcept { return {}; }
  /// When an item has failed or timed out.
  static constexpr gather_end first_error() noexcept { return gather_end{1, 0}; }
  /// When so many have completed. Zero: as `all`.
  static constexpr gather_end quorum(std::size_t count) noexcept { return gather_end{0, count}; }

  constexpr bool counts() const noexcept { return failures_ != 0 || successes_ != 0; }
  constexpr bool reached(std::size_t completed, std::size_t failed) const noexcept {
    return (failures_ != 0 && failed >= failures_) || (successes_ != 0 && completed >= successes_);
  }

private:
  constexpr gather_end(std::size_t failures, std::size_t successes) noexcept
      : failures_(failures), successes_(successes) {}
  std::size_t failures_ = 0, successes_ = 0;
};

/// Options of a gather. Negative durations are refused; zero durations have expired.
struct gather_options {
  /// The items' ids are this, a slash and their index: `find` knows an item by it while it runs, and
  /// `cancel_task` before that, too. Empty: one is made ("gather-3"). Inside a task the task's id and a slash
  /// come before it.
  field<std::string> id{};
  /// Items that run at once; zero: as many as there are tokens when it starts. Each takes a token, so that no
  /// more than those run: a larger number is logged once. Of a range of unknown size, or a channel, no more
  /// than 2^20 run.
  std::size_t concurrency = 0;
  /// What each item is as a task. `timeout`: unset or `no_timeout` is no limit of its own, whatever the
  /// manager's default is. With `limits`, `retry`, `queue_timeout`, `total_timeout` or `where` each item
  /// is a task with the item's id: it waits, is tried again, and is seen as any other; its clocks start
  /// when it has its place among the `concurrency`, which it keeps between its attempts, and has an actor
  /// for it from then on; an id that another task has gets a number behind it ("g/7#2"). Others cost no
  /// more than without. Refused: `id` (an item's is made of the gather's); `admission` (items don't count
  /// against `max_queue`); `retry`, if items can't be copied; `where`, but for `task` and, with a body
  /// that is no coroutine, `thread`.
  task_options each{};
  /// How long all may take; what runs then is timed out, what hasn't started `not_started`.
  std::optional<time_span> total_timeout{};
  /// Each item waits a random time below this before it starts, so that not all start at once.
  time_span jitter{};
  /// When to stop early; unset: never.
  gather_end until{};
};

} // namespace taskactor
