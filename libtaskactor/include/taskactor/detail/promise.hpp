/// `detail::promise_base`: what the coroutines of a task have in common, and how their frames end. Not for
/// users.
#pragma once

#include <taskactor/detail/awaitable.hpp>
#include <taskactor/detail/context.hpp>

#include <coroutine>
#include <exception>

namespace taskactor::detail {

class promise_base : public own_awaits {
public:
  std::coroutine_handle<> handle;
  context* ctx = nullptr;
  promise_base* continuation = nullptr; // who awaits this one; null for the root
  promise_base** owner = nullptr;       // what destroys the frame, and is told when it has gone
  std::exception_ptr error;
  bool cancellation = false; // of a root: it is a `cancelled_error`

  promise_base() noexcept = default;
  promise_base(const promise_base&) = delete;
  promise_base& operator=(const promise_base&) = delete;
  ~promise_base() {
    if (owner)
      *owner = nullptr;
  }

  struct final_awaiter {
    bool await_ready() const noexcept { return false; }
    template <class Promise>
    void await_suspend(std::coroutine_handle<Promise> self) const noexcept {
      promise_base& promise = self.promise();
      promise.ctx->leaf = promise.continuation;
    }
    void await_resume() const noexcept {}
  };

  std::suspend_always initial_suspend() const noexcept { return {}; }
  final_awaiter final_suspend() const noexcept { return {}; }
  void unhandled_exception() noexcept;
  /// Throws what has left the coroutine. Errors: `errc::no_value`, if nothing has.
  [[noreturn]] void raise_no_value();

  /// Makes this coroutine the one that runs in `context`.
  void enter(context& where, promise_base* awaiting, promise_base*& owned_by) noexcept {
    ctx = &where;
    continuation = awaiting;
    owner = &owned_by;
    where.leaf = this;
  }
};

/// Destroys a frame, whatever its destructors throw. Returns the first of that; what else is thrown is
/// reported.
std::exception_ptr destroy_frame(promise_base* frame) noexcept;
/// The same with a chain of nested frames, from its leaf to its root, as an exception would leave them,
/// without recursion.
std::exception_ptr destroy_chain(promise_base* leaf) noexcept;
/// For destructors, which can't let anything out: `destroy_frame`, and all is reported.
void drop_frame(promise_base* frame) noexcept;
/// What a destructor has thrown, by the task that runs on this thread, as an event of `cleanup_fault`. Where
/// there is none, or nothing was thrown, nothing happens.
void report_fault(const std::exception_ptr& thrown) noexcept;

/// Leaves the destruction of a frame whose parameters are destroyed already: see parameters.hpp.
struct parameters_gone {};

[[noreturn]] void refuse_empty_task();
inline promise_base& require_frame(promise_base* promise) {
  if (!promise)
    refuse_empty_task();
  return *promise;
}

} // namespace taskactor::detail
