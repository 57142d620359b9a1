// How a manager comes to its end: shut down, then taken apart, on the thread that destroys it or on another.
#include "base/memory.hpp"
#include "base/new_thread.hpp"
#include "caf_adapter/compat_threads.hpp"
#include "caf_adapter/compat_watch.hpp"
#include "caf_adapter/detached_job.hpp"
#include "capacity/limiter_queue.hpp"
#include "events/hub.hpp"
#include "lifecycle/batch_registry.hpp"
#include "lifecycle/task_table.hpp"
#include "lifecycle/timers.hpp"
#include "runtime.hpp"
#include "threads/disposal.hpp"
#include "threads/stall_detector.hpp"
#include "threads/thread_pool.hpp"

#include <taskactor/time_span.hpp>

#include <caf/all.hpp>

#include <thread>
#include <utility>

namespace taskactor::detail {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// How long users' destructors have when a manager is taken apart: the stages of the shutdown have waited for
/// them already.
constexpr milliseconds apart_bound{500};
/// Of an end that may take `turn_bound` each.
constexpr int steps = 4;

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
  if (which->shutdown_.is_system_over())
    return; // with the system all that could be ended is gone, as was said when it went
  which->disposed_ = true;
  try {
    if (which->waits().may_wait_here()) {
      const current_scope outside{nullptr, nullptr};
      which->finish();
    } else {
      which->shutdown_.begin({});
      which->finish_elsewhere();
    }
  } catch (const std::exception& e) {
    which->events().warn(std::string{"not taken apart: "} + e.what());
    which->attachments_.let_go();
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
    attachments_.let_go();
    if (take_apart()) {
      delete this;
      return;
    }
    std::string names;
    for (const auto& id : report.not_ended)
      names += (names.empty() ? ": " : ", ") + id;
    events().warn("left behind, with the actor system that it needs" + names);
  } catch (const std::exception& e) {
    attachments_.let_go();
    events().warn(std::string{"not taken apart: "} + e.what());
  }
}

/// After the shutdown: ends our actors in order. What can't be ended keeps the rest alive. Returns true if
/// all is over.
bool runtime::take_apart() {
  if (apart_.exchange(true) || !shutdown_.has_report()) // without one nobody runs them
    return false;
  const bool alone = dependents().see_off(*this, now()).empty();
  attachments_.stop();
  const bool ended = running == 0; // what the report left behind may have come to its end since
  const auto dispose
      = [this] { return disposals().stop(disposals().wait_idle(apart_bound) ? turn_bound : seconds{0}); };
  const auto stuck = threads().stop(ended ? turn_bound : seconds{0}) + dispose();
  const bool clean = alone && ended && stuck == 0; // if it isn't, nothing is gained by waiting
  const bool unwatched = !watch() || watch()->stop(clean ? turn_bound : seconds{0});
  events().stop(observers_bound);
  // Who has waited for a task that has ended is about to leave.
  const bool left = callers.wait(clean && unwatched ? turn_bound : seconds{0});
  if (!clean || !unwatched || !left)
    return false;
  actors_.ask_to_end();
  const auto bound = shutdown_.is_system_over() ? last_turns : milliseconds{turn_bound};
  if (!actors_.wait_over(waits(), waits().is_virtual() ? time_point::max() : after(now(), bound)))
    return false;
  if (dispose() != 0) // once more, for what actors have let go
    return false;
  thread_queue().stop();
  process_queue().stop();
  sleepers().stop();
  limits().clear();
  return true;
}

/// On a thread of the system's. Its destructor waits for all that is detached; what can end by itself of
/// that, is told to, since nobody can end it later.
void runtime::on_system_end() noexcept {
  shutdown_.note_system_over();
  attachments_.let_go();
  is_left_behind = true;
  attachments_.leave_behind();
  table().close(task_table::taken::none); // and with it no gather opens
  // Who sends to a channel tells a gather that watches it, which asks the system's clock then.
  once_there_is_memory([this] { batches().close_all(end_reason::shutdown, true); });
  (void)callers.wait(last_turns); // those who are waking a body just now, among them
  try {
    if (!disposed_)
      events().warn(
          "the actor system ends before the task manager that lives in it, which is left behind with "
          "all that waits or runs: let the manager end first");
    waiters().tell();
    (void)threads().stop(milliseconds{0});
    (void)disposals().stop(milliseconds{0});
    if (watch())
      (void)watch()->stop(milliseconds{0});
    events().stop(milliseconds{0});
  } catch (const std::exception&) { // NOLINT: no memory to say it
  }
}

} // namespace taskactor::detail
