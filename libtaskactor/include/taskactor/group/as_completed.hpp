/// `as_completed`: a gather whose outcomes come as they are ready.
///
///     auto done = ta::as_completed({.concurrency = 16}, fetch, urls);
///     while (auto one = co_await done.next())
///       use(one->index, one->result);             // the item's place in the range, and its outcome
///
/// Nothing starts before the first `next()`. The items run on while the outcomes are used, at most
/// `concurrency` at once; outcomes that nobody has asked for yet are kept. The task gives its token back
/// while it waits for one (rule 6).
///
/// Stops: dropping it cancels what runs; the task it was used in doesn't end before that has ended (rule 15).
/// Errors: of the range, from `next()`; those of the items are in their outcomes.
#pragma once

#include <taskactor/group/gather.hpp>
#include <taskactor/task/async_generator.hpp>

#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <utility>

namespace taskactor {

template <class R>
struct completed_item {
  std::size_t index = 0;
  outcome<R> result{};
};

namespace detail {

/// Keeps outcomes until they are asked for.
template <class R>
class queue_sink {
public:
  void operator()(std::size_t index, outcome<R>&& what) {
    const std::lock_guard lock{*mutex_};
    ready_.push_back({index, std::move(what)});
  }
  bool empty() const {
    const std::lock_guard lock{*mutex_};
    return ready_.empty();
  }
  completed_item<R> pop() {
    const std::lock_guard lock{*mutex_};
    auto first = std::move(ready_.front());
    ready_.pop_front();
    return first;
  }

private:
  std::unique_ptr<std::mutex> mutex_ = std::make_unique<std::mutex>();
  std::deque<completed_item<R>> ready_;
};

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
    lend(ctx);
    return true;
  }
  void await_resume() const {
    if (refused_ || gave_up())
      throw cancelled_error{};
  }

private:
  bool arrived() const noexcept override { return !state_.sink.empty() || state_.complete(); }
  std::string awaited() const override { return "an item of \"" + *state_.options().id + '"'; }
  State& state_;
  bool refused_ = false;
};

/// Cancels the items that still run, and leaves them to the task.
class gather_guard {
public:
  gather_guard(ref<gather_state> state, context& owner) : state_(std::move(state)), owner_(owner) {
    state_->adopt(owner_);
  }
  gather_guard(const gather_guard&) = delete;
  gather_guard& operator=(const gather_guard&) = delete;
  ~gather_guard() {
    state_->cancel(end_reason::parent_ended);
    owner_.outlive(state_);
  }

private:
  ref<gather_state> state_;
  context& owner_;
};

template <class F, class Source>
async_generator<completed_item<item_result<F, Source>>> complete_each(gather_options options, F body,
                                                                      Source source) {
  context& ctx = require_context();
  const auto state = make_gather(ctx.home(), std::move(options), std::move(body), std::move(source),
                                 queue_sink<item_result<F, Source>>{});
  const gather_guard guard{state, ctx};
  state->open(true, false);
  for (;;) {
    outcome_wait wait{*state};
    co_await wait;
    if (state->sink.empty())
      break;
    co_yield state->sink.pop();
  }
  state->rethrow_sink_failure();
}

/// In place of what is refused.
async_generator<completed_item<no_call>> no_generator();

} // namespace detail

/// Inside a task. An lvalue range must outlive the generator.
template <class F, class Items>
[[nodiscard]] auto as_completed(gather_options options, F&& body, Items&& items) {
  if constexpr (detail::check_gather<false, F, Items>())
    return detail::complete_each<std::decay_t<F>>(std::move(options), std::forward<F>(body),
                                                  detail::make_source(std::forward<Items>(items)));
  else
    return detail::no_generator();
}
template <detail::no_options<gather_options> First, class... Rest>
async_generator<completed_item<detail::no_call>> as_completed(First&&, Rest&&...) {
  return detail::gather_options_first<First>(), detail::no_generator();
}

} // namespace taskactor
