/// The queue of task actors that can run, and the job that runs them on CAF's scheduler.
///
/// A task actor for each of ten thousand empty tasks a second passed through the scheduler's own queue means
/// a lock, an allocation and often the wake-up of a sleeping thread each. Here a runner (this object,
/// enqueued once for each worker that is to run tasks) takes one task after the other. Rules:
///
///     1. A runner that is about to look at the queue is a looker. Who pushes a task activates a runner only
///     when
///        there is no looker, and fewer runners than workers.
///     2. Before a runner enters a body while more tasks wait, it makes sure that there is another looker: a
///     body that
///        computes for long, or never returns, holds up nobody as long as a worker is left.
///     3. When a task's end makes the manager ready, the runner resumes the manager itself before the next
///     body.
///     4. A runner that finds nothing looks on for some microseconds, at the table's new admissions too,
///     before it
///        lets its thread sleep: waking a thread costs more than that.
///     5. After a slice of time a runner goes to the end of the scheduler's queue: other actors have their
///     turn.
#pragma once

#include "short_mutex.hpp"

#include <caf/actor.hpp>
#include <caf/execution_unit.hpp>
#include <caf/ref_counted.hpp>
#include <caf/resumable.hpp>

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>

namespace taskactor::detail {

class runtime;
class task_actor;

class run_queue final : public caf::ref_counted, public caf::resumable {
public:
  run_queue(runtime& home, std::size_t workers) : home_(home), workers_(workers) {}

  /// Queues a task, with a reference that the queue takes over. From any thread.
  void push(task_actor* task, caf::execution_unit* unit);
  /// No runner looks on any more. The last one to leave does so under `guard`, and tells `left`: who sees
  /// under that mutex that none is `active` may destroy all.
  void stop(std::mutex& guard, std::condition_variable& left);
  bool active() const;

  resume_result resume(caf::execution_unit* unit, std::size_t) override;
  void intrusive_ptr_add_ref_impl() override { ref(); }
  void intrusive_ptr_release_impl() override { deref(); }

private:
  task_actor* pop(caf::execution_unit* unit);
  void back_from_body();
  bool look_on(caf::execution_unit* unit);
  void run(task_actor* task, caf::execution_unit* unit);
  bool leave();
  void activate(caf::execution_unit* unit);

  runtime& home_;
  const std::size_t workers_;
  std::atomic<std::size_t> waiting_{0};
  mutable short_mutex mutex_; // what follows
  std::deque<task_actor*> queue_;
  std::size_t active_ = 0;
  std::size_t lookers_ = 0;
  bool looking_on_ = false;
  std::atomic<bool> stopping_{false};
  std::mutex* guard_ = nullptr;
  std::condition_variable* left_ = nullptr;
};

} // namespace taskactor::detail
