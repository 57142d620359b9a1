#include "token_gate.hpp"

#include "service_actor.hpp"

#include <caf/all.hpp>

#include <algorithm>
#include <utility>

namespace taskactor::detail {

namespace {

class gate_actor final : public service_actor {
public:
  gate_actor(caf::actor_config& config, std::shared_ptr<token_gate> owner)
      : service_actor(config), owner_(std::move(owner)) {}
  caf::behavior make_behavior() override {
    return {
        [this](const tokens_granted& got) { owner_->granted(got.count); },
        [this](const tokens_recalled& owed) { owner_->recalled(owed.count); },
    };
  }
  const char* name() const override { return "taskactor.gate"; }

private:
  std::shared_ptr<token_gate> owner_;
};

} // namespace

ticket::ticket(context& owner, ref<record> task) noexcept : owner_(owner), task_(std::move(task)) {
  owner_.retain();
}
ticket::~ticket() { owner_.release(); }

void ticket::finish() noexcept {
  const auto ending = gate_->ending_; // ours: what is woken may end the gate
  if (ending)
    ++*ending;
  gate_->leave(*this);
  owner_.wake();
  if (ending)
    --*ending;
}

token_gate::token_gate(caf::actor_system& system, caf::actor limiter, std::size_t capacity)
    : system_(system), limiter_(std::move(limiter)), capacity_(capacity) {}

caf::actor token_gate::start() { return actor_ = system_.spawn<gate_actor, caf::hidden>(shared_from_this()); }

void token_gate::enter(ref<ticket> work) {
  work->gate_ = this;
  std::unique_lock lock{mutex_};
  waiting_.push(std::move(work));
  serve(lock);
}

bool token_gate::revoke(ticket& work) noexcept {
  const std::lock_guard lock{mutex_};
  if (!waiting_.remove(work))
    return false;
  work.stage_.store(ticket::stage::revoked, std::memory_order_release);
  return true;
}

std::vector<ref<ticket>> token_gate::prefetch(std::size_t most) {
  std::vector<ref<ticket>> taken;
  const std::lock_guard lock{mutex_};
  if (account_.owes() || account_.used() > capacity_)
    return taken;
  const auto users = std::max<std::size_t>(account_.used(), 1);
  most = std::min(most, (waiting_.size() + users - 1) / users);
  taken.reserve(most);
  while (taken.size() < most && waiting_.front()->may_be_prefetched()) {
    taken.push_back(waiting_.pop());
    taken.back()->stage_.store(ticket::stage::granted, std::memory_order_release);
  }
  prefetched_ += taken.size();
  return taken;
}

void token_gate::put_back(ref<ticket> work) noexcept {
  std::unique_lock lock{mutex_};
  if (std::exchange(work->hold_, ticket::hold::nothing) == ticket::hold::token)
    release(account_.put_unused(1));
  else
    --prefetched_;
  work->stage_.store(ticket::stage::waiting, std::memory_order_release);
  waiting_.push_front(std::move(work));
  serve(lock);
}

void token_gate::pass_on(ticket& from, ticket& to) noexcept {
  const std::lock_guard lock{mutex_};
  if (from.hold_ == ticket::hold::token) // else it leaves as what it is, and the other one runs over capacity
    to.inherit_token(from);
}

void token_gate::lend_back(ticket& work) noexcept {
  std::unique_lock lock{mutex_};
  if (work.hold_ == ticket::hold::token_wanted) {
    work.hold_ = ticket::hold::token;
    lock.unlock();
    work.on_token_back();
  } else if (work.hold_ == ticket::hold::token) {
    work.hold_ = ticket::hold::lent;
    ++lent_back_;
    release(account_.put());
    serve(lock);
  } else if (work.hold_ == ticket::hold::wants_it_back) {
    work.hold_ = ticket::hold::lent;
    returning_.remove(work);
  }
}

void token_gate::want_back(ref<ticket> work) noexcept {
  std::unique_lock lock{mutex_};
  if (work->hold_ == ticket::hold::token) {
    work->hold_ = ticket::hold::token_wanted;
  } else if (work->hold_ == ticket::hold::lent) {
    work->hold_ = ticket::hold::wants_it_back;
    returning_.push(std::move(work));
    serve(lock);
  }
}

bool token_gate::serves(const ticket& work) const noexcept {
  const std::lock_guard lock{mutex_};
  return work.hold_ == ticket::hold::token;
}

std::size_t token_gate::at_work() const {
  const std::lock_guard lock{mutex_};
  return account_.used() + lent_back_;
}

void token_gate::when_idle(std::function<void()> hook) {
  const std::lock_guard lock{mutex_};
  idle_hook_ = std::move(hook);
}

void token_gate::call_when_idle(std::unique_lock<std::mutex> lock) {
  if (prefetched_ == 0 || demand() != 0 || account_.idle() == 0)
    return;
  const auto hook = idle_hook_;
  lock.unlock();
  if (hook)
    hook();
}

void token_gate::leave(ticket& work) noexcept {
  std::unique_lock lock{mutex_};
  const auto held = std::exchange(work.hold_, ticket::hold::nothing);
  work.stage_.store(ticket::stage::ended, std::memory_order_release);
  if (held == ticket::hold::nothing)
    --prefetched_;
  if (held == ticket::hold::wants_it_back)
    returning_.remove(work);
  if (held == ticket::hold::wants_it_back || held == ticket::hold::lent)
    --lent_back_;
  if (held == ticket::hold::token || held == ticket::hold::token_wanted) {
    release(account_.put());
    serve(lock);
  }
  call_when_idle(std::move(lock));
}

void token_gate::granted(std::size_t count) {
  std::unique_lock lock{mutex_};
  release(account_.granted(count));
  serve(lock);
  call_when_idle(std::move(lock));
}

void token_gate::recalled(std::size_t count) {
  std::unique_lock lock{mutex_};
  release(account_.recalled(count));
  serve(lock);
}

void token_gate::resize(std::size_t capacity) {
  std::unique_lock lock{mutex_};
  capacity_ = capacity;
  const auto hook = prefetched_ != 0 ? idle_hook_ : nullptr; // there may be more, which nobody asks for
  post(limiter_, resize_limiter{capacity});
  serve(lock);
  lock.unlock();
  if (hook)
    hook();
}

limiter_statistics token_gate::statistics() const {
  const std::lock_guard lock{mutex_};
  return {capacity_, account_.used(), demand()};
}

void token_gate::serve(std::unique_lock<std::mutex>& lock) {
  // A token that is idle here and beyond a smaller capacity is about to be recalled.
  while (demand() != 0 && account_.used() < capacity_ && account_.take()) {
    const bool again = !returning_.empty();
    const auto next = again ? returning_.pop() : waiting_.pop();
    next->hold_ = ticket::hold::token;
    lent_back_ -= again ? 1 : 0;
    if (!again)
      next->stage_.store(ticket::stage::granted, std::memory_order_relaxed);
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

void token_gate::release(std::size_t count) {
  if (count != 0)
    post_from(actor_, limiter_, release_tokens{count});
}

} // namespace taskactor::detail
