/// How a scheduler of ours, one queue for all its workers, gets into an actor system that is going to be
/// made: `install_scheduler<queue>(config)`. A policy that is chosen by then is left alone.
///
/// A queue has `push(job)`, `pop()`, which waits for a job, and `drain(f)`, for what is left when the workers
/// have gone. Any thread may push.
#pragma once

#include "caf_adapter/compat.hpp"
#include "caf_adapter/compat_threads.hpp"

#if TASKACTOR_CAF_0
#include <caf/policy/unprofiled.hpp>
#include <caf/scheduler/coordinator.hpp>
#include <caf/scoped_execution_unit.hpp>
#else
#include <caf/defaults.hpp>
#include <caf/detail/actor_system_access.hpp>
#include <caf/detail/cleanup_and_release.hpp>
#include <caf/thread_hook.hpp>
#include <caf/thread_owner.hpp>

#include <string>
#include <vector>
#endif

namespace taskactor::detail {

/// Runs what was taken from the queue, for so many messages at most.
template <class Queue>
void run_entry(Queue& queue, executor& here, caf::resumable* job, std::size_t at_once) {
  if (job->resume(&here, at_once) == caf::resumable::resume_later)
    queue.push(job);
  else
    caf::intrusive_ptr_release(job);
}

#if TASKACTOR_CAF_0

/// A policy for CAF's own workers. It knows an actor by its `subtype`, which light actors have for that.
template <class Queue>
class queue_policy : public caf::policy::unprofiled {
public:
  struct coordinator_data : Queue {
    explicit coordinator_data(caf::scheduler::abstract_coordinator*) {}
  };
  struct worker_data {
    explicit worker_data(caf::scheduler::abstract_coordinator*) {}
  };

  template <class Coordinator>
  void central_enqueue(Coordinator* self, caf::resumable* job) {
    d(self).push(job);
  }
  template <class Worker>
  void external_enqueue(Worker* self, caf::resumable* job) {
    d(self->parent()).push(job);
  }
  template <class Worker>
  void internal_enqueue(Worker* self, caf::resumable* job) {
    d(self->parent()).push(job);
  }
  template <class Worker>
  void resume_job_later(Worker* self, caf::resumable* job) {
    d(self->parent()).push(job);
  }
  /// Runs actors, and gives CAF's loop what is none: an order to go home. That loop looks for each job's id,
  /// to log with, by a dynamic cast: 400 instructions, where a task takes a few thousand in all.
  template <class Worker>
  caf::resumable* dequeue(Worker* self) {
    auto& queue = d(self->parent());
    for (;;) {
      auto* job = queue.pop();
      if (job->subtype() == caf::resumable::unspecified)
        return job;
      run_entry(queue, *self, job, self->max_throughput());
    }
  }
  template <class Worker, class F>
  void foreach_resumable(Worker*, F) {}
  template <class Coordinator, class F>
  void foreach_central_resumable(Coordinator* self, F f) {
    d(self).drain(f);
  }
};

/// The queue of this system's scheduler; null: it isn't one of ours.
template <class Queue>
Queue* queue_of(caf::actor_system& system) {
  auto* const ours = dynamic_cast<caf::scheduler::coordinator<queue_policy<Queue>>*>(&system.scheduler());
  return ours ? &ours->data() : nullptr;
}
/// On a thread that is no worker.
template <class Queue>
void run_entry_here(Queue& queue, caf::actor_system& system, caf::resumable* job, std::size_t at_once) {
  caf::scoped_execution_unit here{&system};
  run_entry(queue, here, job, at_once);
}

template <class Queue>
void install_scheduler(caf::actor_system_config& config) {
  config.module_factories.emplace_back([](caf::actor_system& system) -> caf::actor_system::module* {
    const auto policy = caf::get_if<caf::atom_value>(&system.config(), "scheduler.policy");
    const bool profiled = caf::get_or(system.config(), "scheduler.enable-profiling", false);
    if (policy || profiled)
      return chosen_scheduler(system, policy ? *policy : caf::atom("stealing"), profiled);
    return new caf::scheduler::coordinator<queue_policy<Queue>>{system};
  });
}

#else

/// CAF 1.x has no policies: this has workers of its own. An entry without a job sends a worker home.
template <class Queue>
class queue_scheduler final : public caf::scheduler {
public:
  explicit queue_scheduler(caf::actor_system& system) : system_(system) {}

  Queue& queue() noexcept { return queue_; }
  void schedule(caf::resumable* job) override { queue_.push(job); }
  void delay(caf::resumable* job) override { queue_.push(job); }
  void start() override {
    const auto& config = system_.config();
    const auto at_once = caf::get_or(config, "caf.scheduler.max-throughput", //
                                     caf::defaults::scheduler::max_throughput);
    const auto count = caf::get_or(config, "caf.scheduler.max-threads", // as many as CAF's own
                                   std::max<std::size_t>(std::thread::hardware_concurrency(), 4));
    for (std::size_t i = 0; i < count; ++i)
      workers_.push_back(system_.launch_thread("caf.worker", caf::thread_owner::scheduler,
                                               [this, at_once] { work(at_once); }));
  }
  void stop() override {
    for (std::size_t i = 0; i < workers_.size(); ++i)
      queue_.push(nullptr);
    for (auto& worker : workers_)
      worker.join();
    queue_.drain(caf::detail::cleanup_and_release);
  }

private:
  void work(std::size_t at_once) {
    while (auto* job = queue_.pop())
      run_entry(queue_, *this, job, at_once);
  }

  caf::actor_system& system_;
  Queue queue_;
  std::vector<std::thread> workers_;
};

/// A hook is called before a system starts any thread: the last time to give it parts of our own.
template <class Scheduler>
class scheduler_hook final : public caf::thread_hook {
public:
  void init(caf::actor_system& system) override {
    if (!caf::get_if<std::string>(&system.config(), "caf.scheduler.policy"))
      caf::detail::actor_system_access{system}.scheduler(std::make_unique<Scheduler>(system));
  }
  void thread_started(caf::thread_owner) override {}
  void thread_terminates() override {}
};

template <class Queue>
Queue* queue_of(caf::actor_system& system) {
  auto* const ours = dynamic_cast<queue_scheduler<Queue>*>(&system.scheduler());
  return ours ? &ours->queue() : nullptr;
}
template <class Queue>
void run_entry_here(Queue& queue, caf::actor_system& system, caf::resumable* job, std::size_t at_once) {
  run_entry(queue, system.scheduler(), job, at_once);
}

template <class Queue>
void install_scheduler(caf::actor_system_config& config) {
  config.add_thread_hook<scheduler_hook<queue_scheduler<Queue>>>();
}

#endif

/// The configuration of an actor system of our own. It is never parsed from files or arguments: CAF would
/// read `caf-application.ini` from the working directory.
inline void configure(caf::actor_system_config& config, std::size_t threads) {
  if (threads != 0)
#if TASKACTOR_CAF_0
    config.set("scheduler.max-threads", threads);
#else
    config.set("caf.scheduler.max-threads", threads);
#endif
}

/// CAF's own scheduler with one queue for all workers, its policy "sharing": what ours is compared with.
inline void share_one_queue(caf::actor_system_config& config) {
#if TASKACTOR_CAF_0
  config.set("scheduler.policy", caf::atom("sharing"));
#else
  config.set("caf.scheduler.policy", "sharing");
#endif
}

} // namespace taskactor::detail
