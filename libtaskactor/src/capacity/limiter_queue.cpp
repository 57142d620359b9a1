#include "capacity/limiter_queue.hpp"

#include "caf_adapter/service_actor.hpp"

#include <caf/all.hpp>

#include <algorithm>
#include <utility>

namespace taskactor::detail {

namespace {

class limiter_queue_actor final : public service_actor {
public:
  limiter_queue_actor(caf::actor_config& config, std::shared_ptr<limiter_queue> owner)
      : service_actor(config), owner_(std::move(owner)) {}
  caf::behavior make_behavior() override {
    return {
        [this](const tokens_granted& got) { owner_->granted(got.count); },
        [this](const tokens_recalled& owed) { owner_->recalled(owed.count); },
    };
  }
  const char* name() const override { return "taskactor.limiter_queue"; }

private:
  std::shared_ptr<limiter_queue> owner_;
};

} // namespace

limited_call::limited_call(context& owner, ref<record> task) noexcept
    : owner_(owner), task_(std::move(task)) {
  owner_.retain();
}
limited_call::~limited_call() { owner_.release(); }

void limited_call::finish() noexcept {
  const auto ending = queue_->ending_; // ours: what is woken may end the limiter queue
  if (ending)
    ++*ending;
  queue_->leave(*this);
  owner_.wake();
  if (ending)
    --*ending;
}

limiter_queue::limiter_queue(caf::actor_system& system, caf::actor limiter, std::size_t capacity)
    : system_(system), limiter_(std::move(limiter)), capacity_(capacity) {}

caf::actor limiter_queue::start() {
  return actor_ = system_.spawn<limiter_queue_actor, caf::hidden>(shared_from_this());
}

void limiter_queue::enter(ref<limited_call> work) {
  work->queue_ = this;
  std::unique_lock lock{mutex_};
  waiting_.push(std::move(work));
  serve(lock);
}

bool limiter_queue::revoke(limited_call& work) noexcept {
  const std::lock_guard lock{mutex_};
  if (!waiting_.remove(work))
    return false;
  work.state_.store(limited_call::call_state::revoked, std::memory_order_release);
  return true;
}

std::vector<ref<limited_call>> limiter_queue::prefetch(std::size_t most) {
  std::vector<ref<limited_call>> taken;
  const std::lock_guard lock{mutex_};
  if (account_.owes() || account_.used() > capacity_)
    return taken;
  const auto users = std::max<std::size_t>(account_.used(), 1);
  most = std::min(most, (waiting_.size() + users - 1) / users);
  taken.reserve(most);
  while (taken.size() < most && waiting_.front()->may_be_prefetched()) {
    taken.push_back(waiting_.pop());
    taken.back()->state_.store(limited_call::call_state::granted, std::memory_order_release);
  }
  prefetched_ += taken.size();
  return taken;
}

void limiter_queue::put_back(ref<limited_call> work) noexcept {
  std::unique_lock lock{mutex_};
  if (std::exchange(work->hold_, limited_call::hold::nothing) == limited_call::hold::token)
    release(account_.put_unused(1));
  else
    --prefetched_;
  work->state_.store(limited_call::call_state::waiting, std::memory_order_release);
  waiting_.push_front(std::move(work));
  serve(lock);
}

void limiter_queue::pass_on(limited_call& from, limited_call& to) noexcept {
  const std::lock_guard lock{mutex_};
  if (from.hold_
      == limited_call::hold::token) // else it leaves as what it is, and the other one runs over capacity
    to.inherit_token(from);
}

void limiter_queue::lend_back(limited_call& work) noexcept {
  std::unique_lock lock{mutex_};
  if (work.hold_ == limited_call::hold::token_wanted) {
    work.hold_ = limited_call::hold::token;
    lock.unlock();
    work.on_token_back();
  } else if (work.hold_ == limited_call::hold::token) {
    work.hold_ = limited_call::hold::lent;
    ++lent_back_;
    release(account_.put());
    serve(lock);
  } else if (work.hold_ == limited_call::hold::wants_it_back) {
    work.hold_ = limited_call::hold::lent;
    returning_.remove(work);
  }
}

void limiter_queue::want_back(ref<limited_call> work) noexcept {
  std::unique_lock lock{mutex_};
  if (work->hold_ == limited_call::hold::token) {
    work->hold_ = limited_call::hold::token_wanted;
  } else if (work->hold_ == limited_call::hold::lent) {
    work->hold_ = limited_call::hold::wants_it_back;
    returning_.push(std::move(work));
    serve(lock);
  }
}

bool limiter_queue::serves(const limited_call& work) const noexcept {
  const std::lock_guard lock{mutex_};
  return work.hold_ == limited_call::hold::token;
}

std::size_t limiter_queue::at_work() const {
  const std::lock_guard lock{mutex_};
  return account_.used() + lent_back_;
}

void limiter_queue::when_idle(std::function<void()> hook) {
  const std::lock_guard lock{mutex_};
  idle_hook_ = std::move(hook);
}

void limiter_queue::call_when_idle(std::unique_lock<std::mutex> lock) {
  if (prefetched_ == 0 || demand() != 0 || account_.idle() == 0)
    return;
  const auto hook = idle_hook_;
  lock.unlock();
  if (hook)
    hook();
}

void limiter_queue::leave(limited_call& work) noexcept {
  std::unique_lock lock{mutex_};
  const auto held = std::exchange(work.hold_, limited_call::hold::nothing);
  work.state_.store(limited_call::call_state::ended, std::memory_order_release);
  if (held == limited_call::hold::nothing)
    --prefetched_;
  if (held == limited_call::hold::wants_it_back)
    returning_.remove(work);
  if (held == limited_call::hold::wants_it_back || held == limited_call::hold::lent)
    --lent_back_;
  if (held == limited_call::hold::token || held == limited_call::hold::token_wanted) {
    release(account_.put());
    serve(lock);
  }
  call_when_idle(std::move(lock));
}

void limiter_queue::granted(std::size_t count) {
  std::unique_lock lock{mutex_};
  release(account_.granted(count));
  serve(lock);
  call_when_idle(std::move(lock));
}

void limiter_queue::recalled(std::size_t count) {
  std::unique_lock lock{mutex_};
  release(account_.recalled(count));
  serve(lock);
}

void limiter_queue::resize(std::size_t capacity) {
  std::unique_lock lock{mutex_};
  capacity_ = capacity;
  const auto hook = prefetched_ != 0 ? idle_hook_ : nullptr; // there may be more, which nobody asks for
  post(limiter_, resize_limiter{capacity});
  serve(lock);
  lock.unlock();
  if (hook)
    hook();
}

limiter_statistics limiter_queue::statistics() const {
  const std::lock_guard lock{mutex_};
  return {capacity_, account_.used(), demand()};
}

void limiter_queue::serve(std::unique_lock<std::mutex>& lock) {
  // A token that is idle here and beyond a smaller capacity is about to be recalled.
  while (demand() != 0 && account_.used() < capacity_ && account_.take()) {
    const bool again = !returning_.empty();
    const auto next = again ? returning_.pop() : waiting_.pop();
    next->hold_ = limited_call::hold::token;
    lent_back_ -= again ? 1 : 0;
    if (!again)
      next->state_.store(limited_call::call_state::granted, std::memory_order_relaxed);
    lock.unlock();
    if (again)
      next->on_token_back();
    else
      next->on_token();
    lock.lock();
  }
  if (const auto count = account_.ask(demand()))
    post_from(actor_, limiter_, acquire_tokens{count});
}

void limiter_queue::release(std::size_t count) {
  if (count != 0)
    post_from(actor_, limiter_, release_tokens{count});
}

} // namespace taskactor::detail
