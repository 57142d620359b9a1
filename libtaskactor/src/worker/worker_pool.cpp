#include "worker/worker_pool.hpp"

#include "capacity/limiter_queue.hpp"
#include "worker/program_role.hpp"
#include "worker/worker.hpp"

#include <taskactor/expected.hpp>
#include <taskactor/time_span.hpp>

#include <algorithm>
#include <limits>
#include <new>
#include <system_error>
#include <utility>

namespace taskactor::detail {

namespace {

using steady = std::chrono::steady_clock;

ref<process_call> take_first(std::vector<ref<process_call>>& calls) {
  if (calls.empty())
    return {};
  auto first = std::move(calls.front());
  calls.erase(calls.begin());
  return first;
}

bool is_too_large(const worker& which, const settings& with) {
  return with.workers.max_memory != 0 && which.process().memory() > with.workers.max_memory;
}

/// A token is free: somebody has more calls than it can run.
void share_out(const std::vector<std::shared_ptr<worker>>& all) noexcept {
  const auto most = std::max_element(all.begin(), all.end(), [](const auto& a, const auto& b) {
    return a->pipeline().ahead() < b->pipeline().ahead();
  });
  if (most != all.end())
    (*most)->pipeline().ask_back(((*most)->pipeline().ahead() + 1) / 2);
}

} // namespace

worker_pool::worker_pool(manager_core& home, process_host host)
    : home_(home), host_(std::move(host)), timer_(home), idle_(home.with().workers.idle_limit) {}

void worker_pool::begin() {
  const auto weakly = [self = weak_from_this()](auto what) {
    return [self, what] {
      if (const auto pool = self.lock())
        what(*pool);
    };
  };
  timer_.begin({weakly([](worker_pool& pool) { pool.retire_idle(); }),
                weakly([](worker_pool& pool) { pool.start_waiting(); })});
  home_.process_queue().when_idle(weakly([](worker_pool& pool) {
    const std::lock_guard lock{pool.mutex_};
    share_out(pool.all_);
  }));
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

void worker_pool::count_run_again() {
  const std::lock_guard lock{mutex_};
  ++counts_.run_again;
}

void worker_pool::stop() noexcept {
  std::unique_lock lock{mutex_};
  starts_.stop();
  const auto idle = idle_.take_all();
  lock.unlock();
  for (const auto& each : idle)
    each.which->retire("the manager stops");
  start_waiting(); // in vain
}

// -- calls find a worker ----------------------------------------------------

void worker_pool::dispatch(const ref<process_call>& call) {
  for (;;) {
    std::unique_lock lock{mutex_};
    if (starts_.stopped())
      not_started("the manager is stopping");
    auto free = idle_.take_last();
    if (free) {
      lock.unlock();
    } else if (starts_.may_recover() && starts_.holds_back(steady::now())) {
      hold(std::move(lock), call);
      return;
    } else {
      std::string why;
      free = start_one(std::move(lock), why);
      if (!free && !wait_again(call))
        not_started(why);
      if (!free)
        return; // it waits for one
    }
    if (free->give(call)) {
      call->sent_to(free);
      fill_pipeline(*free);
      return;
    }
  }
}

/// The call is told of its token once more.
void worker_pool::hold(std::unique_lock<std::mutex> lock, const ref<process_call>& whose) {
  waiting_.push_back(whose);
  lock.unlock();
  whose->end_if_asked(); // before there is a worker that it would be started for
  try {
    try_later();
  } catch (...) { // no memory
    if (forget(*whose))
      throw;
  }
}

bool worker_pool::wait_again(const ref<process_call>& whose) noexcept {
  try {
    std::unique_lock lock{mutex_};
    if (!starts_.may_recover())
      return false;
    whose->not_begun();
    hold(std::move(lock), whose);
    return true;
  } catch (...) { // no memory: then it has failed
    return false;
  }
}

bool worker_pool::forget(const process_call& whose) noexcept {
  const std::lock_guard lock{mutex_};
  return std::erase_if(waiting_, [&](const auto& each) { return each.get() == &whose; }) != 0;
}

/// For calls that wait: when the next start is due.
void worker_pool::try_later() {
  std::unique_lock lock{mutex_};
  if (waiting_.empty())
    return;
  const auto left = starts_.may_recover() ? starts_.pause_left(steady::now()) : std::chrono::milliseconds{};
  lock.unlock();
  timer_.start_again_at(home_.now() + left);
}

/// One after the other starts a worker, until it has to be seen whether that lives, or fails for good.
void worker_pool::start_waiting() noexcept {
  std::unique_lock lock{mutex_};
  while (!starts_.may_recover() || !starts_.holds_back(steady::now())) {
    const auto next = take_first(waiting_);
    if (!next)
      return;
    lock.unlock();
    next->on_token();
    lock.lock();
  }
}

// -- calls are sent ahead ---------------------------------------------------

void worker_pool::fill_pipeline(worker& which) noexcept {
  std::vector<ref<limited_call>> more;
  try {
    auto most = which.pipeline().make_room();
    if (const auto limit = home_.with().workers.max_calls; limit != 0) {
      const std::lock_guard lock{mutex_};
      most = std::min(most, limit - std::min(limit, which.in_pool.calls + which.pipeline().ahead() + 1));
    }
    if (most != 0 && !is_too_large(which, home_.with()))
      more = home_.process_queue().prefetch(most);
    if (more.empty())
      return;
    if (which.pipeline().append(more)) {
      {
        const std::lock_guard lock{mutex_};
        counts_.prefetched += more.size();
      }
      for (const auto& each : more)
        static_cast<process_call&>(*each).sent_to(which.shared_from_this());
      return;
    }
  } catch (const std::bad_alloc&) { // as if there were no room
  }
  while (!more.empty()) {
    static_cast<process_call&>(*more.back()).given_back();
    more.pop_back();
  }
}

void worker_pool::answered(worker& which, steady::time_point now) {
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

// -- workers come -----------------------------------------------------------

std::size_t worker_pool::prestart(std::size_t count) {
  const auto most = std::min(count, home_.process_queue().statistics().capacity);
  for (std::size_t started = 0;; ++started) {
    std::unique_lock lock{mutex_};
    if (starts_.stopped())
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

/// Null: it has failed for `why`.
std::shared_ptr<worker> worker_pool::start_one(std::unique_lock<std::mutex> lock, std::string& why) {
  check_program_role(home_.with());
  starts_.check_pause(steady::now());
  auto made = std::make_shared<worker>(shared_from_this(), home_, host_.commands, starts_.failures());
  all_.push_back(made);
  ++counts_.started;
  starts_.begin();
  lock.unlock();
  try {
    made->start(host_.links);
  } catch (const std::system_error& error) {
    const auto what = message_of(error);
    gone(*made, worker_end::kind::at_start, what);
    why = "a worker can't be started: " + what;
    return {};
  } catch (const std::exception& error) {
    gone(*made, worker_end::kind::at_start, error.what());
    throw;
  }
  return made;
}

void worker_pool::greeted(worker& which) {
  {
    const std::lock_guard lock{mutex_};
    starts_.greeted(which.in_pool);
  }
  try_later();
}

void worker_pool::make_idle(std::shared_ptr<worker> which) {
  std::unique_lock lock{mutex_};
  if (starts_.stopped()) {
    lock.unlock();
    which->retire("the manager stops");
    return;
  }
  const auto due = idle_.put(std::move(which), home_.now());
  const auto next = take_first(waiting_);
  lock.unlock();
  if (next)
    next->on_token();
  if (due != time_point::max())
    timer_.retire_idle_at(due);
}

// -- workers go -------------------------------------------------------------

void worker_pool::release(std::shared_ptr<worker> which, bool answered, bool spoilt) {
  const auto& with = home_.with();
  std::unique_lock lock{mutex_};
  counts_.calls += answered ? 1 : 0;
  which->in_pool.calls += answered ? 1 : 0;
  const char* why = nullptr; // null: it may go on
  if (spoilt) {
    why = "its niceness was raised";
  } else if (with.workers.max_calls != 0 && which->in_pool.calls >= with.workers.max_calls) {
    ++counts_.retired_calls;
    why = "it has served workers.max_calls";
  } else if (is_too_large(*which, with)) {
    ++counts_.retired_memory;
    why = "its memory is beyond workers.max_memory";
  } else if (starts_.stopped()) {
    why = "the manager stops";
  }
  lock.unlock();
  if (why)
    which->retire(why);
  else
    make_idle(std::move(which));
}

void worker_pool::retire_idle() {
  std::unique_lock lock{mutex_};
  const auto old = idle_.take_old(home_.now());
  counts_.retired_idle += old.workers.size();
  lock.unlock();
  for (const auto& each : old.workers)
    each->retire("it was idle for workers.idle_limit");
  if (old.next != time_point::max())
    timer_.retire_idle_at(old.next);
}

bool worker_pool::gone(const worker& which, worker_end::kind how, const std::string& why) {
  std::shared_ptr<worker> last; // destroyed outside of the lock
  std::unique_lock lock{mutex_};
  const auto found
      = std::find_if(all_.begin(), all_.end(), [&](const auto& each) { return each.get() == &which; });
  if (found == all_.end())
    return false;
  if (how != worker_end::kind::retired)
    ++counts_.lost;
  starts_.ended(which.in_pool);
  if (how == worker_end::kind::at_start && !starts_.stopped())
    starts_.failed(which.in_pool, why, steady::now());
  idle_.remove(which);
  last = std::move(*found);
  all_.erase(found);
  lock.unlock();
  try {
    try_later();
  } catch (...) { // no memory for a message
    start_waiting();
  }
  return true;
}

} // namespace taskactor::detail
