/// `co_await acquire("db")`: tokens of named limiters for a part of a body.
///
///     {
///       auto permit = co_await ta::acquire("db");
///       co_await query();
///     }                                                       // the tokens come back here
///     auto permit = co_await ta::acquire({{"db", 2}, {"mail"}});
///
/// Several are taken in the order of their names. Two that are taken one after the other, in two bodies in
/// different orders, may wait for each other for ever: take what is needed at once. The task's priority and
/// fairness key count here as well; it gives its token of the manager's capacity back while
/// it waits.
///
/// Errors: `std::system_error{errc::invalid_argument}`, when there is no such limiter, or not so many tokens.
/// Stops: while it waits. Dropping a permit gives its tokens back; so does the end of the body. One that is
/// handed on keeps them, and must not outlive the manager.
#pragma once

#include <taskactor/detail/record.hpp>
#include <taskactor/limits.hpp>
#include <taskactor/task.hpp>

#include <coroutine>
#include <utility>
#include <vector>

namespace taskactor {

class [[nodiscard]] permit {
public:
  /// For the runtime.
  explicit permit(detail::ref<detail::record> claim) noexcept : claim_(std::move(claim)) {}
  permit(permit&&) noexcept = default;
  permit& operator=(permit&& other) noexcept {
    std::swap(claim_, other.claim_);
    return *this;
  }
  ~permit() { release(); }

  /// Gives the tokens back now.
  void release() noexcept;

private:
  detail::ref<detail::record> claim_;
};

namespace detail {

class [[nodiscard]] acquire_awaiter final : waiter {
public:
  explicit acquire_awaiter(std::vector<limit> limits) noexcept : limits_(std::move(limits)) {}
  /// Of one that isn't awaited yet.
  acquire_awaiter(acquire_awaiter&& unused) noexcept : limits_(std::move(unused.limits_)) {}
  ~acquire_awaiter();

  bool await_ready() const noexcept { return false; }
  template <body_promise Promise>
  bool await_suspend(std::coroutine_handle<Promise> self) {
    return start(*self.promise().ctx);
  }
  permit await_resume();

private:
  bool start(context& ctx);
  bool ready() const noexcept override { return claim_->token.may_run(); }
  wait_reason reason() const override;

  std::vector<limit> limits_;
  ref<record> claim_;
};

} // namespace detail

[[nodiscard]] inline detail::acquire_awaiter acquire(std::vector<limit> limits) {
  return detail::acquire_awaiter{std::move(limits)};
}
[[nodiscard]] inline detail::acquire_awaiter acquire(limit one) {
  return acquire(std::vector{std::move(one)});
}

} // namespace taskactor
