#include "worker_pool.hpp"

#include "../link/link.hpp"
#include "../messages.hpp"
#include "worker.hpp"
#include "worker_protocol.hpp"

#include <taskactor/task/time_span.hpp>

#include <caf/all.hpp>

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <utility>

namespace taskactor::detail {

namespace {

std::atomic<program_role> role{program_role::unknown};

/// Hears of the time.
class pool_actor final : public caf::event_based_actor {
public:
  pool_actor(caf::actor_config& config, std::weak_ptr<worker_pool> owner)
      : event_based_actor(config), owner_(std::move(owner)) {}
  caf::behavior make_behavior() override {
    return {[this](const look_for_idle&) {
      if (const auto pool = owner_.lock())
        pool->retire_idle();
    }};
  }
  const char* name() const override { return "taskactor.workers"; }

private:
  std::weak_ptr<worker_pool> owner_;
};

[[noreturn]] void not_started(const std::string& why) {
  throw std::system_error{make_error_code(errc::worker_not_started), why};
}

} // namespace

void set_program_role(program_role what) noexcept { role = what; }

worker_pool::worker_pool(runtime& home, command_server& commands) : home_(home), commands_(commands) {}

worker_pool::~worker_pool() = default;

link_host& worker_pool::links() {
  std::call_once(links_made_, [this] { links_ = std::make_unique<link_host>(); });
  return *links_;
}

std::shared_ptr<worker> worker_pool::find_free() {
  {
    const std::lock_guard lock{mutex_};
    if (stopping_)
      not_started("the manager is stopping");
    if (!idle_.empty()) {
      auto found = std::move(idle_.back());
      idle_.pop_back();
      return found;
    }
  }
  return start_one();
}

std::shared_ptr<worker> worker_pool::start_one() {
  if (role == program_role::worker)
    not_started("a worker has no workers of its own: call the function itself, or from the program");
  if (role == program_role::unknown && std::getenv(worker_variable))
    not_started("this process was started as a worker, but its main has no worker_entry");
  if (role == program_role::unknown && home_.with().worker_program.empty())
    not_started("main has to begin with: if (const auto code = taskactor::worker_entry(argc, argv)) return "
                "*code; without it this program can't be started again as a worker");
  auto made = std::make_shared<worker>(shared_from_this());
  {
    const std::lock_guard lock{mutex_};
    check_pause();
    all_.push_back(made);
    ++counts_.started;
  }
  try {
    made->start();
  } catch (const std::exception& error) {
    gone(*made, end::at_start, error.what());
    throw;
  }
  return made;
}

/// Workers that die at their start are not started over and over.
void worker_pool::check_pause() const {
  const auto left
      = std::chrono::ceil<std::chrono::milliseconds>(no_start_before_ - std::chrono::steady_clock::now());
  if (starts_failed_ >= failures_at_once && left.count() > 0)
    not_started("the last " + std::to_string(starts_failed_)
                + " workers have ended at their start, and the next is started in "
                + std::to_string(left.count()) + " ms: " + why_not_started_);
}

std::size_t worker_pool::prestart(std::size_t count) {
  const auto most = std::min(count, home_.process_gate().statistics().capacity);
  for (std::size_t started = 0;; ++started) {
    {
      const std::lock_guard lock{mutex_};
      if (stopping_)
        not_started("the manager is stopping");
      if (all_.size() >= most)
        return started;
    }
    make_idle(start_one());
  }
}

void worker_pool::begin() {
  home_.process_gate().when_idle([self = weak_from_this()] {
    if (const auto pool = self.lock())
      pool->share_out();
  });
}

void worker_pool::share_out() noexcept {
  const std::lock_guard lock{mutex_};
  const auto most = std::max_element(all_.begin(), all_.end(),
                                     [](const auto& a, const auto& b) { return a->ahead() < b->ahead(); });
  if (most != all_.end())
    (*most)->ask_back(((*most)->ahead() + 1) / 2);
}

void worker_pool::answered(worker& which, std::chrono::steady_clock::time_point now) {
  const std::lock_guard lock{mutex_};
  ++counts_.calls;
  ++which.calls;
  if (now - looked_for_late_ < short_call_limit)
    return;
  looked_for_late_ = now;
  for (const auto& each : all_)
    if (each->ahead() != 0)
      each->ask_back_if_late(now);
}

void worker_pool::count_prefetched(std::size_t calls) {
  const std::lock_guard lock{mutex_};
  counts_.prefetched += calls;
}

void worker_pool::count_run_again() {
  const std::lock_guard lock{mutex_};
  ++counts_.run_again;
}

std::size_t worker_pool::calls_left(const worker& which) const {
  const auto& with = home_.with();
  if (with.worker_max_memory != 0 && which.memory() > with.worker_max_memory)
    return 0;
  if (with.worker_max_calls == 0)
    return std::numeric_limits<std::size_t>::max();
  const std::lock_guard lock{mutex_};
  return with.worker_max_calls - std::min(with.worker_max_calls, which.calls + which.ahead() + 1);
}

const char* worker_pool::worn_out(const worker& which) {
  const auto& with = home_.with();
  if (with.worker_max_calls != 0 && which.calls >= with.worker_max_calls) {
    ++counts_.retired_calls;
    return "it has served worker_max_calls";
  }
  if (with.worker_max_memory != 0 && which.memory() > with.worker_max_memory) {
    ++counts_.retired_memory;
    return "its memory is beyond worker_max_memory";
  }
  return stopping_ ? "the manager stops" : nullptr;
}

void worker_pool::release(std::shared_ptr<worker> which, bool answered, bool spoilt) {
  std::unique_lock lock{mutex_};
  counts_.calls += answered ? 1 : 0;
  which->calls += answered ? 1 : 0;
  const auto* const why = spoilt ? "its niceness was raised" : worn_out(*which);
  lock.unlock();
  if (why)
    which->retire(why);
  else
    make_idle(std::move(which));
}

void worker_pool::make_idle(std::shared_ptr<worker> which) {
  std::unique_lock lock{mutex_};
  if (stopping_) {
    lock.unlock();
    which->retire("the manager stops");
    return;
  }
  which->idle_since = home_.now();
  const auto due = after(which->idle_since, home_.with().worker_idle_limit);
  idle_.push_back(std::move(which));
  const bool look = due != time_point::max() && !std::exchange(looking_, true);
  lock.unlock();
  if (look)
    look_later(due);
}

void worker_pool::look_later(time_point when) {
  std::call_once(actor_made_, [this] {
    const passing_through caller;
    actor_ = home_.keep(home_.system().spawn<pool_actor, caf::hidden>(weak_from_this()));
  });
  post_at(home_.system().clock(), when, caf::actor_cast<caf::strong_actor_ptr>(actor_), look_for_idle{});
}

void worker_pool::retire_idle() {
  std::unique_lock lock{mutex_};
  const auto limit = home_.with().worker_idle_limit;
  const auto now = home_.now();
  const auto young = std::find_if(idle_.begin(), idle_.end(),
                                  [&](const auto& each) { return now - each->idle_since < limit; });
  const std::vector<std::shared_ptr<worker>> old(idle_.begin(), young);
  idle_.erase(idle_.begin(), young);
  counts_.retired_idle += old.size();
  looking_ = !idle_.empty();
  const auto due = looking_ ? after(idle_.front()->idle_since, limit) : time_point::max();
  lock.unlock();
  for (const auto& each : old)
    each->retire("it was idle for worker_idle_limit");
  if (due != time_point::max())
    look_later(due);
}

bool worker_pool::gone(const worker& which, end how, const std::string& why) {
  const auto same = [&](const auto& each) { return each.get() == &which; };
  std::vector<std::shared_ptr<worker>> last; // destroyed outside of the lock
  const std::lock_guard lock{mutex_};
  const auto found = std::find_if(all_.begin(), all_.end(), same);
  if (found == all_.end())
    return false;
  if (how != end::retired)
    ++counts_.lost;
  if (how == end::at_start && !stopping_) {
    why_not_started_ = why;
    const auto failed = ++starts_failed_;
    const auto doublings = std::min(failed - std::min(failed, failures_at_once), 16U);
    no_start_before_ = std::chrono::steady_clock::now()
                       + std::min<std::chrono::milliseconds>(longest_pause, first_pause * (1U << doublings));
  }
  std::erase_if(idle_, same);
  last.push_back(std::move(*found));
  all_.erase(found);
  return true;
}

worker_statistics worker_pool::statistics() const {
  const std::lock_guard lock{mutex_};
  auto result = counts_;
  result.idle = idle_.size();
  result.busy = all_.size() - idle_.size();
  for (const auto& each : all_)
    result.memory += each->memory();
  return result;
}

void worker_pool::stop() noexcept {
  std::unique_lock lock{mutex_};
  stopping_ = true;
  const auto idle = std::exchange(idle_, {});
  lock.unlock();
  for (const auto& each : idle)
    each->retire("the manager stops");
}

void worker_pool::finish() noexcept { links_.reset(); }

} // namespace taskactor::detail
