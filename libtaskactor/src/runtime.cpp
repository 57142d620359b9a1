#include "runtime.hpp"

#include "caf_adapter/compat_ending.hpp"
#include "caf_adapter/compat_scheduler.hpp"
#include "caf_adapter/compat_watch.hpp"
#include "caf_adapter/detached_job.hpp"
#include "caf_adapter/own_system.hpp"
#include "caf_adapter/run_queue.hpp"
#include "capacity/limiter_actor.hpp"
#include "capacity/limiter_queue.hpp"
#include "events/hub.hpp"
#include "lifecycle/api_actor.hpp"
#include "lifecycle/manager_actor.hpp"
#include "lifecycle/reports.hpp"
#include "lifecycle/settings.hpp"
#include "lifecycle/task_table.hpp"
#include "lifecycle/timers.hpp"
#include "threads/disposal.hpp"
#include "threads/stall_detector.hpp"
#include "threads/thread_pool.hpp"

#include <taskactor/processors.hpp>

#include <caf/all.hpp>

#include <algorithm>
#include <thread>
#include <utility>

namespace taskactor {

std::string_view to_string(limiter_kind kind) noexcept {
  switch (kind) {
  case limiter_kind::global:
    return "global";
  case limiter_kind::thread:
    return "thread";
  case limiter_kind::process:
    return "process";
  }
  return "?";
}

namespace detail {

namespace {

std::unique_ptr<caf::actor_system_config> own_config(std::size_t threads) {
  register_taskactor();
  register_taskactor_public();
  auto config = std::make_unique<caf::actor_system_config>();
  configure(*config, threads);
  install_scheduler(*config);
  return config;
}

/// As CAF has it, which counts processors that it may not use.
std::size_t workers_of(const manager_options& options) {
  constexpr std::size_t least = 4;
  return options.scheduler_threads != 0 ? options.scheduler_threads
                                        : std::max<std::size_t>(usable_processors(), least);
}

} // namespace

void install_scheduler(caf::actor_system_config& config) { install_scheduler<run_queue>(config); }

runtime_system::runtime_system(caf::actor_system* given, const manager_options& options)
    : resolved(resolve(options, usable_processors())),
      config(given ? nullptr : own_config(workers_of(options))),
      owned(given ? nullptr : make_system(*config, workers_of(options), "the scheduler of a task manager")),
      used(given ? *given : *owned) {}

runtime::runtime(caf::actor_system* given, manager_options options)
    : runtime_system(given, options),
      manager_core(used, std::move(resolved)),
      events_(std::make_shared<event_hub>(std::move(options.logger), with().log_level)),
      table_(std::make_unique<task_table>(with().max_queue, with().history, with().history_ttl)),
      timers_(std::make_shared<timers>(used)),
      threads_(std::make_shared<thread_pool>(given, with().thread_capacity)),
      disposals_(new disposal{given}) {
  auto& all = parts();
  all.events = events_.get();
  all.table = table_.get();
  all.sleepers = timers_.get();
  all.threads = threads_.get();
  all.disposals = disposals_.get();
  all.disposer = disposals_.get();
  all.room = &room_;
  all.limits = &limits_;
  all.notifications = &notifications_;
  all.dependents = &dependents_;
  all.batches = &batches_;
  all.admission = &admission_;
  all.waits = &waits_;
  start_watch(); // before actors: without a thread for it there is no manager, and nothing to be ended yet
  const std::size_t capacities[] = {with().capacity, with().thread_capacity, with().process_capacity};
  caf::actor limiters[3];
  for (std::size_t kind = 0; kind < 3; ++kind)
    limiters[kind] = keep(used.spawn<limiter_actor, caf::hidden>(capacities[kind], std::optional<rate>{}));
  all.global_limiter = limiters[0];
  capacity = with().capacity;
  keep(timers_->start());
  thread_queue_ = std::make_shared<limiter_queue>(used, limiters[1], capacities[1]);
  process_queue_ = std::make_shared<limiter_queue>(used, limiters[2], capacities[2]);
  all.thread_queue = thread_queue_.get();
  all.process_queue = process_queue_.get();
  keep(thread_queue_->start());
  keep(process_queue_->start());
  all.manager = keep(used.spawn<manager_actor, caf::hidden>(*this, limiters[0]));
  all.queue = queue_of<run_queue>(used);
  all.managers_turn = static_cast<manager_actor*>(caf::actor_cast<caf::abstract_actor*>(all.manager));
  if (owned)
    return;
  counted_ = on_scheduler_thread(used);
  if (counted_)
    count_as_running(used);
  system_watch_ = std::make_unique<actor_watch>(first_to_end(used), [this](auto&) { on_system_end(); });
}

void runtime::start_watch() {
  if (with().blocked_after.count() == 0 || with().blocked_after == no_timeout)
    return;
  watch_ = std::make_shared<stall_detector>(*this, with().blocked_after);
  parts().watch = watch_.get();
  detached_job::start(system(), [this, watch = watch_] {
    watch->serve([this](const blocked_turn& turn) { report_blocked(*this, turn); });
  });
}

/// A kill ends it: then there is a new one.
caf::actor runtime::api() {
  const passing_through caller;
  const std::lock_guard lock{api_mutex_};
  if (!api_ || api_over_.exchange(false)) {
    {
      const std::lock_guard inner{mutex_};
      std::erase(kept_, api_);
    }
    api_ = keep(used.spawn<api_actor, caf::hidden>(*this));
  }
  return api_;
}

bool runtime::has_part(caf::actor_id which) {
  const std::lock_guard lock{mutex_};
  return std::any_of(kept_.begin(), kept_.end(), [which](const auto& each) { return each.id() == which; })
         || dependents_.has(which);
}

/// Our actors are hidden from the system's count, which can't be waited for in a system of the user's: we
/// count.
caf::actor runtime::keep(caf::actor part) {
  {
    const std::lock_guard lock{mutex_};
    kept_.push_back(part);
    ++alive_;
  }
  when_over(part, [this] {
    const std::lock_guard lock{mutex_};
    --alive_;
    ended_.notify_all();
  });
  return part;
}

void runtime::resize(limiter_kind which, std::size_t to) {
  const auto one_at_a_time = limits_.lock_changes();
  switch (which) {
  case limiter_kind::global:
    capacity = to;
    post(global_limiter(), resize_limiter{to});
    post(manager(), limiter_resized{nullptr});
    break;
  case limiter_kind::thread:
    threads_->resize(to);
    thread_queue_->resize(to);
    break;
  case limiter_kind::process:
    process_queue_->resize(to);
    break;
  }
}

manager_statistics runtime::statistics() {
  manager_statistics result;
  table_->add_to(result);
  result.waiting = waiting + set_aside;
  result.running = running;
  result.overrunning = overrunning;
  result.overruns = overruns + young_overruns;
  result.items = items.read();
  result.threads = threads_->workers();
  result.events_dropped = events_->dropped();
  result.global = {capacity, tokens_used, waiting};
  result.thread = thread_queue_->statistics();
  result.process = process_queue_->statistics();
  if (watch_) {
    const auto blocked = watch_->statistics();
    result.blocked_threads = blocked.now;
    result.blocks = blocked.ever;
    result.longest_block = blocked.longest;
  }
  {
    const std::lock_guard lock{mutex_};
    for (const auto& each : attachments_)
      if (each)
        each->add_to(result);
  }
  for (const auto* each : limits_.all())
    result.limits.emplace(each->name, limiter_statistics{each->capacity, each->in_use, each->waiting});
  return result;
}

attachment& runtime::attached(attachment_kind which,
                              const std::function<std::unique_ptr<attachment>()>& make) {
  const std::lock_guard lock{mutex_};
  auto& place = attachments_[static_cast<std::size_t>(which)];
  if (!place)
    place = make();
  return *place;
}

} // namespace detail
} // namespace taskactor
