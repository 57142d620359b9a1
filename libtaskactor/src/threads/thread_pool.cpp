#include "threads/thread_pool.hpp"

#include "base/new_thread.hpp"
#include "base/service_thread.hpp"
#include "caf_adapter/detached_job.hpp"
#include "capacity/limiter_queue.hpp"
#include "lifecycle/fault_injector.hpp"
#include "lifecycle/manager_core.hpp"
#include "threads/disposal.hpp"

#include <taskactor/error.hpp>
#include <taskactor/run_in_thread.hpp>

#include <caf/all.hpp>

#include <cxxabi.h>
#include <pthread.h>
#include <system_error>
#include <thread>
#include <utility>

namespace taskactor::detail {

namespace {

constexpr std::chrono::seconds idle_limit{10};

} // namespace

thread_call::thread_call(context& owner, bool stoppable)
    : limited_call(owner, ref<record>{static_cast<record*>(&owner.core())}),
      thread_task_core(task(), owner, stoppable) {}

void thread_call::on_token() noexcept {
  auto& home = *task().home;
  ref<thread_call> self{this};
  if (home.decides() && home.decides()->takes(self, task()))
    return;
  home.threads().submit(std::move(self));
}

thread_pool& thread_call::pool() const noexcept { return task().home->threads(); }

void thread_call::on_token_back() noexcept { task().home->threads().blocked().look(task()); }

void thread_call::request_stop() noexcept {
  ask_to_stop();
  task().home->threads().blocked().look(task());
}

/// A function that ends its thread unwinds it, which must not be caught for good: glibc would end the
/// process. UndefinedBehaviorSanitizer doesn't know that such an exception has no object.
__attribute__((no_sanitize("null"))) void thread_call::call() {
  const blocked_calls::visit at_end{*this};
  try {
    const current_scope scope{this, nullptr};
    invoke();
  } catch (const abi::__forced_unwind&) {
    error = std::make_exception_ptr(taskactor::error{
        errc::thread_ended, "the call didn't return, it has ended its thread (pthread_exit)"});
    throw;
  } catch (...) {
    error = std::current_exception();
  }
}

void thread_call::refuse(std::exception_ptr why) noexcept {
  error = std::move(why);
  finish();
}

void thread_call::destroy() noexcept {
  if (service_thread::is_this())
    task().home->disposals().take(*this);
  else
    delete this;
}

void limited_wait::begin(context& ctx, ref<thread_call> call) {
  call_ = std::move(call);
  ctx.waiting = this;
  ctx.home().thread_queue().enter(call_);
}

bool limited_wait::stop() noexcept {
  if (static_cast<record&>(current_context()->core()).home->thread_queue().revoke(*call_))
    return true;
  call_->request_stop();
  return false;
}

ref<operation> limited_wait::kill() noexcept {
  if (stop())
    return {};
  return call_;
}

wait_reason limited_wait::reason() const {
  return {call_->granted() ? "its call on a thread" : "a token of the thread limiter"};
}

void thread_pool::submit(ref<pool_work> call) {
  std::unique_lock lock{mutex_};
  queue_.push_back(std::move(call));
  wake_one(lock);
}

void thread_pool::replace_one() {
  std::unique_lock lock{mutex_};
  wake_one(lock);
}

void thread_pool::wake_one(std::unique_lock<std::mutex>& lock) {
  if (waking_ || queue_.empty() || (idle_ == 0 && workers_ >= limit_ + blocked_.beyond()))
    return;
  waking_ = true;
  if (idle_ != 0) {
    work_.notify_one();
    return;
  }
  ++workers_;
  lock.unlock();
  std::exception_ptr refused;
  try {
    hold_system();
    new_thread("a call that blocks", [pool = shared_from_this()] {
      pthread_setname_np(pthread_self(), "taskactor.call"); // or it is called as who has made it
      pool->serve();
    }).detach();
  } catch (...) { // the machine has no thread left
    refused = std::current_exception();
  }
  lock.lock();
  if (refused)
    give_up_worker(lock, refused);
}

/// The destructor of an actor system that isn't the manager's waits for what is detached, and so for calls:
/// they use it when they end.
void thread_pool::hold_system() {
  if (!system_ || held_.exchange(true))
    return;
  try {
    detached_job::start(*system_, [pool = shared_from_this()] {
      std::unique_lock lock{pool->mutex_};
      pool->gone_.wait(lock, [&] { return pool->workers_ == 0; });
      pool->held_ = false; // under the lock: whoever adds a worker has done so, or will look
    });
  } catch (...) {
    held_ = false;
    throw;
  }
}

/// No thread could be made: the workers there are serve the queue; without any that doesn't block, its calls
/// fail.
void thread_pool::give_up_worker(std::unique_lock<std::mutex>& lock, const std::exception_ptr& why) {
  --workers_;
  waking_ = false;
  gone_.notify_all();
  if (workers_ > blocked_.beyond())
    return;
  while (!queue_.empty()) { // one by one: an empty queue in its place would need memory
    auto call = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    call->refuse(why);
    call = {};
    lock.lock();
  }
}

void thread_pool::serve() {
  const presence here{*this};
  detached_job::is_this_thread_one() = true;
  std::unique_lock lock{mutex_};
  waking_ = false; // this is the worker that was made
  while (auto call = next_call(lock)) {
    wake_one(lock);
    lock.unlock();
    call->run();
    call = {};
    lock.lock();
  }
}

/// A worker is gone: it was idle for long, or a call has ended its thread, and others may wait for one.
void thread_pool::leave() noexcept {
  std::unique_lock lock{mutex_};
  --workers_;
  wake_one(lock);
  gone_.notify_all();
}

ref<pool_work> thread_pool::next_call(std::unique_lock<std::mutex>& lock) {
  while (queue_.empty()) {
    if (stopping_)
      return {};
    ++idle_;
    const auto told = work_.wait_for(lock, idle_limit) == std::cv_status::no_timeout;
    --idle_;
    waking_ = false; // a wake-up that finds the queue empty is spent all the same
    if (!told && queue_.empty())
      return {};
  }
  auto call = std::move(queue_.front());
  queue_.pop_front();
  return call;
}

std::size_t thread_pool::stop(std::chrono::nanoseconds bound) {
  std::unique_lock lock{mutex_};
  stopping_ = true;
  work_.notify_all();
  gone_.wait_for(lock, bound, [this] { return workers_ == 0; });
  return workers_;
}

std::size_t thread_pool::workers() const {
  const std::lock_guard lock{mutex_};
  return workers_;
}

} // namespace taskactor::detail
