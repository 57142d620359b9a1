/// The coroutine that awaits what another library has made, and what it does with the result. Not for users:
/// see `adapt`.
///
/// Its frame belongs to the await, unless that has been left (abandonable): then it destroys itself at its
/// end. Which of the two, `resumer` decides by one atomic step. Where the other library destroys the frame,
/// the resumer in it goes as well, and says so.
#pragma once

#include <taskactor/detail/awaitable.hpp>
#include <taskactor/detail/kept.hpp>
#include <taskactor/io/callback.hpp>

#include <concepts>
#include <coroutine>
#include <exception>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace taskactor::detail {

/// What is awaited, as it is kept.
template <class A>
using foreign_operand = std::conditional_t<std::is_reference_v<A>, std::remove_reference_t<A>*,
                                           as_kept<std::remove_reference_t<A>>>;

template <class A>
A&& awaited_in(foreign_operand<A>& kept) noexcept {
  if constexpr (std::is_reference_v<A>)
    return *kept;
  else
    return std::move(value_of(kept));
}

/// What an await of it gives, as it is written there.
template <class A>
using foreign_result = decltype(awaiter_of(std::declval<A>()).await_resume());
/// The same on its way to the task.
template <class R>
using carried
    = std::conditional_t<std::is_lvalue_reference_v<R>, std::remove_reference_t<R>*, std::remove_cvref_t<R>>;

template <class C>
class driver_result {
public:
  template <class R>
  void return_value(R&& value) {
    if constexpr (std::is_lvalue_reference_v<R>)
      value_.emplace(std::addressof(value));
    else
      value_.emplace(std::forward<R>(value));
  }

protected:
  bool pass_on(const resumer<C>& to) noexcept { return to(std::move(*value_)); }

private:
  std::optional<C> value_;
};
template <>
class driver_result<void> {
public:
  void return_void() const noexcept {}

protected:
  static bool pass_on(const resumer<void>& to) noexcept { return to(); }
};

/// `C`: what is carried. Awaits anything that takes a `std::coroutine_handle`.
template <class C>
class driver_promise : public driver_result<C> {
public:
  using handle_type = std::coroutine_handle<driver_promise>;

  handle_type get_return_object() noexcept { return handle_type::from_promise(*this); }
  std::suspend_always initial_suspend() const noexcept { return {}; }
  auto final_suspend() const noexcept { return end{}; }
  void unhandled_exception() noexcept { error_ = std::current_exception(); }
  void resumes(resumer<C> which) noexcept { resumer_ = std::move(which); }

private:
  struct end {
    bool await_ready() const noexcept { return false; }
    void await_suspend(handle_type self) const noexcept {
      if (!self.promise().finish())
        self.destroy(); // nobody waits any more
    }
    void await_resume() const noexcept {}
  };
  /// Once it has been true, the frame may be gone.
  bool finish() noexcept {
    const auto to = std::move(resumer_);
    return error_ ? to(std::move(error_)) : this->pass_on(to);
  }

  resumer<C> resumer_;
  std::exception_ptr error_;
};

template <class C>
struct driver_handle : std::coroutine_handle<driver_promise<C>> {
  using promise_type = driver_promise<C>;
  driver_handle(std::coroutine_handle<driver_promise<C>> other) noexcept // NOLINT: implicit
      : std::coroutine_handle<driver_promise<C>>(other) {}
};

template <class A>
driver_handle<carried<foreign_result<A>>> drive(foreign_operand<A> awaited) {
  using result = foreign_result<A>;
  if constexpr (std::is_void_v<result>)
    co_await awaited_in<A>(awaited);
  else
    co_return co_await awaited_in<A>(awaited);
}

[[noreturn]] void refuse_second_await();
[[noreturn]] void refuse_future_without_state();

/// Begins the driver, and owns it when it has ended.
template <class A>
class foreign_start {
public:
  using carries = carried<foreign_result<A>>;

  template <class X>
    requires(!std::same_as<std::remove_cvref_t<X>, foreign_start>)
  explicit foreign_start(X&& awaited) : awaited_(std::forward<X>(awaited)) {} // NOLINT: see above
  foreign_start(foreign_start&& unused) // NOLINT(performance-noexcept-move-constructor): the user's may throw
      : awaited_(std::move(unused.awaited_)) {}
  ~foreign_start() {
    if (driver_ && state_->was_called()) // else it is on its own, or gone already
      driver_.destroy();
  }

  void operator()(resumer<carries> resume) {
    if (std::exchange(begun_, true)) // also when there was no memory for it: what is awaited may have gone
      refuse_second_await();
    const auto driver = drive<A>(std::move(awaited_));
    state_ = resume.state();
    driver_ = driver;
    driver.promise().resumes(std::move(resume));
    driver.resume();
  }

private:
  foreign_operand<A> awaited_;
  ref<callback_state<carries>> state_;
  std::coroutine_handle<driver_promise<carries>> driver_;
  bool begun_ = false;
};

/// For a thread.
template <class Future>
class future_get {
public:
  explicit future_get(Future&& from) noexcept : from_(std::move(from)) {}
  explicit future_get(const Future& from) : from_(from) {}
  auto operator()() {
    if (!from_.valid())
      refuse_future_without_state();
    return from_.get();
  }

private:
  Future from_;
};

} // namespace taskactor::detail
