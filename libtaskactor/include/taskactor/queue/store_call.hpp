/// `store_call<T>`: one call of a store, which was begun when it was made.
///
///     const auto pushed = co_await mail.push(send_letter, "ann@example.org");  // in a task
///     const auto again = mail.push(send_letter, "bob@example.org").get();      // on other threads
///     mail.push(send_letter, "eve@example.org");                               // nobody asks
///
/// Both give an `expected<T>`: `errc::store_failed`, `errc::store_timed_out`, what the call itself names; the
/// calls of a store whose last copy is gone meanwhile are made all the same. A call is asked for its value
/// once: again, that is `errc::result_taken`.
///
/// Stops: the await ends at once; the call is made all the same, as it is when nobody awaits it. It can be
/// awaited again. The token is kept. Errors: `cancelled_error`; of `get` and `wait_for` in a coroutine body
/// `error{errc::would_block}`, before they wait.
///
/// Threads: any, one at a time.
#pragma once

#include <taskactor/detail/awaitable.hpp>
#include <taskactor/detail/callback_core.hpp>
#include <taskactor/detail/one_shot_state.hpp>
#include <taskactor/expected.hpp>
#include <taskactor/io/callback.hpp>
#include <taskactor/task.hpp>
#include <taskactor/time_span.hpp>

#include <atomic>
#include <coroutine>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

namespace taskactor {

namespace detail {

/// Whether a call is over, for one who waits. Threads: any.
class call_end {
public:
  call_end();
  call_end(const call_end&) = delete;
  call_end& operator=(const call_end&) = delete;

  bool is_over() const noexcept;
  /// Once.
  void conclude() noexcept;
  /// It is resumed when it is over, at once if it is.
  void resume_at_end(resumer<void> who);
  /// A thread: false, if that is not before `until`. Errors: `errc::would_block`; `cancelled_error`, of a
  /// task's call that is asked to end.
  bool wait(time_point until);

private:
  ref<one_shot_state<void>> over_;
  std::mutex mutex_; // of the next
  resumer<void> waits_;
};

template <class T>
class call_state final : public call_end {
public:
  /// Once.
  void set(expected<T> value) noexcept {
    value_.emplace(std::move(value));
    conclude();
  }
  /// Once it is over.
  expected<T> take() {
    if (std::exchange(taken_, true))
      return rejection{errc::result_taken, "a call of a store was asked before for what it has come to"};
    auto value = std::move(*value_);
    value_.reset();
    return value;
  }

private:
  std::optional<expected<T>> value_;
  bool taken_ = false;
};

/// The side of who asks: it alone may keep the store. (What the store's thread keeps is never its last copy.)
template <class T>
class call_view {
public:
  call_view() = default;
  call_view(const call_view&) = delete;
  call_view& operator=(const call_view&) = delete;
  virtual ~call_view() = default;
  virtual call_end& end() noexcept = 0;
  virtual expected<T> take() = 0;
};

/// What was set is what is given.
template <class T>
class plain_view final : public call_view<T> {
public:
  plain_view(std::shared_ptr<call_state<T>> of, std::shared_ptr<void> kept) noexcept
      : state_(std::move(of)), kept_(std::move(kept)) {}
  call_end& end() noexcept override { return *state_; }
  expected<T> take() override { return state_->take(); }

private:
  std::shared_ptr<call_state<T>> state_;
  std::shared_ptr<void> kept_;
};

/// `make` makes it of what was set, when it is asked for.
template <class T, class From, class Make>
class made_view final : public call_view<T> {
public:
  made_view(std::shared_ptr<call_state<From>> of, Make make)
      : state_(std::move(of)), make_(std::move(make)) {}
  call_end& end() noexcept override { return *state_; }
  expected<T> take() override {
    return state_->take().transform([this](const From& from) { return make_(from); });
  }

private:
  std::shared_ptr<call_state<From>> state_;
  Make make_;
};

class call_wait : callback_wait {
public:
  explicit call_wait(call_end& of) noexcept : callback_wait(true), of_(&of) {}
  call_wait(call_wait&& unused) noexcept : callback_wait(true), of_(unused.of_) {} // NOLINT: not awaited yet

  bool await_ready() const noexcept { return false; }
  template <body_promise Promise>
  bool await_suspend(std::coroutine_handle<Promise> self) {
    return begin(*self.promise().ctx);
  }

protected:
  ~call_wait() { close(); }
  using callback_wait::finish;

private:
  bool begin(context& ctx);
  bool call_cancel() override { return false; }

  call_end* of_; // kept by who derives from it
};

template <class T>
class [[nodiscard]] call_await final : public call_wait {
public:
  explicit call_await(std::shared_ptr<call_view<T>> of) noexcept
      : call_wait(of->end()), view_(std::move(of)) {}
  expected<T> await_resume() {
    finish();
    return view_->take();
  }

private:
  std::shared_ptr<call_view<T>> view_;
};

[[noreturn]] void refuse_empty_call();

} // namespace detail

template <class T>
class store_call {
public:
  using value_type = T;

  /// To be awaited: an `expected<T>`.
  auto operator co_await() const { return detail::call_await<T>{view()}; }
  /// Blocks until it is over.
  expected<T> get() const {
    const auto of = view();
    of->end().wait(detail::time_point::max());
    return of->take();
  }
  /// Blocks for at most `limit`. True: it is over.
  bool wait_for(time_span limit) const {
    return view()->end().wait(detail::after(detail::clock::now(), limit));
  }
  /// Neither an await nor `get` would wait.
  bool ready() const { return view()->end().is_over(); }

  /// For the library: one that is over; or will be when `state` is set, with what is kept as long as somebody
  /// may ask.
  explicit store_call(expected<T> value) : store_call(std::make_shared<detail::call_state<T>>(), {}) {
    static_cast<detail::call_state<T>&>(view_->end()).set(std::move(value));
  }
  explicit store_call(std::shared_ptr<detail::call_state<T>> state, std::shared_ptr<void> kept = {})
      : view_(std::make_shared<detail::plain_view<T>>(std::move(state), std::move(kept))) {}
  explicit store_call(std::shared_ptr<detail::call_view<T>> view) noexcept : view_(std::move(view)) {}
  store_call(store_call&&) noexcept = default;
  store_call& operator=(store_call&&) noexcept = default;
  ~store_call() = default;

private:
  const std::shared_ptr<detail::call_view<T>>& view() const {
    if (!view_)
      detail::refuse_empty_call();
    return view_;
  }

  std::shared_ptr<detail::call_view<T>> view_;
};

namespace detail {
template <class T, class From, class Make>
store_call<T> made_call(std::shared_ptr<call_state<From>> of, Make make) {
  std::shared_ptr<call_view<T>> view
      = std::make_shared<made_view<T, From, Make>>(std::move(of), std::move(make));
  return store_call<T>{std::move(view)};
}
} // namespace detail

} // namespace taskactor
