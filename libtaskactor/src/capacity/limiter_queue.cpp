#include "capacity/limiter_queue.hpp"

#include "caf_adapter/service_actor.hpp"

#include <caf/all.hpp>

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
    : system_(system), limiter_(std::move(limiter)), line_(capacity) {}

caf::actor limiter_queue::start() {
  return actor_ = system_.spawn<limiter_queue_actor, caf::hidden>(shared_from_this());
}

void limiter_queue::enter(ref<limited_call> work) {
  work->queue_ = this;
  std::unique_lock lock{mutex_};
  line_.push(std::move(work));
  serve(lock);
}

bool limiter_queue::revoke(limited_call& work) noexcept {
  const std::lock_guard lock{mutex_};
  return line_.revoke(work);
}

std::vector<ref<limited_call>> limiter_queue::prefetch(std::size_t most) {
  const std::lock_guard lock{mutex_};
  return line_.prefetch(most);
}

void limiter_queue::put_back(ref<limited_call> work) noexcept {
  std::unique_lock lock{mutex_};
  release(line_.put_back(std::move(work)));
  serve(lock);
}

void limiter_queue::pass_on(limited_call& from, limited_call& to) noexcept {
  const std::lock_guard lock{mutex_};
  line_.pass_on(from, to);
}

void limiter_queue::lend_back(limited_call& work) noexcept {
  std::unique_lock lock{mutex_};
  if (line_.keep_wanted(work)) {
    lock.unlock();
    work.on_token_back();
  } else if (const auto count = line_.lend_back(work)) {
    release(*count);
    serve(lock);
  }
}

void limiter_queue::want_back(ref<limited_call> work) noexcept {
  std::unique_lock lock{mutex_};
  if (line_.want_back(std::move(work)))
    serve(lock);
}

bool limiter_queue::serves(const limited_call& work) const noexcept {
  const std::lock_guard lock{mutex_};
  return limited_call_line::serves(work);
}

std::size_t limiter_queue::at_work() const {
  const std::lock_guard lock{mutex_};
  return line_.at_work();
}

void limiter_queue::when_idle(std::function<void()> hook) {
  const std::lock_guard lock{mutex_};
  idle_hook_ = std::move(hook);
}

void limiter_queue::call_when_idle(std::unique_lock<std::mutex> lock) {
  if (line_.prefetched() == 0 || !line_.is_idle())
    return;
  const auto hook = idle_hook_;
  lock.unlock();
  if (hook)
    hook();
}

void limiter_queue::leave(limited_call& work) noexcept {
  std::unique_lock lock{mutex_};
  if (const auto count = line_.leave(work)) {
    release(*count);
    serve(lock);
  }
  call_when_idle(std::move(lock));
}

void limiter_queue::granted(std::size_t count) {
  std::unique_lock lock{mutex_};
  release(line_.granted(count));
  serve(lock);
  call_when_idle(std::move(lock));
}

void limiter_queue::recalled(std::size_t count) {
  std::unique_lock lock{mutex_};
  release(line_.recalled(count));
  serve(lock);
}

void limiter_queue::resize(std::size_t capacity) {
  std::unique_lock lock{mutex_};
  line_.resize(capacity);
  const auto hook
      = line_.prefetched() != 0 ? idle_hook_ : nullptr; // there may be more, which nobody asks for
  post(limiter_, resize_limiter{capacity});
  serve(lock);
  lock.unlock();
  if (hook)
    hook();
}

limiter_statistics limiter_queue::statistics() const {
  const std::lock_guard lock{mutex_};
  return line_.statistics();
}

void limiter_queue::serve(std::unique_lock<std::mutex>& lock) {
  while (const auto next = line_.next()) {
    lock.unlock();
    if (next.again)
      next.call->on_token_back();
    else
      next.call->on_token();
    lock.lock();
  }
  if (const auto count = line_.ask())
    post_from(actor_, limiter_, acquire_tokens{count});
}

void limiter_queue::release(std::size_t count) {
  if (count != 0)
    post_from(actor_, limiter_, release_tokens{count});
}

} // namespace taskactor::detail
