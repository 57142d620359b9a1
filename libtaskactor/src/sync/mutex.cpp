#include <taskactor/sync/mutex.hpp>

#include "lifecycle/manager_core.hpp"
#include "threads/blocked_calls.hpp"

#include <taskactor/detail/thread_call.hpp>

#include <caf/all.hpp>

#include <mutex>

namespace taskactor {
namespace detail {

namespace {

mutex_holder task_of(context& body) noexcept { return {ref<record>{&static_cast<record&>(body.core())}}; }

} // namespace

mutex_holder who_is_here() noexcept {
  if (auto* const body = current_context())
    return task_of(*body);
  if (auto* const call = blocked_calls::of_this_thread())
    return task_of(call->works_for());
  return {};
}

wait_end mutex_state::lock_or_wait(sync_waiter& one) noexcept {
  if (locked_) {
    waiting_.push_back(one);
    return wait_end::none;
  }
  locked_ = true;
  holder_ = std::move(*static_cast<mutex_holder*>(one.place()));
  return wait_end::served;
}

void mutex_state::join_line(sync_waiter& one, sync_wakes& wakes) noexcept {
  waiting_.push_back(one);
  if (!locked_)
    serve_next(wakes);
}

void mutex_state::unlock(mutex_holder& last, sync_wakes& wakes) noexcept {
  last = std::exchange(holder_, {});
  locked_ = false;
  serve_next(wakes);
}

void mutex_state::serve_next(sync_wakes& wakes) noexcept {
  auto* const next = waiting_.first();
  if (!next)
    return;
  locked_ = true;
  holder_ = std::move(*static_cast<mutex_holder*>(next->place()));
  wakes.serve(*next);
}

bool mutex_state::try_lock() noexcept {
  auto here = who_is_here();
  const std::lock_guard guard{lock};
  if (locked_)
    return false;
  locked_ = true;
  holder_ = std::move(here);
  return true;
}

void mutex_state::unlock() noexcept {
  mutex_holder last; // whose task may have no other owner: it goes without the lock
  sync_wakes wakes;
  const std::lock_guard guard{lock};
  unlock(last, wakes);
}

bool mutex_state::locked() noexcept {
  const std::lock_guard guard{lock};
  return locked_;
}

std::size_t mutex_state::waiting() noexcept {
  const std::lock_guard guard{lock};
  return waiting_.size();
}

std::string mutex_state::held_by(const context* asking) {
  mutex_holder holder;
  bool is_locked = false;
  {
    const std::lock_guard guard{lock};
    holder = holder_;
    is_locked = locked_;
  }
  if (!is_locked)
    return "a mutex";
  if (!holder.task)
    return "a mutex, held by a thread";
  const auto& task = *holder.task;
  if (asking && &asking->core() == &task)
    return "a mutex, held by itself";
  const bool killed = (task.control.load(std::memory_order_acquire) & record::kill_bit) != 0;
  return "a mutex, held by \"" + task.current_id() + '"' + (killed ? ", which has been killed" : "");
}

bool lock_await::start(context& ctx) {
  return begin(ctx, [&](sync_wakes&) {
    here_ = task_of(ctx);
    return of_->lock_or_wait(*this);
  });
}

mutex_guard lock_await::await_resume() {
  finish();
  taken();
  return mutex_guard{ref<mutex_state>{of_}};
}

void lock_await::give_back() noexcept {
  if (abandon())
    of_->unlock();
}

} // namespace detail

mutex_guard mutex::blocking_lock() const {
  auto who = detail::who_is_here();
  detail::sync_block here{&who};
  const detail::ref<detail::mutex_state> of{&*state_};
  here.run(*of, [&](detail::sync_wakes&) { return of->lock_or_wait(here); });
  return mutex_guard{of};
}

} // namespace taskactor
