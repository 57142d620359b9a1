#include "runtime.hpp"

#include "../caf_compat_scheduler.hpp"
#include "desk_actor.hpp"
#include "detached_job.hpp"
#include "limiter_actor.hpp"
#include "manager_actor.hpp"
#include "run_queue.hpp"

#include <taskactor/run/admit.hpp>
#include <taskactor/task/retry.hpp>
#include <taskactor/task/sleep.hpp>

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

/// How long threads have to come to their end when a manager is taken apart: those that are
/// idle need microseconds, and for what is busy the stages of the shutdown have waited already.
constexpr std::chrono::milliseconds apart_bound{500};
/// How long observers have to catch up with what they were told.
constexpr std::chrono::seconds observers_bound{2};

std::unique_ptr<caf::actor_system_config> own_config(std::size_t threads) {
  register_taskactor();
  register_taskactor_public();
  auto config = std::make_unique<caf::actor_system_config>();
  configure(*config, threads);
  install_scheduler(*config);
  return config;
}

} // namespace

void install_scheduler(caf::actor_system_config& config) { install_scheduler<run_queue>(config); }

runtime::runtime(caf::actor_system* system, manager_options options)
    : settings_(resolve(options, std::max(1u, std::thread::hardware_concurrency()))),
      config_(system ? nullptr : own_config(options.scheduler_threads)),
      owned_(system ? nullptr : std::make_unique<caf::actor_system>(*config_)),
      system_(system ? system : owned_.get()),
      events_(std::make_shared<event_hub>(std::move(options.logger))),
      table_(std::make_unique<task_table>(settings_.max_queue, settings_.history, settings_.history_ttl)),
      timers_(std::make_shared<timers>(*system_)),
      threads_(std::make_shared<thread_pool>(*system_, settings_.thread_capacity)) {
  const std::size_t capacities[]
      = {settings_.capacity, settings_.thread_capacity, settings_.process_capacity};
  for (std::size_t kind = 0; kind < 3; ++kind)
    limiters_[kind]
        = keep(system_->spawn<limiter_actor, caf::hidden>(capacities[kind], std::optional<rate>{}));
  capacity = settings_.capacity;
  keep(timers_->start());
  thread_gate_ = std::make_shared<token_gate>(*system_, limiters_[1], capacities[1]);
  process_gate_ = std::make_shared<token_gate>(*system_, limiters_[2], capacities[2]);
  keep(thread_gate_->start());
  keep(process_gate_->start());
  start_watch();
  manager_ = keep(system_->spawn<manager_actor, caf::hidden>(*this, limiters_[0]));
  queue_ = queue_of<run_queue>(*system_);
  managers_turn_ = static_cast<manager_actor*>(caf::actor_cast<caf::abstract_actor*>(manager_));
}

void runtime::start_watch() {
  if (settings_.blocked_after.count() == 0 || settings_.blocked_after == no_timeout)
    return;
  watch_ = std::make_shared<blocked_watch>(*this, settings_.blocked_after);
  detached_job::start(*system_, [this, watch = watch_] {
    watch->serve([this](const blocked_turn& turn) { report_blocked(turn); });
  });
}

caf::actor runtime::desk() {
  std::call_once(desk_made_, [this] {
    const passing_through caller;
    desk_ = keep(system_->spawn<desk_actor, caf::hidden>(*this));
  });
  return desk_;
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

runtime::~runtime() = default;

void runtime::dispose(runtime* which) noexcept {
  try {
    const auto report = which->shutdown({});
    which->take_apart();
    if (which->clean_) {
      delete which;
      return;
    }
    std::string names;
    for (const auto& id : report.not_ended)
      names += (names.empty() ? ": " : ", ") + id;
    which->events_->warn("left behind, with the actor system that it needs" + names);
  } catch (const std::exception& e) {
    which->events_->warn(std::string{"not taken apart: "} + e.what());
  }
}

bool runtime::admit_lane(ref<record> lane) {
  const auto tell = table_->admit_lane(std::move(lane));
  if (tell.value_or(false))
    post(manager_, work_admitted{});
  return tell.has_value();
}

void runtime::tell(record& task, std::uint8_t what) noexcept {
  if (news_.push(task, what))
    post(manager_, bodies_told{});
}

cancel_reply runtime::cancel(record& task, end_reason why) {
  const auto reply = table_->cancel(task, why);
  if (reply == cancel_reply::requested)
    post(manager_, end_task{ref<record>{&task}, why});
  return reply;
}

void runtime::kill(record& task) { post(manager_, exit_received{ref<record>{&task}, true}); }

void runtime::resize(limiter_kind which, std::size_t to) {
  switch (which) {
  case limiter_kind::global:
    capacity = to;
    post(limiters_[0], resize_limiter{to});
    break;
  case limiter_kind::thread:
    threads_->resize(to);
    thread_gate_->resize(to);
    break;
  case limiter_kind::process:
    process_gate_->resize(to);
    break;
  }
}

manager_statistics runtime::statistics() {
  manager_statistics result;
  table_->add_to(result);
  result.waiting = waiting;
  result.running = running;
  result.overrunning = overrunning;
  result.overruns = overruns + young_overruns;
  result.items = items.read();
  result.threads = threads_->workers();
  result.events_dropped = events_->dropped();
  result.global = {capacity, tokens_used, waiting};
  result.thread = thread_gate_->statistics();
  result.process = process_gate_->statistics();
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
  if (!fate_ || limit.count() <= 0)
    return detail::random_below(limit);
  return std::chrono::nanoseconds{fate_->draw(static_cast<std::uint64_t>(limit.count()))};
}

std::string runtime::next_gather_id() { return "gather-" + std::to_string(++gathers_); }

attachment& runtime::attached(const std::function<std::unique_ptr<attachment>(caf::actor_system&)>& make) {
  const std::lock_guard lock{mutex_};
  if (!attachment_)
    attachment_ = make(*system_);
  return *attachment_;
}

// -- shutdown
// ----------------------------------------------------------------------------------------------------------

shutdown_report runtime::shutdown(shutdown_options bounds) {
  for (const auto& wrong : {check_duration("drain", bounds.drain), check_duration("cancel", bounds.cancel),
                            check_duration("kill", bounds.kill)})
    if (wrong)
      throw_rejection(*wrong);
  const auto soft_end = after(after(now(), bounds.drain), bounds.cancel);
  std::unique_lock lock{mutex_};
  if (!report_) {
    refuse_inside_coroutine(); // before anything has begun
    lock.unlock();
    guests_.ask_to_leave();
    table_->close(task_table::taken::begun);
    post(manager_, detail::stop{bounds});
    tell_room();
    lock.lock();
    block(lock, ended_, [this] { return report_.has_value(); });
  }
  auto report = *report_;
  lock.unlock();
  for (auto& service : guests_.see_off(*this, soft_end, bounds.kill))
    if (std::find(report.not_ended.begin(), report.not_ended.end(), service) == report.not_ended.end())
      report.not_ended.push_back(std::move(service)); // a service that is a task is there already
  return report;
}

void runtime::shut_down(shutdown_report report) {
  const std::lock_guard lock{mutex_};
  if (!report_)
    report_ = std::move(report);
  ended_.notify_all();
}

/// After the shutdown: ends our actors in order. What can't be ended keeps the rest alive.
void runtime::take_apart() {
  if (std::exchange(apart_, true))
    return;
  const bool alone = guests_.see_off(*this, now()).empty();
  if (attachment_)
    attachment_->stop();
  const bool ended = running == 0; // what the report left behind may have come to its end since
  const auto stuck = threads_->stop(ended ? apart_bound : std::chrono::milliseconds{0});
  const auto unwatched = !watch_ || watch_->stop(apart_bound);
  events_->stop(observers_bound);
  const bool left = callers.wait(apart_bound); // who has waited for a task that has ended is about to
  clean_ = alone && ended && stuck == 0 && unwatched && left;
  if (!clean_)
    return;
  for (auto part = parts_.rbegin(); part != parts_.rend(); ++part)
    caf::anon_send_exit(*part, caf::exit_reason::user_shutdown);
  std::unique_lock lock{mutex_};
  block(lock, ended_, [this] { return alive_ == 0; });
  thread_gate_->stop();
  process_gate_->stop();
  timers_->stop();
  limits_.clear();
}

// -- reports
// -----------------------------------------------------------------------------------------------------------

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
