/// `part_directory`: where each part of one manager is. `runtime` makes them, says so here, and takes them
/// apart. Threads: any, once all is said.
#pragma once

#include <caf/actor.hpp>

namespace caf {
class resumable;
}

namespace taskactor::detail {

class admission;
class batch_registry;
class dependent_list;
class disposal;
class event_hub;
class fault_injector;
class limiter_queue;
class limiter_registry;
class notification_list;
class record_disposer;
class admission_waiters;
class run_queue;
class stall_detector;
class task_table;
class thread_pool;
class timers;
class waits;

/// Where each part is.
struct manager_parts {
  caf::actor manager;
  caf::actor global_limiter;
  task_table* table = nullptr;
  event_hub* events = nullptr;
  timers* sleepers = nullptr;
  limiter_queue* thread_queue = nullptr;
  limiter_queue* process_queue = nullptr;
  thread_pool* threads = nullptr;
  disposal* disposals = nullptr;
  record_disposer* disposer = nullptr; // the same one
  detail::admission_waiters* waiters = nullptr;
  limiter_registry* limits = nullptr;
  notification_list* notifications = nullptr;
  dependent_list* dependents = nullptr;
  batch_registry* batches = nullptr;
  detail::admission* admission = nullptr;
  detail::waits* waits = nullptr;
  stall_detector* watch = nullptr;
  run_queue* queue = nullptr;
  const caf::resumable* managers_turn = nullptr;
  fault_injector* decides = nullptr;
};

class part_directory {
public:
  const caf::actor& manager() const noexcept { return parts_.manager; }
  const caf::actor& global_limiter() const noexcept { return parts_.global_limiter; }
  task_table& table() const noexcept { return *parts_.table; }
  event_hub& events() const noexcept { return *parts_.events; }
  timers& sleepers() const noexcept { return *parts_.sleepers; }
  limiter_queue& thread_queue() const noexcept { return *parts_.thread_queue; }
  limiter_queue& process_queue() const noexcept { return *parts_.process_queue; }
  thread_pool& threads() const noexcept { return *parts_.threads; }
  disposal& disposals() const noexcept { return *parts_.disposals; }
  record_disposer& disposer() const noexcept { return *parts_.disposer; }
  detail::admission_waiters& waiters() const noexcept { return *parts_.waiters; }
  limiter_registry& limits() const noexcept { return *parts_.limits; }
  notification_list& notifications() const noexcept { return *parts_.notifications; }
  dependent_list& dependents() const noexcept { return *parts_.dependents; }
  batch_registry& batches() const noexcept { return *parts_.batches; }
  detail::admission& admissions() const noexcept { return *parts_.admission; }
  detail::waits& waits() const noexcept { return *parts_.waits; }
  stall_detector* watch() const noexcept { return parts_.watch; } // null: nobody watches
  /// The scheduler's, if that is ours, else null; and what the manager is in it.
  run_queue* queue() const noexcept { return parts_.queue; }
  const caf::resumable* managers_turn() const noexcept { return parts_.managers_turn; }
  fault_injector* decides() const noexcept { return parts_.decides; } // null in production
  /// Before the first task.
  void set_fault_injector(fault_injector* decides) noexcept { parts_.decides = decides; }

protected:
  part_directory() = default;
  ~part_directory() = default;
  manager_parts& parts() noexcept { return parts_; }

private:
  manager_parts parts_;
};

} // namespace taskactor::detail
