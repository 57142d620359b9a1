#include "worker/worker_pool.hpp"

#include "caf_adapter/compat_ending.hpp"
#include "capacity/limiter_queue.hpp"
#include "lifecycle/manager_messages.hpp"
#include "transport/link.hpp"
#include "worker/process_call.hpp"
#include "worker/worker.hpp"
#include "worker/worker_protocol.hpp"

#include <taskactor/expected.hpp>
#include <taskactor/time_span.hpp>

#include <caf/all.hpp>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <limits>
#include <utility>

namespace taskactor::detail {

namespace {

std::atomic<program_role> role{program_role::unknown};

/// Hears of the time.
class pool_actor final : public ending_actor {
public:
  pool_actor(caf::actor_config& config, std::weak_ptr<worker_pool> owner)
      : ending_actor(config), owner_(std::move(owner)) {}
  caf::behavior make_behavior() override {
    return {[this](const look_for_idle&) {
              if (const auto pool = owner_.lock())
                pool->retire_idle();
            },
            [this](const start_again&) {
              if (const auto pool = owner_.lock())
                pool->start_waiting();
            }};
  }
  const char* name() const override { return "taskactor.workers"; }

private:
  std::weak_ptr<worker_pool> owner_;
};

} // namespace

void set_program_role(program_role what) noexcept { role = what; }
program_role get_program_role() noexcept { return role; }

void not_started(const std::string& why) {
  throw std::system_error{make_error_code(errc::worker_not_started), why};
}

worker_pool::worker_pool(manager_core& home, command_server& commands) : home_(home), commands_(commands) {}

worker_pool::~worker_pool() = default;

link_host& worker_pool::links() {
  std::call_once(links_made_, [this] { links_ = std::make_unique<link_host>(); });
  return *links_;
}

std::size_t worker_pool::prestart(std::size_t count) {
  const auto most = std::min(count, home_.process_queue().statistics().capacity);
  for (std::size_t started = 0;; ++started) {
    std::unique_lock lock{mutex_};
    if (stopping_)
      not_started("the manager is stopping");
    if (all_.size() >= most)
      return started;
    std::string why;
    auto made = start_one(std::move(lock), why);
    if (!made)
      not_started(why);
    make_idle(std::move(made));
  }
}

void worker_pool::begin() {
  home_.process_queue().when_idle([self = weak_from_this()] {
    if (const auto pool = self.lock())
      pool->share_out();
  });
}

void worker_pool::share_out() noexcept {
  const std::lock_guard lock{mutex_};
  const auto most = std::max_element(all_.begin(), all_.end(), [](const auto& a, const auto& b) {
    return a->pipeline().ahead() < b->pipeline().ahead();
  });
  if (most != all_.end())
    (*most)->pipeline().ask_back(((*most)->pipeline().ahead() + 1) / 2);
}

void worker_pool::answered(worker& which, std::chrono::steady_clock::time_point now) {
  const std::lock_guard lock{mutex_};
  ++counts_.calls;
  ++which.in_pool.calls;
  if (now - looked_for_late_ < short_call_limit)
    return;
  looked_for_late_ = now;
  for (const auto& each : all_)
    if (each->pipeline().ahead() != 0)
      each->pipeline().ask_back_if_late(now);
}

void worker_pool::count_prefetched(std::size_t calls) {
  const std::lock_guard lock{mutex_};
  counts_.prefetched += calls;
}

void worker_pool::count_run_again() {
  const std::lock_guard lock{mutex_};
  ++counts_.run_again;
}

std::size_t worker_pool::calls_left(worker& which) const {
  const auto& with = home_.with();
  if (with.worker_max_memory != 0 && which.process().memory() > with.worker_max_memory)
    return 0;
  if (with.worker_max_calls == 0)
    return std::numeric_limits<std::size_t>::max();
  const std::lock_guard lock{mutex_};
  return with.worker_max_calls
         - std::min(with.worker_max_calls, which.in_pool.calls + which.pipeline().ahead() + 1);
}

const char* worker_pool::worn_out(const worker& which) {
  const auto& with = home_.with();
  if (with.worker_max_calls != 0 && which.in_pool.calls >= with.worker_max_calls) {
    ++counts_.retired_calls;
    return "it has served worker_max_calls";
  }
  if (with.worker_max_memory != 0 && which.process().memory() > with.worker_max_memory) {
    ++counts_.retired_memory;
    return "its memory is beyond worker_max_memory";
  }
  return stopping_ ? "the manager stops" : nullptr;
}

void worker_pool::release(std::shared_ptr<worker> which, bool answered, bool spoilt) {
  std::unique_lock lock{mutex_};
  counts_.calls += answered ? 1 : 0;
  which->in_pool.calls += answered ? 1 : 0;
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
  which->in_pool.idle_since = home_.now();
  const auto due = after(which->in_pool.idle_since, home_.with().worker_idle_limit);
  idle_.push_back(std::move(which));
  const bool look = due != time_point::max() && !std::exchange(looking_, true);
  ref<process_call> next;
  if (!waiting_.empty()) {
    next = std::move(waiting_.front());
    waiting_.erase(waiting_.begin());
  }
  lock.unlock();
  if (next)
    next->on_token();
  if (look)
    look_later(due);
}

void worker_pool::look_later(time_point when) {
  post_at(home_.system().clock(), when, timekeeper(), look_for_idle{});
}

caf::strong_actor_ptr worker_pool::timekeeper() {
  std::call_once(actor_made_, [this] {
    const passing_through caller;
    actor_ = home_.keep(home_.system().spawn<pool_actor, caf::hidden>(weak_from_this()));
  });
  return caf::actor_cast<caf::strong_actor_ptr>(actor_);
}

void worker_pool::retire_idle() {
  std::unique_lock lock{mutex_};
  const auto limit = home_.with().worker_idle_limit;
  const auto now = home_.now();
  const auto young = std::find_if(idle_.begin(), idle_.end(),
                                  [&](const auto& each) { return now - each->in_pool.idle_since < limit; });
  const std::vector<std::shared_ptr<worker>> old(idle_.begin(), young);
  idle_.erase(idle_.begin(), young);
  counts_.retired_idle += old.size();
  looking_ = !idle_.empty();
  const auto due = looking_ ? after(idle_.front()->in_pool.idle_since, limit) : time_point::max();
  lock.unlock();
  for (const auto& each : old)
    each->retire("it was idle for worker_idle_limit");
  if (due != time_point::max())
    look_later(due);
}

worker_statistics worker_pool::statistics() const {
  const std::lock_guard lock{mutex_};
  auto result = counts_;
  result.idle = idle_.size();
  result.busy = all_.size() - idle_.size();
  for (const auto& each : all_)
    result.memory += each->process().memory();
  return result;
}

void worker_pool::stop() noexcept {
  std::unique_lock lock{mutex_};
  stopping_ = true;
  const auto idle = std::exchange(idle_, {});
  lock.unlock();
  for (const auto& each : idle)
    each->retire("the manager stops");
  start_waiting(); // in vain
}

void worker_pool::finish() noexcept { links_.reset(); }

} // namespace taskactor::detail
