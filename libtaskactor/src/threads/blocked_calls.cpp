#include "threads/blocked_calls.hpp"

#include "capacity/limiter_queue.hpp"
#include "lifecycle/manager_core.hpp"
#include "lifecycle/requests.hpp"
#include "threads/thread_pool.hpp"
#include "threads/waits.hpp"

namespace taskactor::detail {

namespace {

record& task_of(thread_call& call) noexcept { return static_cast<record&>(call.works_for().core()); }

} // namespace

thread_call* blocked_calls::of_this_thread() noexcept {
  auto* const task = current_task();
  auto* const call = task ? dynamic_cast<thread_call*>(task) : nullptr;
  return call && !call->ended() ? call : nullptr; // what destroys its callable works for nobody
}

blocked_calls::blocked* blocked_calls::find(const thread_call& call) noexcept {
  const auto found = blocked_.find(&call);
  return found == blocked_.end() ? nullptr : found->second.get();
}

void blocked_calls::leave_locked(blocked& which) noexcept {
  if (std::exchange(which.is_beyond, false))
    --beyond_;
}

void blocked_calls::lend(thread_call& call) {
  if (call.is_abandoned())
    return;
  auto& task = task_of(call);
  bool lends = false;
  {
    const std::lock_guard lock{mutex_};
    auto* own = find(call);
    if (!own) {
      auto made = std::make_unique<blocked>(task); // an entry without one is none
      own = blocked_.emplace(&call, std::move(made)).first->second.get();
      ++calls_;
    }
    if (!own->is_beyond && beyond_ < most) {
      own->is_beyond = true;
      ++beyond_; // before its token can make another call start
    }
    lends = own->is_beyond;
  }
  task.token.lend_by_thread();
  tell(*task.home, task, record::moves_token);
  if (!lends)
    return;
  task.home->threads().replace_one();
  task.home->thread_queue().lend_back(call);
}

void blocked_calls::want_managers(thread_call& call) {
  auto& task = task_of(call);
  if (!call.is_abandoned() && task.token.want())
    tell(*task.home, task, record::moves_token);
}

void blocked_calls::want_threads(thread_call& call) {
  bool lent = false;
  {
    const std::lock_guard lock{mutex_};
    const auto* const own = find(call);
    lent = own && own->is_beyond;
  }
  if (lent)
    task_of(call).home->thread_queue().want_back(ref<thread_call>{&call});
}

void blocked_calls::wait_for(thread_call& call, const std::function<bool()>& there, time_point until) {
  auto& home = *task_of(call).home;
  std::unique_lock lock{mutex_};
  auto& own = *find(call);
  home.waits().wait_here(
      lock, own.changed, [&] { return call.cancel_requested() || home.now() >= until || there(); }, until);
}

void blocked_calls::take_back(thread_call& call, time_point until) {
  auto& task = task_of(call);
  auto& queue = task.home->thread_queue();
  if (call.is_abandoned())
    return want_threads(call);
  bool lent = false;
  {
    const std::lock_guard lock{mutex_};
    lent = find(call)->is_beyond;
  }
  want_managers(call);
  if (lent) // one that has kept its thread's token waits for nobody: who has the manager's may wait for that
    wait_for(
        call, [&] { return task.token.may_run(); }, until);
  want_threads(call);
  wait_for(
      call, [&] { return queue.serves(call); }, until);
  if (!queue.serves(call))
    return;
  const std::lock_guard lock{mutex_};
  leave_locked(*find(call));
}

void blocked_calls::look(const record& task) noexcept {
  if (calls_.load(std::memory_order_acquire) == 0)
    return;
  const std::lock_guard lock{mutex_};
  for (const auto& [call, own] : blocked_)
    if (&own->task == &task)
      own->changed.notify_all();
}

void blocked_calls::over(const thread_call& call) noexcept {
  if (calls_.load(std::memory_order_acquire) == 0)
    return;
  const std::lock_guard lock{mutex_};
  auto* const own = find(call);
  if (!own)
    return;
  leave_locked(*own);
  blocked_.erase(&call);
  --calls_;
}

blocked_calls::visit::~visit() { call_.pool().blocked().over(call_); }

blocked_call::blocked_call(thread_call& call) : call_(call), all_(task_of(call).home->threads().blocked()) {
  all_.lend(call_);
}

blocked_call::~blocked_call() {
  if (!wants_)
    all_.want(call_); // the wait has thrown
  if (!call_.is_abandoned())
    task_of(call_).token.thread_goes_on();
}

void blocked_call::go_on(time_point until) {
  wants_ = true;
  all_.take_back(call_, until);
}

} // namespace taskactor::detail
