/// A call on a thread with its callable and arguments, and how a body waits for it. Not for users: see
/// `run_in_thread.hpp`.
#pragma once

#include <taskactor/detail/body.hpp>
#include <taskactor/detail/kept_call.hpp>
#include <taskactor/detail/thread_call.hpp>

#include <coroutine>
#include <optional>
#include <stop_token>
#include <type_traits>
#include <utility>

namespace taskactor::detail {

template <class F, class... Args>
class typed_call final : public thread_call {
public:
  using result_type = thread_result<F, Args...>;
  using parts = kept_call<F, Args...>;

  typed_call(context& owner, parts&& what)
      : thread_call(owner, takes_stop_token<F, Args...>), parts_(std::in_place, std::move(what)) {}
  ~typed_call() noexcept override { drop_parts(); }

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

} // namespace taskactor::detail
