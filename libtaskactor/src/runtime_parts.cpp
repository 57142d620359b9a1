#include "runtime_parts.hpp"

#include "caf_adapter/detached_job.hpp"
#include "capacity/limiter_queue.hpp"
#include "events/hub.hpp"
#include "lifecycle/reports.hpp"
#include "lifecycle/task_table.hpp"
#include "lifecycle/timers.hpp"
#include "threads/disposal.hpp"
#include "threads/stall_detector.hpp"
#include "threads/thread_pool.hpp"

#include <caf/all.hpp>

#include <utility>

namespace taskactor::detail {

runtime_parts::runtime_parts(manager_core& home, caf::actor_system* given, const manager_options& options,
                             manager_parts& where)
    : events_(std::make_shared<event_hub>(options.logger, home.with().log_level)),
      table_(std::make_unique<task_table>(home.with().max_queue, home.with().history)),
      timers_(std::make_shared<timers>(home.system())),
      threads_(std::make_shared<thread_pool>(given, home.with().thread_capacity)),
      disposals_(new disposal{given}),
      admission_(home),
      waits_(home) {
  where.events = events_.get();
  where.table = table_.get();
  where.sleepers = timers_.get();
  where.threads = threads_.get();
  where.disposals = disposals_.get();
  where.disposer = disposals_.get();
  where.waiters = &waiters_;
  where.limits = &limits_;
  where.notifications = &notifications_;
  where.dependents = &dependents_;
  where.batches = &batches_;
  where.admission = &admission_;
  where.waits = &waits_;
}

runtime_parts::~runtime_parts() = default;

void runtime_parts::start_watch(manager_core& home, manager_parts& where) {
  const auto bound = home.with().blocked_after;
  if (bound.count() == 0 || bound == no_timeout)
    return;
  watch_ = std::make_shared<stall_detector>(home, bound);
  where.watch = watch_.get();
  detached_job::start(home.system(), [&home, watch = watch_] {
    watch->serve([&home](const blocked_turn& turn) { report_blocked(home, turn); });
  });
}

void runtime_parts::make_queues(manager_core& home, caf::actor thread_limiter, caf::actor process_limiter,
                                manager_parts& where) {
  thread_queue_ = std::make_shared<limiter_queue>(home.system(), std::move(thread_limiter),
                                                  home.with().thread_capacity);
  process_queue_ = std::make_shared<limiter_queue>(home.system(), std::move(process_limiter),
                                                   home.with().process_capacity);
  where.thread_queue = thread_queue_.get();
  where.process_queue = process_queue_.get();
}

} // namespace taskactor::detail
