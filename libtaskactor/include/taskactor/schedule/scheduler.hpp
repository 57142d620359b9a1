/// `scheduler`: begins tasks of a manager when triggers say so. In memory: what is scheduled ends with the
/// program. The library `taskactor::schedule`.
///
///     ta::task_manager tasks;
///     ta::scheduler schedules{tasks};
///     const auto nightly = ta::trigger::cron("0 3 * * *", {.zone = "Europe/Berlin"}).value();
///     auto h = schedules.add({.name = "report", .task = {.timeout = 10min}}, nightly, write_report).value();
///     h.pause();
///
/// The body is a coroutine function that gives `task<T>`, or any callable, as `add_task` takes them; it may
/// take a `schedule_fire`. All fires call the same object. Each fire is a task of the manager, with the
/// schedule's `task_options`: it takes capacity, has deadlines and retries, can be found and cancelled. What
/// it returns is dropped; a failure is an event (`unobserved_failure`).
///
/// Fires go by the clock on the wall. The next one is computed from the nominal time of the one before,
/// strictly later: no time is fired twice, and a clock that is set back waits. One that is set forward, and a
/// program that was held up, have missed fires: see `missed_policy`. While the manager's queue is full a fire
/// waits, and is a late one then.
///
/// What happens is seen in events: `schedule_fired`, `_missed`, `_skipped`, `_refused`, `_ended`. None of the
/// users' code runs on the scheduler's own thread.
///
/// Threads: any. Stops: the destructor, and the manager's shutdown, which ends the schedules before anything
/// else. Tasks that were begun are the manager's. Handles, and the scheduler, may outlive the manager.
#pragma once

#include <taskactor/detail/schedule_body.hpp>
#include <taskactor/expected.hpp>
#include <taskactor/fwd.hpp>
#include <taskactor/schedule/schedule_options.hpp>
#include <taskactor/schedule/trigger.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace taskactor {

namespace detail {
class scheduler_host;
struct schedule_entry;
} // namespace detail

/// One schedule; copies are of the same. The schedule goes on without any. Of one that has ended all answer
/// so.
class schedule_handle {
public:
  const std::string& name() const noexcept;
  schedule_info info() const;
  /// The next fire, or why there is none.
  next_fire next() const { return info().next; }

  /// Fires no more, until `resume`. One that waits for another to end is skipped. False: it has ended, or is
  /// paused.
  bool pause();
  /// False: it has ended, or isn't paused.
  bool resume(on_resume fires_of_the_pause = on_resume::skip);
  /// A fire beside those of the trigger, also in a pause: it uses no nominal time. Gives the id of its task,
  /// or an empty text if it waits for another to end. Errors: `errc::overlapping`, as `overlap` says;
  /// `errc::never`, when the schedule has ended; as `add_task`.
  expected<std::string> run_now();
  /// The first fire of `to` is later than now, and than the last of the trigger before. Errors:
  /// `errc::never`, when there is none, or the schedule has ended: then nothing has changed.
  expected<fire> change(const trigger& to);
  /// Ends it; what runs goes on. False: it has ended.
  bool cancel();
  /// Asks what runs of it to end. Returns how many this call has asked.
  std::size_t cancel_running();

private:
  friend class detail::scheduler_host;
  schedule_handle(std::shared_ptr<detail::scheduler_host> host,
                  std::shared_ptr<detail::schedule_entry> entry) noexcept;

  std::shared_ptr<detail::scheduler_host> host_;
  std::shared_ptr<detail::schedule_entry> entry_;
};

class scheduler {
public:
  /// Errors: `std::system_error`: `errc::stopping`, when the manager takes no more work; no thread is left.
  explicit scheduler(task_manager& tasks);
  scheduler(const scheduler&) = delete;
  scheduler& operator=(const scheduler&) = delete;
  /// All schedules end; what was begun goes on.
  ~scheduler();

  /// Its first fire is later than now. Errors: `errc::never`, when there is none; `errc::duplicate_id`, when
  /// a schedule of this name hasn't ended; `errc::invalid_argument`, naming the option; `errc::stopping`.
  template <class F>
  expected<schedule_handle> add(schedule_options options, const trigger& when, F&& body) {
    if constexpr (detail::check_schedule_body<F>())
      return add_body(std::move(options), when,
                      std::make_shared<detail::typed_schedule_body<std::decay_t<F>>>(std::forward<F>(body)));
    return rejection{}; // isn't reached
  }

  /// One that hasn't ended.
  std::optional<schedule_handle> find(std::string_view name) const;
  /// Those that haven't ended, by name.
  std::vector<schedule_info> list() const;

private:
  expected<schedule_handle> add_body(schedule_options options, const trigger& when,
                                     std::shared_ptr<detail::schedule_body> body);

  std::shared_ptr<detail::scheduler_host> host_;
};

} // namespace taskactor
