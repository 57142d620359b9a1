/// `one_shot<T>`: a value, or an exception, that comes once, from any thread or callback.
///
///     ta::one_shot<int> answer;                                  // copies are the same; <>: without value
///     ask(question, [answer](int n) { answer.set_value(n); });   // true; false, once it is set
///     const int& n = co_await answer;                            // valid as long as a copy lives
///     int mine = co_await std::move(answer);                     // this copy is given up
///
/// Any number of tasks and threads wait for it, and all get the same: by an lvalue they refer to the value,
/// by an rvalue they have one of their own, moved if nobody else has a copy or waits, else copied. A copy
/// that throws, throws there; the value stays. A value that can't be copied goes to the first rvalue, unless
/// somebody has looked at it by an lvalue; the last copy may take it all the same.
///
/// **Nobody will set it**: once the last copy is gone, who waits gets `error{errc::closed}`. An lvalue that
/// is awaited is a copy itself; an rvalue isn't one while it waits, so a callback that is destroyed uncalled
/// ends `co_await std::move(answer)`. A wait that is cancelled has taken nothing: the rvalue is a copy again.
///
/// A body that waits lends its token. Stops: while it waits. Errors: the exception that it was set
/// with, the same object for all who wait; `errc::closed`; `errc::result_taken`, of a value that can't be
/// copied, and was taken before, or looked at by others; `errc::invalid_argument` of one that was moved from.
/// Of `blocking_get` as those of a channel. `set_value`: what T's constructor throws, and `std::bad_alloc`,
/// with nothing set. Threads: any; not in a signal's handler. T's constructors and destructor run on the
/// threads of those who set, ask or give up a copy, under no lock.
#pragma once

#include <taskactor/detail/one_shot_state.hpp>
#include <taskactor/task.hpp>

#include <concepts>
#include <coroutine>
#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

namespace taskactor {

template <class T = void>
class one_shot;

namespace detail {

[[noreturn]] void refuse_no_exception();

template <class T>
class [[nodiscard]] one_shot_await final : sync_await {
  using result = std::conditional_t<std::is_void_v<T>, void, std::add_lvalue_reference_t<const T>>;

public:
  explicit one_shot_await(one_shot_state<T>& from) noexcept : sync_await(from, &seen_), from_(&from) {}
  ~one_shot_await() override { abandon(); }

  bool await_ready() const noexcept { return false; }
  template <body_promise Promise>
  bool await_suspend(std::coroutine_handle<Promise> self) {
    return begin(*self.promise().ctx, [this](sync_wakes&) { return from_->look_or_wait(*this); });
  }
  result await_resume() {
    finish();
    taken();
    return static_cast<result>(from_->look());
  }

private:
  std::string awaited() const override { return "a one_shot to be set"; }
  void give_back() noexcept override { abandon(); }

  one_shot_state<T>* from_;
  std::uint64_t seen_ = 0;
};

/// Gives up a copy: it is none while it waits, and again if it gets nothing.
template <class T>
class [[nodiscard]] one_shot_take final : sync_await {
  using owner = sync_owner<one_shot_state<T>>;

public:
  explicit one_shot_take(owner& which) : sync_await(*which, &seen_), which_(&which) {}
  ~one_shot_take() override { one_shot_take::give_back(); }

  bool await_ready() const noexcept { return false; }
  template <body_promise Promise>
  bool await_suspend(std::coroutine_handle<Promise> self) {
    auto& from = **which_;
    parks_ = begin(*self.promise().ctx, [&](sync_wakes&) {
      const auto now = from.look_or_wait(*this);
      waits_ = now == wait_end::none;
      return now;
    });
    if (waits_)
      from.drop_owner();
    return parks_;
  }
  T await_resume() {
    own_again();
    finish();
    taken();
    return owner_given_up(*which_, parks_ ? 2 : 1);
  }
  /// What it is set with, for who gives up `which`, and has no more than `own` references. It is kept if
  /// that throws.
  static T owner_given_up(owner& which, std::uint32_t own) {
    auto& from = *which;
    if constexpr (std::is_void_v<T>) {
      from.look();
      const owner last{std::move(which)};
    } else {
      T value = from.take(from.has_references(own));
      const owner last{std::move(which)};
      return value;
    }
  }

private:
  std::string awaited() const override { return "a one_shot to be set"; }
  void own_again() noexcept {
    if (std::exchange(waits_, false))
      (*which_)->add_owner();
  }
  void give_back() noexcept override {
    abandon();
    own_again();
  }

  owner* which_;
  std::uint64_t seen_ = 0;
  bool parks_ = false;
  bool waits_ = false;
};

} // namespace detail

template <class T>
class one_shot {
  static_assert(task_result<T>,
                "a one_shot is for movable values with a destructor that doesn't throw; not for references");
  using state = detail::one_shot_state<T>;
  using cell = typename state::cell;

public:
  using value_type = T;

  one_shot() : state_(new state) {}

  // -- who sets it, anywhere ------------------------------------------------
  /// False: it was set before, and `value` is no longer wanted: most often it isn't moved from then.
  template <class U = T>
    requires(!std::is_void_v<T> && std::constructible_from<detail::stored<T>, U>)
  bool set_value(U&& value) const {
    if (ready())
      return false;
    cell made = detail::make_cell<T>(std::forward<U>(value));
    return state_->set(made, {});
  }
  bool set_value() const
    requires std::is_void_v<T>
  {
    cell made = detail::make_cell<detail::stored<T>>(detail::stored<T>{});
    return state_->set(made, {});
  }
  /// Errors: `errc::invalid_argument` for none.
  bool set_exception(std::exception_ptr error) const {
    if (!error)
      detail::refuse_no_exception();
    cell none{};
    return state_->set(none, std::move(error));
  }

  // -- who waits, in a task -------------------------------------------------
  /// A `const T&`.
  auto operator co_await() const& { return detail::one_shot_await<T>{*state_}; }
  /// A `T`.
  auto operator co_await() && { return detail::one_shot_take<T>{state_}; }
  void operator co_await() const&& = delete;

  // -- on threads -----------------------------------------------------------
  decltype(auto) blocking_get() const& {
    const detail::ref<state> from{&*state_};
    std::uint64_t seen = 0;
    detail::sync_block here{&seen};
    here.run(*from, [&](detail::sync_wakes&) { return from->look_or_wait(here); });
    if constexpr (std::is_void_v<T>)
      from->look();
    else
      return from->look();
  }
  T blocking_get() && {
    {
      auto& from = *state_;
      std::uint64_t seen = 0;
      detail::sync_block here{&seen};
      const no_copy meanwhile{from};
      here.run(from, [&](detail::sync_wakes&) { return from.look_or_wait(here); });
    }
    return detail::one_shot_take<T>::owner_given_up(state_, 1);
  }

  // -- anywhere -------------------------------------------------------------
  /// Null while it isn't set; void: true when it is. Errors: as an await's.
  auto try_get() const& {
    if constexpr (std::is_void_v<T>)
      return ready() && (state_->look(), true);
    else
      return ready() ? std::addressof(state_->look()) : nullptr;
  }
  void try_get() const&& = delete; // what it points to would be gone
  /// It is set, with a value or an exception.
  bool ready() const { return state_->stands() != detail::wait_end::none; }
  /// The same one.
  friend bool operator==(const one_shot&, const one_shot&) noexcept = default;

private:
  struct no_copy {
    explicit no_copy(state& which) noexcept : of(which) { of.drop_owner(); }
    no_copy(const no_copy&) = delete;
    no_copy& operator=(const no_copy&) = delete;
    ~no_copy() { of.add_owner(); }
    state& of;
  };

  detail::sync_owner<state> state_;
};

} // namespace taskactor
