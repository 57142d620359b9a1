/// `co_await shield(clean_up())`: while it runs, cancellation is not seen at awaits, so that clean-up may
/// await.
///
///     catch (const ta::cancelled_error&) { co_await ta::shield(roll_back(tx)); throw; }
///
/// Shields nest. After the shielded part, the next await sees the cancellation again.
/// Stops: a shield doesn't hold for ever. When `cancel_grace` is over the body is destroyed, shielded or not
/// (rule 9).
#pragma once

#include <taskactor/task/task.hpp>

#include <coroutine>
#include <type_traits>
#include <utility>

namespace taskactor {

namespace detail {

template <class T>
class shield_awaiter {
public:
  explicit shield_awaiter(task<T> inner) noexcept : inner_(std::move(inner).operator co_await()) {}
  bool await_ready() const noexcept { return false; }
  template <body_promise Promise>
  void await_suspend(std::coroutine_handle<Promise> parent) noexcept {
    ctx_ = parent.promise().ctx;
    ++ctx_->shields;
    inner_.await_suspend(parent);
  }
  T await_resume() {
    --ctx_->shields;
    return inner_.await_resume();
  }

private:
  context* ctx_ = nullptr;
  typename task<T>::awaiter inner_;
};

} // namespace detail

template <class T>
[[nodiscard]] detail::shield_awaiter<T> shield(task<T> inner) noexcept {
  return detail::shield_awaiter<T>{std::move(inner)};
}

} // namespace taskactor
