#include <taskactor/detail/sync_waiter.hpp>

#include "base/semaphore.hpp"
#include "lifecycle/callers.hpp"
#include "lifecycle/manager_core.hpp"
#include "threads/blocked_calls.hpp"
#include "threads/waits.hpp"

#include <taskactor/detail/thread_call.hpp>
#include <taskactor/expected.hpp>
#include <taskactor/outcome.hpp>
#include <taskactor/this_task.hpp>

#include <caf/all.hpp>

#include <memory>
#include <optional>
#include <stop_token>
#include <utility>

namespace taskactor::detail {

bool sync_waiter::leave(sync_lock& primitive) noexcept {
  sync_wakes wakes;
  const std::lock_guard guard{primitive};
  if (!line_)
    return false;
  line_->remove(*this);
  on_left(wakes);
  return true;
}

void sync_line::push_back(sync_waiter& one) noexcept { link(one, last_, nullptr); }
void sync_line::push_front(sync_waiter& one) noexcept { link(one, nullptr, first_); }

void sync_line::link(sync_waiter& one, sync_waiter* before, sync_waiter* behind) noexcept {
  one.line_ = this;
  one.before_ = before;
  one.behind_ = behind;
  (before ? before->behind_ : first_) = &one;
  (behind ? behind->before_ : last_) = &one;
  ++size_;
}

void sync_line::remove(sync_waiter& one) noexcept {
  (one.before_ ? one.before_->behind_ : first_) = one.behind_;
  (one.behind_ ? one.behind_->before_ : last_) = one.before_;
  one.before_ = one.behind_ = nullptr;
  one.line_ = nullptr;
  --size_;
}

/// Once `end_` is stored a body may go on, and its waiter be gone; a thread waits for the post.
void sync_wakes::serve(sync_waiter& one, wait_end how) noexcept {
  wake(); // the one before
  one.line_->remove(one);
  auto* const body = one.body_;
  if (!body) {
    thread_ = one.thread_;
    one.end_.store(how, std::memory_order_release);
  } else if (!first_) {
    hold(*body);
    one.end_.store(how, std::memory_order_release);
  } else {
    one.woken_under_lock_ = true;
    one.end_.store(how, std::memory_order_release);
    body->wake();
  }
}

/// A body of the same manager's keeps that alive while it runs. A thread, or another manager's body, doesn't:
/// it enters, while this one's wait isn't over.
void sync_wakes::hold(context& first) noexcept {
  first_ = ref<context>{&first};
  owes_first_ = true;
  if (auto* const here = current_context(); here && &here->home() == &first.home())
    return;
  entered_ = &first.home().callers;
  entered_->enter();
}

void sync_wakes::wake() noexcept {
  if (std::exchange(owes_first_, false))
    first_->wake();
  if (auto* const thread = std::exchange(thread_, nullptr))
    thread->post();
}

sync_wakes::~sync_wakes() {
  wake();
  first_ = {};
  if (entered_)
    entered_->leave();
}

void refuse_empty_primitive() {
  throw_rejection({errc::invalid_argument, "this one was moved from: it is empty"});
}

void sync_await::wait_for_server() const noexcept {
  if (is_woken_under_lock()) {
    const std::lock_guard until_it_is_free{at_->lock};
  }
}

void sync_await::finish() const {
  wait_for_server();
  if (comes_to_nothing())
    throw cancelled_error{};
}

bool sync_await::give_up() noexcept { return leave(at_->lock); }

ref<operation> sync_await::kill() noexcept {
  give_back();
  return {};
}

bool sync_await::abandon() noexcept {
  if (!is_body() || refused_ || std::exchange(taken_, true)) // never awaited, or over
    return false;
  return !leave(at_->lock) && end() == wait_end::served;
}

sync_block::sync_block(void* place) : sync_waiter(place) {
  refuse_inside_coroutine();
  posted_ = std::make_unique<semaphore>();
}
sync_block::~sync_block() = default;

/// True: it was posted for, by who served it or by the task's end.
bool sync_block::wait(time_point until) {
  if (auto* const call = blocked_calls::of_this_thread())
    return call->works_for().home().waits().block(*posted_, until);
  if (until != time_point::max())
    return posted_->wait_until(until);
  posted_->wait();
  return true;
}

wait_end sync_block::park(sync_lock& primitive, time_point until) {
  bool is_asked = false;
  const auto asked_to_end = [&] { // on the thread that asks
    if (leave(primitive)) {
      is_asked = true;
      posted_->post();
    }
  };
  bool came = false;
  try {
    std::optional<std::stop_callback<decltype(asked_to_end)>> asked;
    if (blocked_calls::of_this_thread() != nullptr)
      asked.emplace(this_task::stop_token(), asked_to_end);
    came = wait(until);
  } catch (...) { // of time that stands still in a test, or no memory: nobody is to serve it any more
    if (leave(primitive))
      throw;
  }
  if (is_asked)
    throw cancelled_error{};
  if (!came && !leave(primitive))
    posted_->wait(); // it has been served just now
  return end();
}

} // namespace taskactor::detail
