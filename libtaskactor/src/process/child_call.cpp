#include "child_call.hpp"

#include "../run/runtime.hpp"

#include <taskactor/task/sleep.hpp>
#include <taskactor/task/this_task.hpp>

#include <csignal>
#include <utility>

namespace taskactor::detail {

child_call::child_call(context& owner) : ticket(owner, ref<record>{static_cast<record*>(&owner.core())}) {}

bool child_call::withdraw() noexcept { return task().home->process_gate().revoke(*this); }

call_wait::call_wait(ref<child_call> call, bool for_start, time_point until)
    : call_(std::move(call)), for_start_(for_start) {
  timer_.due = until;
}

call_wait::~call_wait() {
  if (timer_.owner)
    timer_.owner->disarm(timer_);
}

bool call_wait::begin(context& ctx) {
  cancelled_ = ctx.must_stop();
  if (cancelled_ || arrived())
    return false;
  ctx.waiting = this;
  if (timer_.due != time_point::max()) {
    timer_.owner = &ctx;
    ctx.arm(timer_);
  }
  return true;
}

wait_end call_wait::await_resume() const noexcept {
  if (arrived())
    return wait_end::arrived;
  return cancelled_ ? wait_end::cancelled : wait_end::time_up;
}

wait_reason call_wait::reason() const {
  const auto* what = !call_->granted() ? "a token of the process limiter"
                     : for_start_      ? "the start of a process"
                                       : "the end of a process";
  return {what, timer_.due};
}

ref<operation> call_wait::kill() noexcept {
  if (call_->withdraw())
    return {};
  call_->signal(SIGKILL);
  return call_;
}

taskactor::task<void> end_call(ref<child_call> call, std::chrono::nanoseconds grace) {
  call->signal(SIGTERM);
  const auto how = co_await call_wait{call, false, after(this_task::now(), grace)};
  if (how == wait_end::arrived)
    co_return;
  call->signal(SIGKILL);
  co_await call_wait{call, false, time_point::max()};
}

} // namespace taskactor::detail
