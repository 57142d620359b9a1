/// `co_await callback<T>(start)`: another library's operation, which calls back when it is done.
///
///     const auto start = [&](ta::resumer<reply> resume) {
///       auto id = client.send(question, [resume](reply r) { resume(std::move(r)); });   // on any thread
///       return [&client, id] { client.cancel(id); };         // how to cancel it; nothing, if one can't
///     };
///     const reply answer = co_await ta::callback<reply>(start);
///
/// `start` begins the operation, and returns how to cancel it. It and `cancel` are called on the task's
/// thread, `cancel` at most once, never after the await; both are kept until the await is over. Neither may
/// block. What `start` throws, the await throws, and nothing is waited for; what `cancel` throws is reported
/// (`event_kind::cleanup_fault`), and the wait goes on.
///
/// `resumer<T>`: `resume(value)`, or `resume(std::exception_ptr)`, which the await throws; of `void`
/// `resume()`. It may be called on any thread, at once from within `start` or `cancel`, later or never; it
/// isn't async-signal-safe. It can be copied, and copies are one: the first call returns true, each further
/// one false, and a value that is refused stays with the caller. The call returns false as well when nobody
/// waits any more: it may come after the end of the task, and of its manager. When the last copy is destroyed
/// without a call, the await throws `error{errc::abandoned}`; a copy in `cancel` counts, too. A value whose
/// move throws: the await throws that.
///
/// **Ends.** When the task, or a scope around the await, is to end, `cancel` is called, and the wait
/// goes on until the operation calls back: it may use what lies in the task's frames. A value is delivered
/// then, and the next await throws; an exception, or an abandoned resumer, is taken to be the answer to
/// `cancel`, and the await throws `cancelled_error`. Who waits for the task is answered at its deadline all
/// the same: an operation that doesn't come back is an overrun, which keeps its task's frames and
/// token, and outlives the kill. With `{.abandonable = true}` the await ends at once, and the operation is
/// left to itself: use it when that refers to nothing of the task's.
///
/// The token is kept while it waits: capacity means so many at once (`ta::channel` and others lend it). In
/// virtual time a callback is no work: time goes on, so that its deadline comes.
///
/// Errors: `cancelled_error`; `errc::abandoned`; what `start` throws, and what it is resumed with.
#pragma once

#include <taskactor/detail/call_check.hpp>
#include <taskactor/detail/callback_core.hpp>
#include <taskactor/detail/kept.hpp>
#include <taskactor/task.hpp>

#include <concepts>
#include <coroutine>
#include <exception>
#include <functional>
#include <optional>
#include <type_traits>
#include <utility>

namespace taskactor {

struct callback_options {
  /// An await that is to end doesn't wait for the operation, which refers to nothing of the task's.
  bool abandonable = false;
};

namespace detail {

/// One copy of a resumer, without the calls.
template <class T>
class resumer_base {
public:
  /// For the runtime.
  explicit resumer_base(callback_state<T>& of) noexcept : state_(&of) { of.add_resumer(); }
  resumer_base() noexcept = default;
  resumer_base(const resumer_base& other) noexcept : state_(other.state_) {
    if (state_)
      state_->add_resumer();
  }
  resumer_base(resumer_base&& other) noexcept = default;
  resumer_base& operator=(resumer_base other) noexcept {
    std::swap(state_, other.state_);
    return *this;
  }
  ~resumer_base() {
    if (state_)
      state_->drop_resumer();
  }

  /// With an exception. (A template, so that nothing that converts to one is taken for it.)
  template <std::same_as<std::exception_ptr> Error>
  bool operator()(Error why) const noexcept {
    if (!state_ || !state_->claim())
      return false;
    state_->fail(std::move(why));
    state_->conclude();
    return true;
  }

  /// For the runtime.
  const ref<callback_state<T>>& state() const noexcept { return state_; }

protected:
  template <class... Args>
  bool resume_with(Args&&... value) const noexcept {
    if (!state_ || !state_->claim())
      return false;
    state_->set(std::forward<Args>(value)...);
    state_->conclude();
    return true;
  }

private:
  ref<callback_state<T>> state_;
};

} // namespace detail

/// Resumes the task that awaits a `callback<T>`. Threads: any.
template <class T>
class resumer : public detail::resumer_base<T> {
public:
  using detail::resumer_base<T>::resumer_base;
  using detail::resumer_base<T>::operator();

  /// True: the first call. Else `value` isn't moved from.
  bool operator()(T&& value) const noexcept { return this->resume_with(std::move(value)); }
  bool operator()(const T& value) const
    requires std::copy_constructible<T>
  {
    T copy(value); // what can fail comes before it is claimed
    return this->resume_with(std::move(copy));
  }
};

template <>
class resumer<void> : public detail::resumer_base<void> {
public:
  using detail::resumer_base<void>::resumer_base;
  using detail::resumer_base<void>::operator();

  bool operator()() const noexcept { return resume_with(); }
};

namespace detail {

/// A callable that may be empty, and says so.
template <class F>
concept may_be_empty = std::is_pointer_v<F> || requires(const F& f) { f.operator bool(); };

template <class T, class Start>
using start_result = typename call_result<Start&, resumer<T>>::type;
template <class R>
concept start_reply = std::is_void_v<R> || (!left_unawaited<R> && std::invocable<std::decay_t<R>&>);

template <class T, class Start>
class [[nodiscard]] callback_await final : callback_wait {
  using reply = start_result<T, Start>;
  using cancel = std::conditional_t<std::is_void_v<reply>, no_call, std::decay_t<reply>>;

public:
  template <class S>
    requires(!std::same_as<std::remove_cvref_t<S>, callback_await>)
  callback_await(S&& start, callback_options how)
      : callback_wait(how.abandonable), start_(std::forward<S>(start)) {}
  /// Of one that isn't awaited yet.
  callback_await(callback_await&& unused) // NOLINT: the user's may throw
      : callback_wait(unused.abandonable()), start_(std::move(unused.start_)) {}
  ~callback_await() { close(); }

  bool await_ready() const noexcept { return false; }
  template <body_promise Promise>
  bool await_suspend(std::coroutine_handle<Promise> self) {
    context& ctx = *self.promise().ctx;
    open({});
    if (const auto parks = ctx.refusal())
      return *parks;
    begin(ctx);
    return park(ctx);
  }
  T await_resume() {
    finish();
    return static_cast<callback_state<T>&>(core()).take();
  }

private:
  void begin(context& ctx) {
    ref<callback_state<T>> state{new callback_state<T>{ctx}};
    resumer<T> resume{*state};
    open(std::move(state));
    cancel_.reset(); // of the await before, if it is awaited again
    bool begun = false;
    try {
      if constexpr (std::is_void_v<reply>) {
        std::invoke(value_of(start_), std::move(resume));
      } else {
        auto&& how = std::invoke(value_of(start_), std::move(resume));
        begun = true;
        cancel_.emplace(std::forward<decltype(how)>(how));
      }
    } catch (...) {
      if (begun) // by the move of what cancels: the operation may use what the body has
        fails_at_end();
      else if (fails_at_once())
        throw;
    }
  }
  bool call_cancel() override {
    if constexpr (std::is_void_v<reply>) {
      return false;
    } else {
      if (!cancel_)
        return false;
      auto& how = value_of(*cancel_);
      if constexpr (may_be_empty<cancel>)
        if (!how)
          return false;
      std::invoke(how);
      return true;
    }
  }

  as_kept<Start> start_;
  std::optional<as_kept<cancel>> cancel_;
};

/// True: `callback<T>(start)` can be made. Else a static assertion says why not.
template <class T, class Start>
consteval bool check_callback() {
  using function = std::decay_t<Start>;
  constexpr bool value = task_result<T> && !std::same_as<T, std::exception_ptr>;
  static_assert(value, "callback: what it gives is void, or a movable value with a destructor that doesn't "
                       "throw; no reference, and no std::exception_ptr");
  if constexpr (value) {
    constexpr bool called = std::invocable<function&, resumer<T>>;
    using reply = start_result<T, function>;
    static_assert(called,
                  "callback: `start` is called with what resumes the task: [&](ta::resumer<T> resume) "
                  "{ ... }, where T is that of callback<T>");
    static_assert(!called || !is_task<reply>,
                  "callback: `start` is a coroutine, which nobody awaits: it has to be "
                  "a plain function that begins the operation");
    static_assert(
        !called || is_task<reply> || start_reply<reply>,
        "callback: `start` returns how to cancel what it has begun (a callable without parameters), or "
        "nothing");
    static_assert(can_be_kept<Start>, "callback: `start` can't be copied: give it by std::move");
    static_assert(
        may_be_in_an_await<Start>,
        "callback: g++ 12 destroys the captures of a lambda twice that is written in an await: give "
        "the lambda a name before, and pass it by that name");
    return called && start_reply<reply> && can_be_kept<Start>;
  } else {
    return false;
  }
}

} // namespace detail

/// To be awaited: begins the operation then, and gives what it is resumed with.
template <class T = void, class Start>
[[nodiscard]] auto callback(Start&& start, callback_options how = {}) {
  if constexpr (detail::check_callback<T, Start>())
    return detail::callback_await<T, std::decay_t<Start>>{std::forward<Start>(start), how};
  else
    return detail::refused_await{};
}

} // namespace taskactor
