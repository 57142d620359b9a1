#include "runtime.hpp"

#include "caf_adapter/compat_scheduler.hpp"
#include "caf_adapter/compat_watch.hpp"
#include "caf_adapter/own_system.hpp"
#include "caf_adapter/run_queue.hpp"
#include "capacity/limiter_actor.hpp"
#include "capacity/limiter_queue.hpp"
#include "events/hub.hpp"
#include "lifecycle/api_actor.hpp"
#include "lifecycle/manager_actor.hpp"
#include "lifecycle/settings.hpp"
#include "lifecycle/task_table.hpp"
#include "lifecycle/timers.hpp"
#include "threads/stall_detector.hpp"
#include "threads/thread_pool.hpp"

#include <taskactor/processors.hpp>

#include <caf/all.hpp>

#include <algorithm>
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
      own_parts_(*this, given, options, parts()) {
  // Before actors: without a thread for it there is no manager, and nothing to be ended yet.
  own_parts_.start_watch(*this, parts());
  auto& all = parts();
  const std::size_t capacities[] = {with().capacity, with().thread_capacity, with().process_capacity};
  caf::actor limiters[3];
  for (std::size_t kind = 0; kind < 3; ++kind)
    limiters[kind] = keep(used.spawn<limiter_actor, caf::hidden>(capacities[kind], std::optional<rate>{}));
  all.global_limiter = limiters[0];
  capacity = with().capacity;
  keep(sleepers().start());
  own_parts_.make_queues(*this, limiters[1], limiters[2], all);
  keep(thread_queue().start());
  keep(process_queue().start());
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

/// A kill ends it: then there is a new one.
caf::actor runtime::api() {
  const passing_through caller;
  return api_.get([this](const caf::actor& former) {
    actors_.forget(former);
    return keep(used.spawn<api_actor, caf::hidden>(*this));
  });
}

bool runtime::has_part(caf::actor_id which) { return actors_.has(which) || dependents().has(which); }

manager_statistics runtime::statistics() {
  manager_statistics result;
  table().add_to(result);
  result.waiting = waiting + set_aside;
  result.running = running;
  result.overrunning = overruns.now();
  result.overruns = overruns.ever();
  result.items = items.read();
  result.threads = threads().workers();
  result.events_dropped = events().dropped();
  result.global = {capacity, tokens_used, waiting};
  result.thread = thread_queue().statistics();
  result.process = process_queue().statistics();
  if (watch()) {
    const auto blocked = watch()->statistics();
    result.blocked_threads = blocked.now;
    result.blocks = blocked.ever;
    result.longest_block = blocked.longest;
  }
  attachments_.add_to(result);
  for (const auto* each : limits().all())
    result.limits.emplace(each->name, limiter_statistics{each->capacity, each->in_use, each->waiting});
  return result;
}

} // namespace detail
} // namespace taskactor
