/// `job_schedules`: the schedules of a store: jobs that are pushed when triggers say so. The library
/// `taskactor::queue`.
///
///     TASKACTOR_REGISTER(write_report);                             // registry.hpp, in a source file
///     const ta::job_schedules schedules{store};
///     const auto nightly = ta::trigger::cron("0 3 * * *", {.zone = "Europe/Berlin"}).value();
///     co_await schedules.add({.name = "report"}, nightly, "reports", write_report, "sales");
///     co_await schedules.pause("report");
///
/// A schedule is a row of the store: it outlives the program, and any program that has the store may change
/// it. A `job_scheduler`, in any number of programs, pushes its jobs; while there is none it fires nothing,
/// and what was due then is late, or missed (`job_schedule_options::missed`).
///
/// Each fire is one transaction: the job and the schedule's next time are written together, once, whoever
/// does it. Fires go by the store's clock. The next one is computed from the nominal time of the one before,
/// strictly later: no time is fired twice, and a clock that is set back waits. A schedule whose trigger is
/// over goes with its last fire.
///
/// All but `add` give `errc::unknown_id` for a name that no schedule has. Copies are the same. Threads: any.
#pragma once

#include <taskactor/expected.hpp>
#include <taskactor/queue/job_queue.hpp>
#include <taskactor/queue/job_schedule_options.hpp>
#include <taskactor/queue/store.hpp>
#include <taskactor/queue/store_call.hpp>
#include <taskactor/registry.hpp>
#include <taskactor/schedule/schedule_options.hpp>
#include <taskactor/schedule/trigger.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace taskactor {

class job_schedules;

namespace detail {
/// Of a command (`job_kind::command`), as command_job.hpp says.
store_call<job_schedule_info> add_command_schedule(const job_schedules& to,
                                                   const job_schedule_options& options, const trigger& when,
                                                   const std::string& queue, const json& command);
} // namespace detail

class job_schedules {
  using json = taskactor::json;

public:
  explicit job_schedules(taskactor::store in) : store_(std::move(in)) {}

  const taskactor::store& in() const noexcept { return store_; }

  /// Its jobs are of this function with these arguments, in this queue. What `options.job` leaves unset is as
  /// the task was registered. Its first fire is later than now, by the store's clock. Errors: `errc::never`,
  /// when there is none; `errc::duplicate_id`, when there is a schedule of this name; as `job_queue::push`.
  template <detail::may_be_pushed F, class... Args>
  store_call<job_schedule_info> add(const job_schedule_options& options, const trigger& when,
                                    const std::string& queue, F&& function, Args&&... args) const {
    static_assert(detail::check_push<F, Args...>());
    const auto plain = static_cast<std::decay_t<F>>(function);
    return add_registered(options, when, queue,
                          detail::registered_function(reinterpret_cast<const void*>(plain)),
                          detail::arguments_of_one(plain, std::forward<Args>(args)...));
  }
  /// A task by its name: see `job_queue::push_named`.
  store_call<job_schedule_info> add_named(const job_schedule_options& options, const trigger& when,
                                          const std::string& queue, std::string_view task,
                                          const json& arguments = json::array()) const;
  /// As `add_named`, of a task that isn't known here.
  store_call<job_schedule_info> add_unchecked(const job_schedule_options& options, const trigger& when,
                                              const std::string& queue, const std::string& task,
                                              const json& arguments = json::array()) const;

  store_call<job_schedule_info> find(const std::string& name) const;
  /// Those whose names are greater than `after`, byte by byte, in this order; at most `most`.
  store_call<std::vector<job_schedule_info>> list(const std::string& after = {},
                                                  std::size_t most = 100) const;

  /// Fires no more, until `resume`. One that waits for another to end is skipped. False: it is paused.
  store_call<bool> pause(const std::string& name) const;
  /// False: it isn't paused.
  store_call<bool> resume(const std::string& name, on_resume fires_of_the_pause = on_resume::skip) const;
  /// A job beside those of the trigger, also in a pause: it uses no nominal time. Gives its id, or zero if it
  /// waits for another to end. Errors: `errc::overlapping`, as `overlap` says.
  store_call<job_id> run_now(const std::string& name) const;
  /// The first fire of `to` is later than now, and than the last of the trigger before. Errors:
  /// `errc::never`, when there is none: then nothing has changed.
  store_call<fire> change(const std::string& name, const trigger& to) const;
  /// It goes; its jobs stay. True.
  store_call<bool> remove(const std::string& name) const;

private:
  store_call<job_schedule_info> add_registered(const job_schedule_options& options, const trigger& when,
                                               const std::string& queue,
                                               const expected<const named_task*>& which,
                                               const expected<std::vector<json>>& arguments) const;

  taskactor::store store_;
};

} // namespace taskactor
