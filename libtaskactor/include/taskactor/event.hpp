/// The closed set of events of tasks: what observers see and what the log says.
///
/// | kind                | level | when                                                                    |
/// |---------------------|-------|-------------------------------------------------------------------------|
/// | started             | debug | a task got its token and its actor                                      |
/// | progress            | -     | `this_task::report_progress`; the latest, others may be skipped         |
/// | completed           | debug | ended with a value                                                      |
/// | cancelled           | info  | ended because somebody asked, started or not                            |
/// | timed_out           | debug | one of its clocks ran out                                               |
/// | failed              | debug | the body threw; `text` has the chain                                    |
/// | unobserved_failure  | error | failed or timed out, its last handle is gone, and nobody looked         |
/// | cleanup_fault       | warn  | a destructor threw while a body was destroyed                           |
/// | retrying            | warn  | an attempt has failed and is followed by another; idempotent calls, too |
/// | overrun             | warn  | work has outlived its outcome and the kill                              |
/// | blocking            | warn  | the body has held a scheduler thread too long; `ran`: so long           |
/// | observer_failed     | warn  | an observer threw; it is kept                                           |
/// | worker_started      | debug | a worker ("worker-PID") can take calls; `ran`: since it was asked for   |
/// | worker_ended        | debug | as it should; `text`: why; `ran`: how long it has lived                 |
/// | worker_lost         | warn  | died by itself, was killed, or never came so far as to take calls       |
/// | service_started     | debug | a child of a supervisor ("services/cache") runs                         |
/// | service_ended       | debug | as it should; `text`: how; `ran`: how long it has run                   |
/// | service_failed      | error | ended out of order, or didn't start                                     |
/// | service_restarting  | warn  | and will be started again; `text`: when                                 |
/// | service_left_behind | warn  | has outlived its kill, and is waited for no longer                      |
/// | supervisor_gave_up  | error | a child didn't start, or was restarted too often                        |
/// | schedule_fired      | debug | a schedule has begun a task; `text`: nominal and actual time, the task  |
/// | schedule_missed     | warn  | fires were too late, and aren't made up; `text`: how many, and which    |
/// | schedule_skipped    | info  | fires weren't done; `text`: which, and for what                         |
/// | schedule_refused    | error | the manager doesn't take the task of a fire; `text`: why                |
/// | schedule_ended      | debug | it fires no more; `text`: why                                           |
///
/// An unobserved failure is logged as info when it was to be expected: the task had been asked to end, or was
/// refused something new by a manager that is stopping.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

namespace taskactor {

enum class event_kind : std::uint8_t {
  started,
  progress,
  completed,
  cancelled,
  timed_out,
  failed,
  unobserved_failure,
  retrying,
  cleanup_fault,
  overrun,
  blocking,
  observer_failed,
  worker_started,
  worker_ended,
  worker_lost,
  service_started,
  service_ended,
  service_failed,
  service_restarting,
  service_left_behind,
  supervisor_gave_up,
  schedule_fired,
  schedule_missed,
  schedule_skipped,
  schedule_refused,
  schedule_ended,
};

std::string_view to_string(event_kind kind) noexcept;

struct task_event {
  event_kind kind{};
  std::string id{};
  /// On the actor system's steady clock.
  std::chrono::steady_clock::time_point at{};
  /// How long the task had run; zero before it ran.
  std::chrono::nanoseconds ran{};
  /// The failure's message, a progress text; may be empty.
  std::string text{};
  /// Of progress only.
  std::uint64_t done = 0, total = 0;
};

/// Called on a thread of its own, one event at a time, in order. May block and may throw: neither reaches any
/// task. When its manager is destroyed, what it was told is still handled for 2 s; what is still in it then
/// is cut off, which is logged: that call goes on alone, and must not use the manager or its actor system.
using event_handler = std::function<void(const task_event&)>;

/// Some kinds of events; `{}`: all.
class event_kinds {
public:
  constexpr event_kinds() noexcept = default;
  constexpr event_kinds(std::initializer_list<event_kind> some) noexcept : bits_(0) {
    for (const auto each : some)
      bits_ |= bit(each);
  }
  constexpr bool contains(event_kind kind) const noexcept { return (bits_ & bit(kind)) != 0; }
  /// Those of both.
  constexpr event_kinds operator|(event_kinds other) const noexcept {
    other.bits_ |= bits_;
    return other;
  }

private:
  static constexpr std::uint64_t bit(event_kind kind) noexcept {
    return std::uint64_t{1} << static_cast<unsigned>(kind);
  }
  std::uint64_t bits_ = ~std::uint64_t{0};
  static_assert(static_cast<unsigned>(event_kind::schedule_ended) < 64); // the last
};

struct observer_options {
  /// Events kept for a handler that is slower than the tasks; further ones are dropped and counted.
  std::size_t queue = 8192;
  /// Others aren't even made for this observer: `{.kinds = {event_kind::failed, event_kind::timed_out}}`.
  event_kinds kinds{};
};

/// Ends the observation when it is destroyed; an event being handled is let finish on its own thread.
class [[nodiscard]] subscription {
public:
  subscription() noexcept = default;
  explicit subscription(std::shared_ptr<void> owner) noexcept : owner_(std::move(owner)) {}
  void reset() noexcept { owner_.reset(); }

private:
  std::shared_ptr<void> owner_;
};

} // namespace taskactor
