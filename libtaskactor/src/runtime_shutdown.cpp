#include "runtime_shutdown.hpp"

#include "caf_adapter/compat.hpp"
#include "lifecycle/admission_waiters.hpp"
#include "lifecycle/dependent_list.hpp"
#include "lifecycle/manager_core.hpp"
#include "lifecycle/manager_messages.hpp"
#include "lifecycle/task_table.hpp"
#include "threads/disposal.hpp"
#include "threads/waits.hpp"

#include <taskactor/time_span.hpp>

#include <caf/all.hpp>

#include <algorithm>
#include <utility>

namespace taskactor::detail {

namespace {

using std::chrono::milliseconds;

/// Where time stands still: enough for whatever can run.
constexpr std::chrono::hours no_time{1};

} // namespace

void check_bounds(const shutdown_options& bounds) {
  for (const auto& wrong : {check_duration("drain", bounds.drain), check_duration("cancel", bounds.cancel),
                            check_duration("kill", bounds.kill)})
    if (wrong)
      throw_rejection(*wrong);
}

shutdown_report runtime_shutdown::run(shutdown_options bounds) {
  check_bounds(bounds);
  auto soft_end = after(after(home_.now(), bounds.drain), bounds.cancel);
  std::chrono::nanoseconds kill = bounds.kill;
  std::unique_lock lock{mutex_};
  if (!report_) {
    refuse_inside_coroutine(); // before anything has begun
    lock.unlock();
    begin(bounds);
    lock.lock();
    wait_for_report(lock, bounds);
    soft_end = std::min(soft_end, soft_end_); // a signal may have hurried it up
    kill = std::min(kill, kill_);
  }
  return see_off(std::move(lock), soft_end, kill);
}

shutdown_report runtime_shutdown::wait() {
  std::unique_lock lock{mutex_};
  if (!report_) {
    refuse_inside_coroutine();
    wait_for_end(lock);
  }
  const auto soft_end = soft_end_;
  const auto kill = kill_;
  return see_off(std::move(lock), soft_end, kill);
}

/// What the report doesn't know of, once it is there.
shutdown_report runtime_shutdown::see_off(std::unique_lock<std::mutex> lock, time_point soft_end,
                                          std::chrono::nanoseconds kill) {
  const bool told = report_.has_value();
  auto report = report_.value_or(shutdown_report{});
  report.signal = signal_;
  lock.unlock();
  if (!told) { // nobody runs the manager
    for (const auto& task : home_.table().live())
      report.not_ended.push_back(task->current_id());
    return report;
  }
  see_off_disposals(report, kill);
  for (auto& service : home_.dependents().see_off(home_, soft_end, kill))
    if (std::find(report.not_ended.begin(), report.not_ended.end(), service) == report.not_ended.end())
      report.not_ended.push_back(std::move(service)); // a service that is a task is there already
  return report;
}

/// What was the users' is gone when the shutdown is over; whose isn't, still runs.
void runtime_shutdown::see_off_disposals(shutdown_report& report, std::chrono::nanoseconds bound) {
  constexpr std::chrono::nanoseconds least
      = milliseconds{100}; // for what is harmless, and has been queued just now
  if (home_.disposals().wait_idle(std::clamp<std::chrono::nanoseconds>(bound, least, observers_bound)))
    return;
  for (auto& id : home_.disposals().busy_with())
    if (std::find(report.not_ended.begin(), report.not_ended.end(), id) == report.not_ended.end())
      report.not_ended.push_back(std::move(id));
}

void runtime_shutdown::begin(const shutdown_options& bounds, int signal) {
  {
    const std::lock_guard lock{mutex_};
    if (signal_ == 0)
      signal_ = signal;
    soft_end_ = std::min(soft_end_, after(after(home_.now(), bounds.drain), bounds.cancel));
    kill_ = std::min<std::chrono::nanoseconds>(kill_, bounds.kill);
    changed_.notify_all(); // `wait` has another bound now
  }
  home_.dependents().ask_to_leave();
  home_.table().close(task_table::taken::begun);
  post(home_.manager(), detail::stop{bounds});
  home_.waiters().tell();
}

void runtime_shutdown::wait_for_report(std::unique_lock<std::mutex>& lock, shutdown_options bounds) {
  const auto over = [this] { return report_ || system_over_; };
  if (home_.waits().is_virtual()) {
    home_.waits().block(lock, changed_, over);
  } else if (home_.waits().is_run_by_hand()) { // what would have to wait for time to pass, is hurried up
    for (auto* const stage : {&bounds.drain, &bounds.cancel, &bounds.kill}) {
      home_.waits().block(lock, changed_, over, after(home_.now(), no_time));
      if (over())
        break;
      *stage = {};
      lock.unlock();
      post(home_.manager(), detail::stop{bounds});
      lock.lock();
    }
    home_.waits().block(lock, changed_, over, after(home_.now(), no_time));
  } else {
    auto until = home_.now();
    for (const auto& time : {bounds.drain, bounds.cancel, bounds.kill, time_span{turn_bound}})
      until = after(until, time);
    home_.waits().block(lock, changed_, over, until);
    if (!report_)
      home_.waits().block(
          lock, changed_, [this] { return report_.has_value(); }, after(home_.now(), last_turns));
  }
}

/// Somebody else begins it, now or later, and may hurry it up.
void runtime_shutdown::wait_for_end(std::unique_lock<std::mutex>& lock) {
  const auto over = [this] { return report_ || system_over_; };
  if (home_.waits().is_virtual() || home_.waits().is_run_by_hand())
    return home_.waits().block(lock, changed_, over);
  for (bool late = false; !late && !over();) {
    const auto soft_end = soft_end_;
    const auto until = after(after(soft_end, kill_), turn_bound);
    home_.waits().block(
        lock, changed_, [&] { return over() || soft_end_ != soft_end; }, until);
    late = soft_end_ == soft_end && home_.now() >= until;
  }
  if (!report_)
    home_.waits().block(
        lock, changed_, [this] { return report_.has_value(); }, after(home_.now(), last_turns));
}

void runtime_shutdown::report(shutdown_report what) {
  const std::lock_guard lock{mutex_};
  if (!report_)
    report_ = std::move(what);
  changed_.notify_all();
}

bool runtime_shutdown::has_report() {
  const std::lock_guard lock{mutex_};
  return report_.has_value();
}

void runtime_shutdown::note_system_over() {
  const std::lock_guard lock{mutex_};
  system_over_ = true;
  changed_.notify_all();
}

} // namespace taskactor::detail
