#include <taskactor/actors/request.hpp>

#include "caf_adapter/compat_error.hpp"
#include "caf_adapter/compat_watch.hpp"
#include "lifecycle/task_actor.hpp"

#include <taskactor/error.hpp>
#include <taskactor/time_span.hpp>

#include <caf/all.hpp>

#include <algorithm>
#include <utility>

namespace taskactor {

request_error::request_error(const std::string& what, caf::error reason)
    : error(errc::request_failed, what), reason_(std::move(reason)) {}

namespace detail {

namespace {

/// After the end of who was asked: for the reply of another one that it has handed the call on to. After a
/// promise that was broken: for the reason.
constexpr std::chrono::milliseconds end_grace{100};

} // namespace

request_wait::request_wait(caf::strong_actor_ptr to, caf::message content, std::chrono::nanoseconds timeout)
    : to_(std::move(to)), content_(std::move(content)), timeout_(scope_limit("request", timeout)) {}

request_wait::request_wait(request_wait&& unused) noexcept
    : to_(std::move(unused.to_)), content_(std::move(unused.content_)), timeout_(unused.timeout_) {}

request_wait::~request_wait() {
  watch_.reset(); // waits for who is just telling of an end
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
  watch_ = std::make_unique<actor_watch>(to_, [this](const caf::error& reason) { on_end(reason); });
  return true;
}

/// Threads: any.
void request_wait::on_end(const caf::error& reason) {
  end_ = reason;
  ended_.store(true, std::memory_order_release);
  ctx_->wake();
}

/// CAF 1.x answers for who ends with a promise that he hasn't kept, before his end can be heard of.
bool request_wait::is_broken_promise() const noexcept {
  const auto& reply = reply_->content;
  return reply.match_elements<caf::error>() && detail::is_broken_promise(reply.get_as<caf::error>(0));
}

bool request_wait::ready() const noexcept {
  if (timer_.fired.load(std::memory_order_acquire) || hopeless_.load(std::memory_order_acquire))
    return true;
  const bool arrived = reply_->arrived.load(std::memory_order_acquire);
  const bool ended = ended_.load(std::memory_order_acquire);
  if (arrived && (ended || !is_broken_promise()))
    return true;
  if ((arrived || ended) && !std::exchange(in_grace_, true)) {
    ctx_->disarm(timer_);
    timer_.due = std::min(timer_.due, after(ctx_->core().now(), end_grace));
    ctx_->arm(timer_);
  }
  return false;
}

caf::message request_wait::finish() {
  watch_.reset();
  const bool arrived = reply_ && reply_->arrived.load(std::memory_order_acquire);
  const bool answered = arrived && !is_broken_promise();
  if (!reply_ || (!answered && ctx_->must_stop()))
    throw cancelled_error{};
  if (!arrived && hopeless_.load(std::memory_order_acquire))
    throw request_error{"the actor has ended during the call", caf::exit_reason::unreachable};
  if (ended_.load(std::memory_order_acquire) && !answered)
    throw request_error{"the actor has ended during the call: " + caf::to_string(end_),
                        end_ ? end_ : caf::error{caf::exit_reason::unreachable}};
  if (!arrived)
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
