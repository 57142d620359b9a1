/// `manager_core`: where the parts of one manager find each other. `runtime` makes them, says here where each
/// is, and takes them apart.
///
///     what is asked of it and has rules of its own is elsewhere:
///     lifecycle/admission.hpp, status.hpp, requests.hpp, reports.hpp   threads/waits.hpp
///     capacity/limiter_changes.hpp
///
/// A part includes the headers of those others that it uses; it knows nothing of how it came to be.
/// Threads: any, for what isn't said to be the manager's.
#pragma once

#include "base/striped_count.hpp"
#include "lifecycle/attachment.hpp"
#include "lifecycle/callers.hpp"
#include "lifecycle/overruns.hpp"
#include "lifecycle/settings.hpp"

#include <taskactor/detail/context.hpp>
#include <taskactor/fwd.hpp>

#include <caf/actor.hpp>
#include <caf/actor_clock.hpp>
#include <caf/actor_system.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>

namespace caf {
class resumable;
}

namespace taskactor::detail {

class admission;
class batch_book;
class dependent_list;
class disposal;
class event_hub;
class fault_injector;
class limiter_queue;
class limiter_registry;
class notification_list;
class record_disposer;
class room;
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
  detail::room* room = nullptr;
  limiter_registry* limits = nullptr;
  notification_list* notifications = nullptr;
  dependent_list* dependents = nullptr;
  batch_book* batches = nullptr;
  detail::admission* admission = nullptr;
  detail::waits* waits = nullptr;
  stall_detector* watch = nullptr;
  run_queue* queue = nullptr;
  const caf::resumable* managers_turn = nullptr;
  fault_injector* decides = nullptr;
};

class manager_core {
public:
  manager_core(const manager_core&) = delete;
  manager_core& operator=(const manager_core&) = delete;

  caf::actor_system& system() const noexcept { return system_; }
  const settings& with() const noexcept { return settings_; }
  time_point now() const noexcept { return system_.clock().now(); }

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
  detail::room& room() const noexcept { return *parts_.room; }
  limiter_registry& limits() const noexcept { return *parts_.limits; }
  notification_list& notifications() const noexcept { return *parts_.notifications; }
  dependent_list& dependents() const noexcept { return *parts_.dependents; }
  batch_book& batches() const noexcept { return *parts_.batches; }
  detail::admission& admissions() const noexcept { return *parts_.admission; }
  detail::waits& waits() const noexcept { return *parts_.waits; }
  stall_detector* watch() const noexcept { return parts_.watch; } // null: nobody watches
  /// The scheduler's, if that is ours, else null; and what the manager is in it.
  run_queue* queue() const noexcept { return parts_.queue; }
  const caf::resumable* managers_turn() const noexcept { return parts_.managers_turn; }
  fault_injector* decides() const noexcept { return parts_.decides; } // null in production
  /// Before the first task.
  void set_fault_injector(fault_injector* decides) noexcept { parts_.decides = decides; }

  // -- the manager's published counts ---------------------------------------
  std::atomic<std::size_t> waiting{0}, set_aside{0}, running{0}, tokens_used{0}, capacity{0};
  overrun_counts overruns;
  striped_count items;
  /// Threads of supervised actors that are about to say something: a test's clock waits for them.
  std::atomic<std::size_t> busy_threads{0};
  detail::callers callers; // by handles, which may outlive the manager

  // -- what only its maker can do -------------------------------------------
  virtual caf::actor keep(caf::actor part) = 0;   // ended with the others when the manager is taken apart
  virtual bool has_part(caf::actor_id which) = 0; // one that is kept, or a dependent
  /// The manager's: all has ended, or the last stage is over.
  virtual void shut_down(shutdown_report report) = 0;
  virtual bool is_taken_apart() const noexcept = 0;
  virtual void api_over() noexcept = 0; // the API actor has ended
  virtual manager_statistics statistics() = 0;
  /// `make` is called once for each; they are stopped in reverse order of `which`.
  virtual attachment& attached(attachment_kind which,
                               const std::function<std::unique_ptr<attachment>()>& make)
      = 0;

protected:
  manager_core(caf::actor_system& system, settings with) : system_(system), settings_(std::move(with)) {}
  ~manager_core() = default;
  manager_parts& parts() noexcept { return parts_; }

private:
  caf::actor_system& system_;
  const settings settings_;
  manager_parts parts_;
};

} // namespace taskactor::detail
