#include "service_book.hpp"

#include "../run/runtime.hpp"

#include <taskactor/service/service.hpp>

#include <caf/all.hpp>

#include <utility>

namespace taskactor {

const std::string& service::path() const noexcept { return node_->path; }
service_info service::info() const { return book_->info(*node_); }
caf::actor service::actor() const { return book_->name_of(*node_, how_); }

namespace detail {

service_wait::service_wait(service which, std::chrono::nanoseconds limit, time_point due)
    : service_(std::move(which)), limit_(limit) {
  timer_.due = due;
}

service_wait::~service_wait() { leave(); }

void service_wait::leave() noexcept {
  if (!ctx_)
    return;
  ctx_->disarm(timer_);
  service_.book().remove(*this, service_.node());
  ctx_ = nullptr;
}

bool service_wait::start(context& ctx) {
  stopped_ = false;
  if (const auto parks = ctx.refusal()) {
    stopped_ = true;
    return *parks;
  }
  if (service_.node().kind != service_kind::actor)
    throw_rejection(
        {errc::invalid_argument, '"' + service_.path() + "\" is no actor, and takes no messages"});
  if (service_.mode() == if_down::fail)
    return false;
  ctx_ = &ctx;
  told_.store(false, std::memory_order_relaxed);
  timer_.owner = &ctx;
  if (!service_.book().add(*this, service_.node())) {
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

caf::strong_actor_ptr service_wait::await_resume() {
  const bool told = told_.load(std::memory_order_acquire);
  const bool late = timer_.fired.load(std::memory_order_acquire);
  if (stopped_ || (ctx_ && !told && !late && ctx_->must_stop())) {
    leave();
    throw cancelled_error{};
  }
  leave();
  if (auto actor = service_.book().running(service_.node(), service_.mode()))
    return actor;
  if (late)
    throw timeout_error{limit_};
  return nullptr; // down again
}

service_call::service_call(const service& to, const caf::strong_actor_ptr& run, std::atomic<bool>& over)
    : service_(to), ctx_(require_context()), over_(over) {
  if (!to.book().add_call(*this, to.node(), run))
    tell();
}

service_call::~service_call() { service_.book().remove(*this, service_.node()); }

wait_reason service_wait::reason() const {
  return {"service \"" + service_.path() + "\" to run", timer_.due};
}

} // namespace detail
} // namespace taskactor
