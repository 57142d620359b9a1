/// How a thread, or a body, waits for a gather. Not for users: see `gather.hpp`.
#pragma once

#include <taskactor/detail/fed_source.hpp>
#include <taskactor/detail/gather_check.hpp>
#include <taskactor/detail/sinks.hpp>
#include <taskactor/detail/sources.hpp>
#include <taskactor/detail/total_alarm.hpp>
#include <taskactor/detail/typed_gather.hpp>
#include <taskactor/detail/wait.hpp>

#include <exception>
#include <memory>
#include <optional>
#include <ranges>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace taskactor::detail {

template <class F, class Items>
auto gather_and_wait(manager_core& home, gather_options options, F&& f, Items&& items) {
  if constexpr (check_gather<false, F, Items>()) {
    auto source = make_source(std::forward<Items>(items));
    using source_type = decltype(source);
    vector_sink<item_result<F, source_type>> sink{source.size(), source_type::in_place};
    auto state
        = make_gather(home, std::move(options), std::forward<F>(f), std::move(source), std::move(sink));
    state->open(false, false);
    state->wait();
    state->waiter.rethrow_failure();
    return state->sink.take();
  } else {
    return std::vector<outcome<no_call>>{};
  }
}

/// `Held`: as the range was given, as an lvalue or an rvalue.
template <class Held, class F, class Items, class Sink>
std::size_t gather_checked_each(manager_core& home, gather_options options, F&& f, Items& items, Sink& sink) {
  using item = std::ranges::range_value_t<Items>;
  using result = item_result<F, fed_source<item>>;
  auto state = make_gather(home, std::move(options), std::forward<F>(f), fed_source<item>{},
                           borrowed_sink<result, std::remove_reference_t<Sink>>{sink});
  state->open(false, true);
  std::size_t pulled = 0;
  std::exception_ptr range_failure;
  try {
    pulled = feed<Held>(*state, state->source, items);
  } catch (...) {
    range_failure = std::current_exception();
  }
  try {
    state->wait(); // whatever happened: the items that run refer to the sink
  } catch (...) {  // in virtual time: they will never end
    state->sink.detach();
    throw;
  }
  state->waiter.rethrow_failure();
  std::optional<item> left;
  for (std::size_t index = 0; state->source.fetch(left, index);) // what was pulled, and had no turn
    state->sink(index, outcome<result>{});
  if (range_failure)
    std::rethrow_exception(range_failure);
  return pulled;
}

/// The slots take the items, and the calling thread has nothing to do.
template <class F, class Source, class Sink>
std::size_t gather_sent_each(manager_core& home, gather_options options, F&& f, Source source, Sink& sink) {
  using result = item_result<F, Source>;
  auto state = make_gather(home, std::move(options), std::forward<F>(f), std::move(source),
                           borrowed_sink<result, std::remove_reference_t<Sink>>{sink});
  state->open(false, false);
  try {
    state->wait();
  } catch (...) { // in virtual time: they will never end
    state->sink.detach();
    throw;
  }
  state->waiter.rethrow_failure();
  return state->source.taken();
}

template <class F, class Items, class Sink>
std::size_t gather_each(manager_core& home, gather_options options, F&& f, Items&& items, Sink&& sink) {
  if constexpr (!check_gather_each<F, Items, Sink>())
    return 0; // isn't reached
  else if constexpr (sent_items<Items>)
    return gather_sent_each(home, std::move(options), std::forward<F>(f), make_source(items), sink);
  else
    return gather_checked_each<Items>(home, std::move(options), std::forward<F>(f), items, sink);
}

/// The await of a gather inside a task.
template <class F, class Source>
class [[nodiscard]] gather_awaiter final : lending_wait {
  using result = item_result<F, Source>;
  using state_type = typed_gather<F, Source, vector_sink<result>>;

public:
  gather_awaiter(gather_options options, F f, Source source)
      : options_(std::move(options)), function_(std::move(f)), source_(std::move(source)) {}

  bool await_ready() const noexcept { return false; }
  template <body_promise Promise>
  bool await_suspend(std::coroutine_handle<Promise> self) {
    context& ctx = *self.promise().ctx;
    if (const auto parks = ctx.refusal())
      return *parks;
    vector_sink<result> sink{source_.size(), Source::in_place};
    state_ = make_gather(ctx.home(), std::move(options_), std::move(function_), std::move(source_),
                         std::move(sink));
    state_->adopt(ctx);
    state_->open(true, false);
    alarm_.set(ctx, *state_);
    lend(ctx);
    return true;
  }
  std::vector<outcome<result>> await_resume() {
    if (state_ && state_->ended())
      state_->waiter.wake_instead(nullptr);
    else if (state_)
      ctx()->join_before_exit_if_killed(state_); // items that were answered for go on
    if (!state_ || told_)
      throw cancelled_error{};
    state_->waiter.rethrow_failure();
    return state_->sink.take();
  }

private:
  bool arrived() const noexcept override {
    alarm_.look(*state_);
    return state_->progress.complete();
  }
  std::string awaited() const override { return "the items of \"" + state_->plan().id() + '"'; }
  bool give_up() noexcept override {
    told_ = told_ || !state_->progress.complete();
    state_->cancel(end_reason::parent_ended);
    return false; // structured: wait for the items to end (rule 15)
  }
  ref<operation> kill() noexcept override {
    state_->kill();
    return state_;
  }

  gather_options options_;
  F function_;
  Source source_;
  ref<state_type> state_;
  total_alarm alarm_;
  bool told_ = false; // while items ran: a cancellation, or a deadline around it
};

} // namespace taskactor::detail
