/// `cancel_scope`: a part of a body that is cancelled by hand, and whose deadline can be changed while it
/// runs.
///
///     ta::cancel_scope search{{.timeout = 5s}};               // copies are the same scope
///     button.on_click([search] { search.cancel(); });         // from any thread
///     auto found = co_await search.run(look_everywhere());    // std::optional; of void: false if it was cut
///     if (search.cancelled_caught()) ...                      // it was: cancelled, or out of time
///
///     search.set_deadline(search.deadline() + 5s);            // there is progress: longer
///
/// It is a scope as those of `scope.hpp` are, and nests with them and itself in any order: what is awaited in
/// it throws `cancelled_error` from the cancellation or the deadline on, at each await; at its edge that
/// turns into an empty answer, unless a scope around it, or the task, is to end as well, which then decides.
/// A value wins. With `shield` what is around it isn't seen inside, but at its edge; its own end is.
///
/// It runs one body, once. What was said before counts from the beginning: one that was cancelled already
/// ends its body at the first await. Once it has expired or was cancelled it stays so: `set_deadline` then
/// changes nothing.
///
/// What is begun in it (children, items, calls on threads) ends with it, but isn't told its deadline by
/// `this_task::deadline()`, since that may change; the body itself is. A call on another node has the
/// deadline that there was when it was made.
///
/// Threads: all but `run` may be called from any. Errors: those of the body, and of clean-up as of
/// `move_on_after`; `errc::invalid_argument` for a negative duration, a second `run`, and of one that was
/// moved from; `std::bad_alloc`. Stops: as other scopes.
#pragma once

#include <taskactor/detail/as_task.hpp>
#include <taskactor/detail/awaitable.hpp>
#include <taskactor/detail/cancel_scope_state.hpp>
#include <taskactor/detail/ref.hpp>
#include <taskactor/scope.hpp>
#include <taskactor/task.hpp>
#include <taskactor/time_span.hpp>

#include <chrono>
#include <coroutine>
#include <optional>
#include <type_traits>
#include <utility>

namespace taskactor {

/// Of the two limits the earlier one counts.
struct cancel_scope_options {
  std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max();
  /// Counted from the await of `run`.
  time_span timeout = no_timeout;
  bool shield = false;
};

namespace detail {

template <class T>
class [[nodiscard]] cancel_scope_awaiter final : cancel_scope_run {
  using answer = std::conditional_t<std::is_void_v<T>, bool, std::optional<stored<T>>>;

public:
  cancel_scope_awaiter(ref<cancel_scope_state> state, task<T> inner) noexcept
      : cancel_scope_run(std::move(state)), inner_(std::move(inner).operator co_await()) {}

  bool await_ready() const noexcept { return false; }
  template <body_promise Promise>
  void await_suspend(std::coroutine_handle<Promise> parent) {
    begin(*parent.promise().ctx);
    inner_.await_suspend(parent);
  }
  answer await_resume() {
    end();
    try {
      if constexpr (std::is_void_v<T>) {
        inner_.await_resume();
        return true;
      } else {
        return inner_.await_resume();
      }
    } catch (...) {
      absorb_own();
    }
    return {};
  }

private:
  typename task<T>::awaiter inner_;
};

template <class T>
auto make_cancel_scope_run(ref<cancel_scope_state> state, task<T> body) {
  return cancel_scope_awaiter<T>{std::move(state), std::move(body)};
}

} // namespace detail

class cancel_scope {
public:
  explicit cancel_scope(cancel_scope_options options = {});

  /// To be awaited: the body's value in an `std::optional`, empty when it was cut; of a body without a value
  /// true, or false.
  template <class A>
  [[nodiscard]] auto run(A&& body) const {
    return detail::make_cancel_scope_run(checked(), detail::as_part(std::forward<A>(body)));
  }

  /// Asks what runs in it to end, now or once it begins. Nothing happens when it is over.
  void cancel() const { checked()->cancel(); }
  /// `max()`: none. False: it has expired, was cancelled, or is over; nothing has changed. Zero time left is
  /// none: it expires.
  bool set_deadline(std::chrono::steady_clock::time_point due) const { return checked()->set_deadline(due); }
  /// When its time is up, `max()` without a limit; before `run` without its `timeout`.
  std::chrono::steady_clock::time_point deadline() const { return checked()->deadline(); }
  /// It was cancelled, or its time was up while it ran; whatever has come of that.
  bool cancel_called() const { return checked()->cancel_called(); }
  /// Its body has ended by that, and its answer was empty.
  bool cancelled_caught() const { return checked()->caught(); }

private:
  const detail::ref<detail::cancel_scope_state>& checked() const {
    if (!state_)
      detail::refuse_empty_scope();
    return state_;
  }

  detail::ref<detail::cancel_scope_state> state_;
};

} // namespace taskactor
