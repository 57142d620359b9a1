/// How a body waits for a service, and for its answer. Not for users: see `actors/service_request.hpp`.
#pragma once

#include <taskactor/actors/request.hpp>
#include <taskactor/actors/service.hpp>
#include <taskactor/detail/service_listener.hpp>
#include <taskactor/time_span.hpp>

#include <atomic>
#include <chrono>
#include <coroutine>
#include <exception>
#include <utility>

namespace taskactor::detail {

/// Parks a body until something becomes of a service, or until `due`.
class service_waiter : protected waiter, protected service_listener {
public:
  service_waiter(service which, time_point due);
  service_waiter(const service_waiter&) = delete;
  service_waiter& operator=(const service_waiter&) = delete;
  bool await_ready() const noexcept { return false; }
  template <body_promise Promise>
  bool await_suspend(std::coroutine_handle<Promise> self) {
    return start(*self.promise().ctx);
  }
  const service& which() const noexcept { return service_; }

protected:
  ~service_waiter();
  /// False: no need to wait.
  virtual bool list(service_listener& me) = 0;
  /// The wait is over. Errors: `cancelled_error`.
  void finish();
  bool late() const noexcept { return timer_.fired.load(std::memory_order_acquire); }

private:
  bool start(context& ctx);
  void leave() noexcept;
  context& owner() const noexcept override { return *ctx_; }
  void tell() noexcept override { told_.store(true, std::memory_order_release); }
  bool ready() const noexcept override { return told_.load(std::memory_order_acquire) || late(); }
  wait_reason reason() const override;

  service service_;
  timer_entry timer_;
  context* ctx_ = nullptr; // while it waits
  bool stopped_ = false;
  std::atomic<bool> told_{false};
};

/// Until it runs.
class service_wait final : public service_waiter {
public:
  service_wait(service which, std::chrono::nanoseconds limit, time_point due)
      : service_waiter(std::move(which), due), limit_(limit) {}
  /// Null: it was up, and is down again. Errors: `errc::service_down`, `timeout_error`, `cancelled_error`.
  caf::strong_actor_ptr await_resume();

private:
  bool list(service_listener& me) override;
  std::chrono::nanoseconds limit_;
};

/// Until this run of it has ended: between the end of an actor and the supervisor's hearing of it, calls come
/// back that nobody has taken up.
class run_end_wait final : public service_waiter {
public:
  run_end_wait(service which, caf::strong_actor_ptr run, time_point due);
  /// True: it has ended.
  bool await_resume();

private:
  bool list(service_listener& me) override;
  caf::strong_actor_ptr run_;
};

/// A call that a run of the service is to answer: sets `over` when that run has ended.
class service_call final : service_listener {
public:
  service_call(const service& to, const caf::strong_actor_ptr& run, std::atomic<bool>& over);
  service_call(const service_call&) = delete;
  service_call& operator=(const service_call&) = delete;
  ~service_call();
  /// False: that run has ended already.
  bool listed() const noexcept { return listed_; }

private:
  context& owner() const noexcept override { return ctx_; }
  void tell() noexcept override { over_.store(true, std::memory_order_release); }

  const service& service_;
  context& ctx_;
  std::atomic<bool>& over_;
  bool listed_;
};

template <class... Rs>
using reply_values = decltype(std::declval<request_awaiter<Rs...>>().await_resume());

/// How the call of one run went wrong: true, if that run may just have ended, and hadn't taken the call up.
bool came_back(const request_error& error);

template <class... Rs>
task<reply_values<Rs...>> request_through(service to, std::chrono::nanoseconds timeout,
                                          caf::message content) {
  const auto due = after(require_task().now(), scope_limit("request", timeout));
  service_wait up{std::move(to), timeout, due};
  for (;;) {
    caf::strong_actor_ptr actor;
    while (!actor)
      actor = co_await up;
    std::exception_ptr failed;
    request_awaiter<Rs...> asked{actor, content, until(due, require_task().now())};
    const service_call call{up.which(), actor, asked.hopeless()};
    if (!call.listed())
      continue;
    try {
      co_return co_await asked;
    } catch (const request_error& error) {
      if (!came_back(error))
        throw;
      failed = std::current_exception();
    } catch (const timeout_error&) { // which knows only what was left
      throw timeout_error{timeout};
    }
    run_end_wait end{up.which(), actor, due};
    const bool ended = co_await end;
    if (!ended && due <= require_task().now())
      throw timeout_error{timeout};
    if (!ended)
      std::rethrow_exception(failed);
  }
}

} // namespace taskactor::detail
