#include <taskactor/run/request.hpp>

#include "task_actor.hpp"

#include <caf/all.hpp>

#include <utility>

namespace taskactor {

request_error::request_error(const std::string& what, caf::error reason)
    : std::system_error(make_error_code(errc::request_failed), what), reason_(std::move(reason)) {}

namespace detail {

request_wait::request_wait(caf::strong_actor_ptr to, caf::message content, std::chrono::nanoseconds timeout)
    : to_(std::move(to)), content_(std::move(content)), timeout_(scope_limit("request", timeout)) {}

request_wait::request_wait(request_wait&& unused) noexcept
    : to_(std::move(unused.to_)), content_(std::move(unused.content_)), timeout_(unused.timeout_) {}

request_wait::~request_wait() {
  if (ctx_)
    ctx_->disarm(timer_);
}

bool request_wait::start(context& ctx) {
  if (const auto parks = ctx.refusal())
    return *parks;
  if (!to_)
    throw request_error{"there is no actor to ask", caf::sec::invalid_argument};
  ctx_ = &ctx;
  reply_ = ref<reply_slot>{new reply_slot};
  timer_.owner = &ctx;
  ctx.waiting = this;
  const auto now = ctx.core().now();
  timer_.due = after(now, timeout_);
  if (timer_.due <= now)
    timer_.fired.store(true, std::memory_order_relaxed); // zero has expired
  else if (timer_.due != time_point::max())
    ctx.arm(timer_);
  static_cast<task_actor&>(ctx).send_request(to_, std::move(content_), reply_);
  return true;
}

caf::message request_wait::finish() {
  if (!reply_ || (!reply_->arrived.load(std::memory_order_acquire) && ctx_->must_stop()))
    throw cancelled_error{};
  if (!reply_->arrived.load(std::memory_order_acquire) && hopeless_.load(std::memory_order_acquire))
    throw request_error{"the actor has ended during the call", caf::exit_reason::unreachable};
  if (!reply_->arrived.load(std::memory_order_acquire))
    throw timeout_error{timeout_};
  auto reply = std::move(reply_->content);
  if (reply.match_elements<caf::error>()) {
    const auto& reason = reply.get_as<caf::error>(0);
    throw request_error{caf::to_string(reason), reason};
  }
  return reply;
}

void request_wait::refuse(const caf::message& reply) {
  throw request_error{"the reply is of other types than asked for: " + caf::to_string(reply), {}};
}

} // namespace detail
} // namespace taskactor
