// How a manager comes to its end: shut down, then taken apart, on the thread that destroys it or on another.
#include "base/new_thread.hpp"
#include "caf_adapter/compat_threads.hpp"
#include "caf_adapter/compat_watch.hpp"
#include "caf_adapter/detached_job.hpp"
#include "capacity/limiter_queue.hpp"
#include "events/hub.hpp"
#include "lifecycle/manager_messages.hpp"
#include "lifecycle/task_table.hpp"
#include "lifecycle/timers.hpp"
#include "runtime.hpp"
#include "threads/disposal.hpp"
#include "threads/stall_detector.hpp"
#include "threads/thread_pool.hpp"

#include <taskactor/time_span.hpp>

#include <caf/all.hpp>

#include <algorithm>
#include <array>
#include <thread>
#include <utility>

namespace taskactor::detail {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// How long users' destructors have when a manager is taken apart: the stages of the shutdown have waited for
/// them already.
constexpr milliseconds apart_bound{500};
/// How long observers have to catch up with what they were told.
constexpr seconds observers_bound{2};
/// What our own actors may take for their turns beyond the stages of a shutdown, and to end, and threads that
/// run nobody's code to come to theirs: microseconds, on a machine that isn't busy. Beyond that nobody runs
/// them: the scheduler's threads are held, or have ended.
constexpr seconds turn_bound{10};
/// Of an end that may take so long each.
constexpr int steps = 4;
/// The same when the system has begun to end.
constexpr milliseconds last_turns{500};
/// Where time stands still: enough for whatever can run.
constexpr std::chrono::hours no_time{1};

/// Managers that end on a thread of the process's own: its static objects wait for them, or would be gone
/// under them.
class unattended {
public:
  static void start(std::function<void()> job) {
    static unattended all;
    {
      const std::lock_guard lock{all.mutex_};
      ++all.count_;
    }
    try {
      new_thread("the end of a manager", [job = std::move(job)] {
        job();
        all.ended();
      }).detach();
    } catch (...) {
      all.ended();
      throw;
    }
  }
  unattended(const unattended&) = delete;
  unattended& operator=(const unattended&) = delete;

private:
  unattended() = default;
  ~unattended() {
    std::unique_lock lock{mutex_};
    none_.wait_for(lock, steps * turn_bound, [this] { return count_ == 0; });
  }
  void ended() {
    const std::lock_guard lock{mutex_};
    --count_;
    none_.notify_all();
  }

  std::mutex mutex_; // what follows
  std::condition_variable none_;
  std::size_t count_ = 0;
};

} // namespace

runtime::~runtime() = default;

void runtime::dispose(runtime* which) noexcept {
  if (which->system_over_)
    return; // with the system all that could be ended is gone, as was said when it went
  which->disposed_ = true;
  try {
    if (which->waits_.may_wait_here()) {
      const current_scope outside{nullptr, nullptr};
      which->finish();
    } else {
      which->begin_shutdown({});
      which->finish_elsewhere();
    }
  } catch (const std::exception& e) {
    which->events_->warn(std::string{"not taken apart: "} + e.what());
    if (which->counted_)
      count_as_ended(which->used);
  }
}

void runtime::finish_elsewhere() {
  const auto job = [this] { finish(); };
  if (owned)
    unattended::start(job); // not one of the system's, which it destroys
  else
    detached_job::start(used, job, true);
}

/// It is gone then, or left behind.
void runtime::finish() noexcept {
  auto* const counts = counted_ ? &used : nullptr;
  end();
  if (counts)
    count_as_ended(*counts);
}

void runtime::end() noexcept {
  try {
    const auto report = shutdown({});
    take_apart();
    if (clean_) {
      delete this;
      return;
    }
    std::string names;
    for (const auto& id : report.not_ended)
      names += (names.empty() ? ": " : ", ") + id;
    events_->warn("left behind, with the actor system that it needs" + names);
  } catch (const std::exception& e) {
    events_->warn(std::string{"not taken apart: "} + e.what());
  }
}

// -- shutdown ---------------------------------------------------------------

shutdown_report runtime::shutdown(shutdown_options bounds) {
  for (const auto& wrong : {check_duration("drain", bounds.drain), check_duration("cancel", bounds.cancel),
                            check_duration("kill", bounds.kill)})
    if (wrong)
      throw_rejection(*wrong);
  const auto soft_end = after(after(now(), bounds.drain), bounds.cancel);
  std::unique_lock lock{mutex_};
  if (!report_) {
    refuse_inside_coroutine(); // before anything has begun
    lock.unlock();
    begin_shutdown(bounds);
    lock.lock();
    wait_for_report(lock, bounds);
  }
  const bool told = report_.has_value();
  auto report = report_.value_or(shutdown_report{});
  lock.unlock();
  if (!told) { // nobody runs the manager
    for (const auto& task : table_->live())
      report.not_ended.push_back(task->current_id());
    return report;
  }
  see_off_disposals(report, bounds.kill);
  for (auto& service : dependents_.see_off(*this, soft_end, bounds.kill))
    if (std::find(report.not_ended.begin(), report.not_ended.end(), service) == report.not_ended.end())
      report.not_ended.push_back(std::move(service)); // a service that is a task is there already
  return report;
}

/// What was the users' is gone when the shutdown is over; whose isn't, still runs.
void runtime::see_off_disposals(shutdown_report& report, std::chrono::nanoseconds bound) {
  constexpr std::chrono::nanoseconds least
      = milliseconds{100}; // for what is harmless, and has been queued just now
  if (disposals_->wait_idle(std::clamp<std::chrono::nanoseconds>(bound, least, observers_bound)))
    return;
  for (auto& id : disposals_->busy_with())
    if (std::find(report.not_ended.begin(), report.not_ended.end(), id) == report.not_ended.end())
      report.not_ended.push_back(std::move(id));
}

void runtime::begin_shutdown(const shutdown_options& bounds) {
  dependents_.ask_to_leave();
  table_->close(task_table::taken::begun);
  post(manager(), detail::stop{bounds});
  room_.tell();
}

void runtime::wait_for_report(std::unique_lock<std::mutex>& lock, shutdown_options bounds) {
  const auto over = [this] { return report_ || system_over_; };
  if (waits_.is_virtual()) {
    waits_.block(lock, ended_, over);
  } else if (waits_.is_run_by_hand()) { // what would have to wait for time to pass, is hurried up
    for (auto* const stage : {&bounds.drain, &bounds.cancel, &bounds.kill}) {
      waits_.block(lock, ended_, over, after(now(), no_time));
      if (over())
        break;
      *stage = {};
      lock.unlock();
      post(manager(), detail::stop{bounds});
      lock.lock();
    }
    waits_.block(lock, ended_, over, after(now(), no_time));
  } else {
    auto until = now();
    for (const auto& time : {bounds.drain, bounds.cancel, bounds.kill, time_span{turn_bound}})
      until = after(until, time);
    waits_.block(lock, ended_, over, until);
    if (!report_)
      waits_.block(
          lock, ended_, [this] { return report_.has_value(); }, after(now(), last_turns));
  }
}

void runtime::shut_down(shutdown_report report) {
  const std::lock_guard lock{mutex_};
  if (!report_)
    report_ = std::move(report);
  ended_.notify_all();
}

/// After the shutdown: ends our actors in order. What can't be ended keeps the rest alive.
void runtime::take_apart() {
  if (apart_.exchange(true))
    return;
  {
    const std::lock_guard lock{mutex_};
    if (!report_)
      return; // nobody runs them
  }
  const bool alone = dependents_.see_off(*this, now()).empty();
  for (auto each = attachments_.rbegin(); each != attachments_.rend(); ++each)
    if (*each)
      (*each)->stop();
  const bool ended = running == 0; // what the report left behind may have come to its end since
  const auto dispose
      = [this] { return disposals_->stop(disposals_->wait_idle(apart_bound) ? turn_bound : seconds{0}); };
  const auto stuck = threads_->stop(ended ? turn_bound : seconds{0}) + dispose();
  const bool clean = alone && ended && stuck == 0; // if it isn't, nothing is gained by waiting
  const bool unwatched = !watch_ || watch_->stop(clean ? turn_bound : seconds{0});
  events_->stop(observers_bound);
  // Who has waited for a task that has ended is about to leave.
  const bool left = callers.wait(clean && unwatched ? turn_bound : seconds{0});
  if (!clean || !unwatched || !left)
    return;
  for (auto part = kept_.rbegin(); part != kept_.rend(); ++part)
    caf::anon_send_exit(*part, caf::exit_reason::user_shutdown);
  std::unique_lock lock{mutex_};
  waits_.block(
      lock, ended_, [this] { return alive_ == 0; },
      waits_.is_virtual() ? time_point::max()
                          : after(now(), system_over_ ? last_turns : milliseconds{turn_bound}));
  clean_ = alive_ == 0 && dispose() == 0; // once more, for what actors have let go
  if (!clean_)
    return;
  thread_queue_->stop();
  process_queue_->stop();
  timers_->stop();
  limits_.clear();
}

/// On a thread of the system's. Its destructor waits for all that is detached; what can end by itself of
/// that, is told to, since nobody can end it later.
void runtime::on_system_end() noexcept {
  {
    const std::lock_guard lock{mutex_};
    system_over_ = true;
    ended_.notify_all();
  }
  try {
    if (!disposed_)
      events_->warn(
          "the actor system ends before the task manager that lives in it, which is left behind with "
          "all that waits or runs: let the manager end first");
    table_->close(task_table::taken::none);
    room_.tell();
    (void)threads_->stop(milliseconds{0});
    (void)disposals_->stop(milliseconds{0});
    if (watch_)
      (void)watch_->stop(milliseconds{0});
    events_->stop(milliseconds{0});
  } catch (const std::exception&) { // NOLINT: no memory to say it
  }
}

} // namespace taskactor::detail
