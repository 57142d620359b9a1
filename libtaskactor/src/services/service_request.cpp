#include <taskactor/actors/service_request.hpp>

#include "lifecycle/manager_core.hpp"
#include "services/service_registry.hpp"

#include <taskactor/time_span.hpp>

#include <caf/all.hpp>

#include <algorithm>
#include <utility>

namespace taskactor::detail {

service_waiter::service_waiter(service which, time_point due) : service_(std::move(which)) {
  timer_.due = due;
}

service_waiter::~service_waiter() { leave(); }

void service_waiter::leave() noexcept {
  if (!ctx_)
    return;
  ctx_->disarm(timer_);
  service_.services().remove(*this, service_.node());
  ctx_ = nullptr;
}

bool service_waiter::start(context& ctx) {
  stopped_ = false;
  if (const auto parks = ctx.refusal()) {
    stopped_ = true;
    return *parks;
  }
  if (service_.node().kind != service_kind::actor)
    throw_rejection(
        {errc::invalid_argument, '"' + service_.path() + "\" is no actor, and takes no messages"});
  ctx_ = &ctx;
  told_.store(false, std::memory_order_relaxed);
  timer_.owner = &ctx;
  if (!list(*this)) {
    ctx_ = nullptr;
    return false;
  }
  ctx.waiting = this;
  if (timer_.due <= ctx.core().now())
    timer_.fired.store(true, std::memory_order_relaxed); // zero has expired
  else if (timer_.due != time_point::max())
    ctx.arm(timer_);
  return true;
}

void service_waiter::finish() {
  const bool cancelled = stopped_ || (ctx_ && !ready() && ctx_->must_stop());
  leave();
  if (cancelled)
    throw cancelled_error{};
}

wait_reason service_waiter::reason() const {
  return {"service \"" + service_.path() + "\" to run", timer_.due};
}

bool service_wait::list(service_listener& me) {
  return which().mode() == when_down::wait && which().services().add(me, which().node());
}

caf::strong_actor_ptr service_wait::await_resume() {
  finish();
  if (auto actor = which().services().running(which().node(), which().mode()))
    return actor;
  if (late())
    throw timeout_error{limit_};
  return nullptr; // down again
}

namespace {

/// An actor that has ended is heard of within microseconds; one that has handed the call on to another actor,
/// which had ended, goes on.
constexpr std::chrono::milliseconds end_bound{100};

} // namespace

run_end_wait::run_end_wait(service which, caf::strong_actor_ptr run, time_point due)
    : service_waiter(std::move(which), std::min(due, after(require_task().now(), end_bound))),
      run_(std::move(run)) {}

bool run_end_wait::list(service_listener& me) {
  return which().services().add_call(me, which().node(), run_);
}

bool run_end_wait::await_resume() {
  finish();
  return !which().services().is_running(which().node(), run_);
}

bool came_back(const request_error& error) { return error.reason() == caf::sec::request_receiver_down; }

service_call::service_call(const service& to, const caf::strong_actor_ptr& run, std::atomic<bool>& over)
    : service_(to),
      ctx_(require_context()),
      over_(over),
      listed_(to.services().add_call(*this, to.node(), run)) {}

service_call::~service_call() { service_.services().remove(*this, service_.node()); }

} // namespace taskactor::detail
