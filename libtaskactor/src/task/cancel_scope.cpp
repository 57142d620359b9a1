#include <taskactor/cancel_scope.hpp>
#include <taskactor/error.hpp>
#include <taskactor/expected.hpp>
#include <taskactor/task_options.hpp>

#include <algorithm>
#include <utility>

namespace taskactor {

cancel_scope::cancel_scope(cancel_scope_options options)
    : state_(new detail::cancel_scope_state{
        options.deadline, detail::scope_limit("cancel_scope", options.timeout), options.shield}) {}

namespace detail {

void refuse_empty_scope() {
  throw_rejection({errc::invalid_argument, "cancel_scope: it is empty: it was moved from"});
}

/// What it awaits then, now or later, throws.
void cancel_scope_state::cancel() noexcept {
  const std::lock_guard lock{mutex_};
  if (stage_ == stage::over)
    return;
  cancelled_ = true;
  if (!run_)
    return;
  run_->cancelled.store(true, std::memory_order_release);
  body_->wake();
}

bool cancel_scope_state::set_deadline(time_point due) {
  const std::lock_guard lock{mutex_};
  if (stage_ == stage::over || cancelled_ || (run_ && run_->expired()))
    return false;
  if (run_) {
    if (!body_->move(run_->timer, due))
      return false;
    if (due <= body_->core().now()) { // has expired, and its timer needn't ring
      run_->timer.fired.store(true, std::memory_order_release);
      body_->wake();
    }
  }
  deadline_.store(due, std::memory_order_release);
  return true;
}

bool cancel_scope_state::cancel_called() const noexcept {
  const std::lock_guard lock{mutex_};
  return cancelled_ || expired_ || (run_ && run_->expired());
}

void cancel_scope_run::begin(context& where) {
  auto& state = *state_;
  const std::lock_guard lock{state.mutex_};
  if (state.stage_ != cancel_scope_state::stage::fresh)
    throw_rejection({errc::invalid_argument, "cancel_scope: it runs one body, once; make another one"});
  timer.due = std::min(state.deadline(), after(where.core().now(), state.timeout_));
  cancelled.store(state.cancelled_, std::memory_order_relaxed);
  enter(where);
  state.deadline_.store(timer.due, std::memory_order_release);
  state.stage_ = cancel_scope_state::stage::running;
  state.run_ = this;
  state.body_ = ref<context>{&where};
  begun_ = true;
}

/// Also of a body that is destroyed.
void cancel_scope_run::end() noexcept {
  if (!std::exchange(begun_, false))
    return;
  ref<context> body; // released after the lock
  const std::lock_guard lock{state_->mutex_};
  leave();
  state_->stage_ = cancel_scope_state::stage::over;
  state_->expired_ = expired();
  state_->run_ = nullptr;
  body = std::exchange(state_->body_, {});
}

} // namespace detail
} // namespace taskactor
