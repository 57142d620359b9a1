#include "runtime.hpp"

#include "caf_adapter/compat_scheduler.hpp"
#include "caf_adapter/compat_watch.hpp"
#include "caf_adapter/detached_job.hpp"
#include "caf_adapter/own_system.hpp"
#include "caf_adapter/run_queue.hpp"
#include "capacity/limiter_actor.hpp"
#include "lifecycle/api_actor.hpp"
#include "lifecycle/manager_actor.hpp"

#include <taskactor/detail/admit.hpp>
#include <taskactor/processors.hpp>
#include <taskactor/retry.hpp>
#include <taskactor/sleep.hpp>

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

runtime::runtime(caf::actor_system* system, manager_options options)
    : settings_(resolve(options, usable_processors())),
      config_(system ? nullptr : own_config(workers_of(options))),
      owned_(system ? nullptr
                    : make_system(*config_, workers_of(options), "the scheduler of a task manager")),
      system_(system ? system : owned_.get()),
      events_(std::make_shared<event_hub>(std::move(options.logger), settings_.log_level)),
      table_(std::make_unique<task_table>(settings_.max_queue, settings_.history, settings_.history_ttl)),
      timers_(std::make_shared<timers>(*system_)),
      threads_(std::make_shared<thread_pool>(system, settings_.thread_capacity)),
      disposals_(new disposal{system}),
      spins_(usable_processors()),
      by_hand_(detail::is_run_by_hand(*system_)) {
  start_watch(); // first: without a thread for it there is no manager, and nothing to be ended yet
  const std::size_t capacities[]
      = {settings_.capacity, settings_.thread_capacity, settings_.process_capacity};
  for (std::size_t kind = 0; kind < 3; ++kind)
    limiters_[kind]
        = keep(system_->spawn<limiter_actor, caf::hidden>(capacities[kind], std::optional<rate>{}));
  capacity = settings_.capacity;
  keep(timers_->start());
  thread_queue_ = std::make_shared<limiter_queue>(*system_, limiters_[1], capacities[1]);
  process_queue_ = std::make_shared<limiter_queue>(*system_, limiters_[2], capacities[2]);
  keep(thread_queue_->start());
  keep(process_queue_->start());
  manager_ = keep(system_->spawn<manager_actor, caf::hidden>(*this, limiters_[0]));
  queue_ = queue_of<run_queue>(*system_);
  managers_turn_ = static_cast<manager_actor*>(caf::actor_cast<caf::abstract_actor*>(manager_));
  if (owned_)
    return;
  counted_ = on_scheduler_thread(*system_);
  if (counted_)
    count_as_running(*system_);
  system_watch_ = std::make_unique<actor_watch>(first_to_end(*system_), [this](auto&) { on_system_end(); });
}

void runtime::start_watch() {
  if (settings_.blocked_after.count() == 0 || settings_.blocked_after == no_timeout)
    return;
  watch_ = std::make_shared<stall_detector>(*this, settings_.blocked_after);
  detached_job::start(*system_, [this, watch = watch_] {
    watch->serve([this](const blocked_turn& turn) { report_blocked(turn); });
  });
}

/// A kill ends it: then there is a new one.
caf::actor runtime::api() {
  const passing_through caller;
  const std::lock_guard lock{api_mutex_};
  if (!api_ || api_over_.exchange(false)) {
    {
      const std::lock_guard inner{mutex_};
      std::erase(parts_, api_);
    }
    api_ = keep(system_->spawn<api_actor, caf::hidden>(*this));
  }
  return api_;
}

/// Our actors are hidden from the system's count, which can't be waited for in a system of the user's: we
/// count.
caf::actor runtime::keep(caf::actor part) {
  {
    const std::lock_guard lock{mutex_};
    parts_.push_back(part);
    ++alive_;
  }
  part->attach_functor([this] {
    const std::lock_guard lock{mutex_};
    --alive_;
    ended_.notify_all();
  });
  return part;
}

bool runtime::admit_slot(ref<record> slot) {
  const auto tell = table_->admit_slot(std::move(slot));
  if (tell.value_or(false))
    post(manager_, work_admitted{});
  return tell.has_value();
}

void runtime::tell(record& task, std::uint8_t what) noexcept {
  if (notifications_.push(task, what))
    post(manager_, bodies_told{});
}

cancel_reply runtime::cancel(record& task, end_reason why) {
  auto mail = make_mail(nullptr, end_task{ref<record>{&task}, why}); // before anything is changed
  const auto reply = table_->cancel(task, why);
  if (reply == cancel_reply::requested) {
    post_made(manager_, std::move(mail));
    tell_room(); // it may be a child that waits to be admitted
  }
  return reply;
}

void runtime::kill(record& task) { post(manager_, exit_received{ref<record>{&task}, true}); }

void runtime::resize(limiter_kind which, std::size_t to) {
  const auto one_at_a_time = limits_.lock_changes();
  switch (which) {
  case limiter_kind::global:
    capacity = to;
    post(limiters_[0], resize_limiter{to});
    post(manager_, limiter_resized{nullptr});
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
    if (attachment_)
      attachment_->add_to(result);
  }
  for (const auto* each : limits_.all())
    result.limits.emplace(each->name, limiter_statistics{each->capacity, each->in_use, each->waiting});
  return result;
}

std::chrono::nanoseconds runtime::random_below(std::chrono::nanoseconds limit) {
  if (!fault_injector_ || limit.count() <= 0)
    return detail::random_below(limit);
  return std::chrono::nanoseconds{fault_injector_->draw(static_cast<std::uint64_t>(limit.count()))};
}

std::string runtime::next_gather_id() { return "gather-" + std::to_string(++gathers_); }

attachment& runtime::attached(const std::function<std::unique_ptr<attachment>(caf::actor_system&)>& make) {
  const std::lock_guard lock{mutex_};
  if (!attachment_)
    attachment_ = make(*system_);
  return *attachment_;
}

// -- reports ----------------------------------------------------------------

void runtime::report(event_kind kind, const record& task, const std::string& text) {
  if (!events_->wants(kind))
    return;
  event what;
  what.kind = kind;
  what.id = task.current_id();
  what.at = now();
  if (const auto started = task.started_at.load(std::memory_order_relaxed))
    what.ran = what.at - time_point{clock::duration{started}};
  what.text = text;
  events_->emit(what);
}

void runtime::report_progress(const record& task, std::uint64_t done, std::uint64_t total, std::string text) {
  if (!events_->wants(event_kind::progress))
    return;
  event what;
  what.kind = event_kind::progress;
  what.id = task.current_id();
  what.at = now();
  what.text = std::move(text);
  what.done = done;
  what.total = total;
  events_->emit(what);
}

void runtime::report_cleanup_fault(const record& task, const std::exception_ptr& thrown) noexcept {
  try {
    report(event_kind::cleanup_fault, task, describe(thrown));
  } catch (...) { // no memory to report it
  }
}

void runtime::report_blocked(const blocked_turn& turn) {
  if (!events_->wants(event_kind::blocking))
    return;
  event what;
  what.kind = event_kind::blocking;
  what.id = turn.id;
  what.at = now();
  what.ran = turn.held;
  what.text = "call what blocks by run_in_thread, and let a long computation co_await yield() now and then";
  events_->emit(what);
}

} // namespace detail
} // namespace taskactor
