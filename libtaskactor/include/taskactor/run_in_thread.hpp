/// `co_await run_in_thread(f, args...)`: a blocking call, on a thread of the pool, under the thread limiter.
///
///     auto raw = co_await ta::run_in_thread(download, url);
///     co_await ta::run_in_thread([](std::stop_token stop) { while (!stop.stop_requested()) poll(); });
///
/// The task's actor is parked meanwhile and holds no thread of the scheduler. Callable and arguments are
/// moved or copied into the call, so that they outlive a body that is killed; references must be `std::ref`,
/// and then outlive the thread. A callable that takes a `std::stop_token` first is given one. A coroutine is
/// refused: a thread doesn't run it.
///
/// **g++ 12** destroys twice what is made within the await and owns something: a struct (`job{1, text}`), a
/// lambda with a captured string (`[text] {...}`, refused where it can be told). Give it a name before:
///
///     const job mine{1, text};
///     co_await ta::run_in_thread(work, mine);
///
/// Errors: what the callable throws, unchanged; `errc::thread_ended` when it ends its thread (`pthread_exit`)
/// instead of returning; `cancelled_error` when the task is cancelled before the call starts. Stops: a call
/// that has started can't be interrupted. It is asked to stop (stop token, `this_task::cancel_requested()`),
/// and the await goes on until it returns: its value or exception is then delivered, and the next await
/// throws. After `cancel_grace` the body is destroyed and the thread left behind; its tokens stay taken until
/// it really ends (rules 8 and 9).
#pragma once

#include <taskactor/detail/body.hpp>
#include <taskactor/detail/kept_call.hpp>
#include <taskactor/detail/thread_call.hpp>

#include <coroutine>
#include <optional>
#include <stop_token>
#include <type_traits>
#include <utility>

namespace taskactor {

namespace detail {

template <class F, class... Args>
class typed_call final : public thread_call {
public:
  using result_type = thread_result<F, Args...>;
  using parts = kept_call<F, Args...>;

  typed_call(context& owner, parts&& what)
      : thread_call(owner, takes_stop_token<F, Args...>), parts_(std::in_place, std::move(what)) {}
  ~typed_call() override { drop_parts(); }

  result_type take() {
    if (error)
      std::rethrow_exception(std::move(error));
    if constexpr (!std::is_void_v<result_type>)
      return std::move(*result_);
  }

private:
  void invoke() override {
    if constexpr (std::is_void_v<result_type>)
      make();
    else
      result_.emplace(make());
    drop_parts(); // before the task goes on
  }
  result_type make() {
    if constexpr (takes_stop_token<F, Args...>)
      return (*parts_)(stop_token());
    else
      return (*parts_)();
  }
  /// What their destructors throw is the task's, on whatever thread they run.
  void drop_parts() noexcept {
    if constexpr (!parts::is_dropped_without_faults) {
      const current_scope its_own{this, current_context()};
      parts_.reset();
    }
  }

  std::optional<parts> parts_;
  std::optional<stored<result_type>> result_;
};

/// Waits for the end of a limited call.
class limited_wait : protected waiter {
protected:
  limited_wait() = default;
  /// Of one that isn't awaited yet.
  limited_wait(limited_wait&&) noexcept {} // NOLINT: there is nothing to move
  ~limited_wait() = default;
  void begin(context& ctx, ref<thread_call> call);
  bool ready() const noexcept final { return call_->ended(); }
  bool stop() noexcept final;
  ref<operation> kill() noexcept final;
  wait_reason reason() const final;

  ref<thread_call> call_;
};

template <class F, class... Args>
class [[nodiscard]] thread_awaiter final : limited_wait {
  using call_type = typed_call<F, Args...>;

public:
  template <class G, class... As>
  explicit thread_awaiter(G&& function, As&&... arguments)
      : parts_(std::in_place, std::forward<G>(function), std::forward<As>(arguments)...) {}

  bool await_ready() const noexcept { return false; }
  template <body_promise Promise>
  bool await_suspend(std::coroutine_handle<Promise> self) {
    context& ctx = *self.promise().ctx;
    if (const auto parks = ctx.refusal())
      return *parks;
    begin(ctx, ref<thread_call>{new call_type{ctx, std::move(parts_)}});
    return true;
  }
  typename call_type::result_type await_resume() {
    if (!call_ || call_->revoked())
      throw cancelled_error{};
    return static_cast<call_type&>(*call_).take();
  }

private:
  typename call_type::parts parts_;
};

/// The body of a task that is nothing but such a call.
template <class F, class... Args>
task<thread_result<F, Args...>> thread_body(F function, Args... arguments) {
  thread_awaiter<F, Args...> call{std::move(function), std::move(arguments)...};
  co_return co_await call;
}

} // namespace detail

template <class F, class... Args>
[[nodiscard]] auto run_in_thread(F&& function, Args&&... arguments) {
  if constexpr (detail::check_thread_call<true, F, Args...>())
    return detail::thread_awaiter<std::decay_t<F>, std::decay_t<Args>...>{std::forward<F>(function),
                                                                          std::forward<Args>(arguments)...};
  else
    return detail::refused_await{};
}

} // namespace taskactor
