/// The generator behind `as_completed`, and whose its items are. Not for users: see `as_completed.hpp`.
#pragma once

#include <taskactor/async_generator.hpp>
#include <taskactor/detail/gather_waits.hpp>
#include <taskactor/detail/sinks.hpp>
#include <taskactor/detail/total_alarm.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

namespace taskactor {

/// What `as_completed` gives: an item's place in the range, and its outcome.
template <class R>
struct completed_item {
  std::size_t index = 0;
  outcome<R> result{};
};

namespace detail {

/// Waits for one outcome, or the end of all.
template <class State>
class outcome_wait final : lending_wait {
public:
  explicit outcome_wait(State& state) noexcept : state_(state) {}
  bool await_ready() const noexcept { return arrived(); }
  template <body_promise Promise>
  bool await_suspend(std::coroutine_handle<Promise> self) {
    context& ctx = *self.promise().ctx;
    if (const auto parks = ctx.refusal()) {
      refused_ = true;
      return *parks;
    }
    alarm_.set(ctx, state_);
    lend(ctx);
    return true;
  }
  void await_resume() const {
    if (refused_ || cancelled_)
      throw cancelled_error{};
  }

private:
  bool arrived() const noexcept override {
    alarm_.look(state_);
    return (!cancelled_ && !state_.sink.empty()) || state_.progress.complete();
  }
  bool give_up() noexcept override {
    cancelled_ = true;
    state_.cancel(end_reason::parent_ended);
    return false; // the items may refer to what is around the generator: they end first
  }
  std::string awaited() const override { return "an item of \"" + state_.plan().id() + '"'; }
  State& state_;
  total_alarm alarm_;
  bool refused_ = false;
  bool cancelled_ = false;
};

/// A task that has asked for an outcome. The end of the last of these tasks cancels the items, and waits for
/// them (rule 15).
class gather_tenant final : public operation {
public:
  gather_tenant(ref<gather_state> of, std::shared_ptr<std::atomic<std::size_t>> there, context& who)
      : state_(std::move(of)), there_(std::move(there)), who_(&who) {
    there_->fetch_add(1);
  }
  bool ended() const noexcept override { return (left_.load() && !last_.load()) || state_->ended(); }
  void abandon() noexcept override {
    if (left_.exchange(true) || there_->fetch_sub(1) != 1)
      return;
    last_ = true;
    state_->waiter.wake_instead(who_.get());
    state_->cancel(end_reason::parent_ended);
  }
  bool is(const context& who) const noexcept { return who_.get() == &who; }
  bool left() const noexcept { return left_.load(); }

private:
  ref<gather_state> state_;
  std::shared_ptr<std::atomic<std::size_t>> there_; // tenants that haven't left
  ref<context> who_;
  std::atomic<bool> left_{false}, last_{false};
};

/// In the generator's frame: knows its tenants, and cancels what still runs when it is dropped.
class gather_guard {
public:
  explicit gather_guard(ref<gather_state> state) : state_(std::move(state)) {}
  gather_guard(const gather_guard&) = delete;
  gather_guard& operator=(const gather_guard&) = delete;
  /// The range may be the caller's: nobody reads it any more when this is over.
  ~gather_guard() {
    state_->cancel(end_reason::parent_ended);
    while (state_->credit.is_fetching())
      std::this_thread::yield();
  }

  /// `ctx` asks, and is woken.
  void belong_to(context& ctx) {
    std::erase_if(tenants_, [](const auto& each) { return each->left(); });
    if (std::none_of(tenants_.begin(), tenants_.end(), [&](const auto& each) { return each->is(ctx); })) {
      const ref<gather_tenant> tenant{new gather_tenant{state_, there_, ctx}};
      tenants_.push_back(tenant);
      ctx.join_before_exit(tenant);
    }
    state_->waiter.wake_instead(&ctx);
  }

private:
  ref<gather_state> state_;
  std::shared_ptr<std::atomic<std::size_t>> there_ = std::make_shared<std::atomic<std::size_t>>(0);
  std::vector<ref<gather_tenant>> tenants_;
};

/// Items that are begun before somebody takes their outcomes.
inline std::size_t ahead(const gather_state& state) noexcept {
  constexpr std::size_t few = 16, half = ~std::size_t{0} / 2;
  return std::max(few, 2 * std::min(state.plan().limit(), half));
}

template <class F, class Source>
async_generator<completed_item<item_result<F, Source>>> complete_each(gather_options options, F body,
                                                                      Source source) {
  using result = item_result<F, Source>;
  const auto state = make_gather(require_context().home(), std::move(options), std::move(body),
                                 std::move(source), queue_sink<result>{});
  state->adopt(require_context());
  state->credit.limit_to(ahead(*state));
  state->open(true, false);
  gather_guard guard{state};
  for (;;) {
    guard.belong_to(require_context());
    outcome_wait wait{*state};
    co_await wait;
    if (state->sink.empty())
      break;
    auto next = state->sink.pop();
    state->credit.give();
    state->more(); // what has waited for that goes on
    co_yield std::move(next);
  }
  state->waiter.rethrow_failure();
  for (auto index = state->source.taken(); index < state->source.size(); ++index) {
    completed_item<result> never{index, {}};
    co_yield std::move(never);
  }
}

/// In place of what is refused.
async_generator<completed_item<no_call>> no_generator();

} // namespace detail

} // namespace taskactor
