/// The parts of a manager that aren't actors: made in order, and destroyed in reverse. They are found by
/// `manager_core` alone, as `manager_parts` says where they are; who looks for one doesn't come here.
#pragma once

#include "capacity/named_limiter.hpp"
#include "lifecycle/admission.hpp"
#include "lifecycle/admission_waiters.hpp"
#include "lifecycle/batch_registry.hpp"
#include "lifecycle/dependent_list.hpp"
#include "lifecycle/manager_core.hpp"
#include "lifecycle/notification_list.hpp"
#include "threads/waits.hpp"

#include <taskactor/manager_options.hpp>

#include <memory>

namespace taskactor::detail {

class runtime_parts {
public:
  /// Notes where each is. `given`: the user's actor system, if the manager lives in one.
  runtime_parts(manager_core& home, caf::actor_system* given, const manager_options& options,
                manager_parts& where);
  ~runtime_parts();
  /// The watch over bodies that hold a thread, if one is wanted. Errors: `std::system_error`, if there is no
  /// thread for it.
  void start_watch(manager_core& home, manager_parts& where);
  /// The pools' queues, without their actors yet.
  void make_queues(manager_core& home, caf::actor thread_limiter, caf::actor process_limiter,
                   manager_parts& where);

private:
  std::shared_ptr<event_hub> events_;
  std::unique_ptr<task_table> table_;
  notification_list notifications_;
  std::shared_ptr<timers> timers_;
  std::shared_ptr<stall_detector> watch_;
  limiter_registry limits_;
  std::shared_ptr<limiter_queue> thread_queue_, process_queue_;
  std::shared_ptr<thread_pool> threads_;
  ref<disposal> disposals_;
  dependent_list dependents_;
  batch_registry batches_;
  detail::admission_waiters waiters_;
  detail::admission admission_;
  detail::waits waits_;
};

} // namespace taskactor::detail
