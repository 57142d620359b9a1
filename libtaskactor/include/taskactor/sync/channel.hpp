/// `channel<T>`: values from some tasks or threads to others, in order, with a bound.
///
///     ta::channel<page> pages{64};                         // copies are the same channel
///     co_await pages.send(std::move(p));                   // waits while 64 are in it
///     while (auto p = co_await pages.receive()) use(*p);   // std::optional: empty once it is closed
///     pages.close();                                       // what is in it is still received
///     pages.close(std::current_exception());               // thrown by `receive`, behind what is in it
///
/// Each value is received once, in the order in which they were sent; who waits is served in the order in
/// which they came. With a capacity of zero `send` waits until somebody receives. A channel belongs to no
/// manager, and may join tasks of several, and threads.
///
/// **Nothing is lost**: a `send` or `receive` that throws `cancelled_error` has sent or received nothing,
/// whatever races. What was given to a body that is killed is received by the next that asks, and so is what
/// a `receive` has taken that then loses a `race`, if it is given to that itself. What couldn't
/// be sent is destroyed with the call, but for `try_send`, which leaves it where it was. A value whose move
/// throws when it is received is lost, and `receive` throws that.
///
/// Closing: by `close`, or by the end of the last copy; only the first one counts. Each `send` that waits,
/// and each later one, throws `error{errc::closed}`. A `receive` that waits in the end of the last copy is
/// told, too: it keeps what the copies share, and is no copy. A closed channel is at its end when it is empty
/// and who was given the last value has gone on with it: if that one is killed before, the value comes back.
///
/// A channel is a source of `gather`, `gather_each` and `as_completed`: an item is received when its body is
/// about to begin, so that the bound is the channel's, and its index counts what this gather has received.
/// All is over when the channel is at its end; the error that it was closed with is thrown then, behind the
/// items' outcomes. A gather that is over before that (cancelled, killed, `until`, its clock) has received
/// nothing that is lost: what hasn't begun goes back to the front, also what has an outcome for that reason.
/// Of an item that ends by itself before it begins (by its id, its `queue_timeout`) the outcome tells, and
/// its value goes. It is no copy of the channel. Those that wait in `receive` come first; several gathers at
/// one channel share what comes.
///
/// In a `when_all` that fails, a `receive` that was given to that itself has received nothing.
///
/// A body that waits lends its token. Stops: while it waits. Errors: `std::bad_alloc`, with nothing
/// sent or received; of the `blocking_` calls `errc::would_block` inside a coroutine body, and
/// `cancelled_error` when the task whose thread waits is asked to end; `errc::invalid_argument` of a channel
/// that was moved from. Threads: any. In virtual time a test's own thread uses the `try_` calls: the
/// `blocking_` ones wait for other threads. An await may outlive its channel if it was moved: given to a
/// scope, a race, a manager. A value that isn't trivially copyable, or larger than 64 bytes, is an allocation
/// on its way.
#pragma once

#include <taskactor/detail/channel_source.hpp>
#include <taskactor/detail/channel_state.hpp>
#include <taskactor/task.hpp>

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <mutex>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

namespace taskactor {

/// How a `try_send` went.
enum class send_reply : std::uint8_t { sent, full, closed };

namespace detail {

[[noreturn]] void throw_closed(const char* what);

template <class T>
class [[nodiscard]] send_await final : sync_await {
public:
  send_await(channel_state<T>& to, T&& value)
      : sync_await(to, &cell_), to_(&to), cell_(make_cell<T>(std::move(value))) {}
  /// Of one that isn't awaited yet.
  send_await(send_await&& unused) noexcept
      : sync_await(unused, &cell_), to_(unused.to_), cell_(std::move(unused.cell_)) {}
  ~send_await() override { abandon(); }

  bool await_ready() const noexcept { return false; }
  template <body_promise Promise>
  bool await_suspend(std::coroutine_handle<Promise> self) {
    return begin(*self.promise().ctx,
                 [this](sync_wakes& wakes) { return to_->put_or_wait(cell_, *this, wakes); });
  }
  void await_resume() {
    finish();
    taken();
    if (end() == wait_end::closed)
      throw_closed("send");
  }

private:
  std::string awaited() const override { return "room in a channel of " + std::to_string(to_->capacity()); }
  void give_back() noexcept override { abandon(); }

  channel_state<T>* to_;
  sync_cell<T> cell_;
};

template <class T>
class [[nodiscard]] receive_await final : sync_await {
public:
  explicit receive_await(channel_state<T>& from) noexcept : sync_await(from, &cell_), from_(&from) {}
  /// Of one that isn't awaited yet.
  receive_await(receive_await&& unused) noexcept : sync_await(unused, &cell_), from_(unused.from_) {}
  ~receive_await() override { receive_await::give_back(); }

  bool await_ready() const noexcept { return false; }
  template <body_promise Promise>
  bool await_suspend(std::coroutine_handle<Promise> self) {
    return begin(*self.promise().ctx,
                 [this](sync_wakes& wakes) { return from_->take_or_wait(cell_, *this, wakes); });
  }
  std::optional<T> await_resume() {
    finish();
    taken();
    if (end() == wait_end::closed)
      from_->rethrow_error();
    else
      from_->drop_outside();
    return take_value<T>(cell_);
  }
  using sync_await::comes_to_nothing; // a race asks
  using sync_await::wait_for_server;
  using sync_await::was_given; // `when_all` does

private:
  std::string awaited() const override { return "a value in a channel"; }
  void give_back() noexcept override {
    if (abandon())
      from_->give_back(std::move(cell_));
  }

  channel_state<T>* from_;
  sync_cell<T> cell_{};
};

} // namespace detail

template <class T>
class channel {
  static_assert(task_result<T> && !std::is_void_v<T>,
                "a channel is for movable values with a destructor that doesn't throw; not for references");
  using state = detail::channel_state<T>;

public:
  using value_type = T;

  /// Zero: each value passes straight from who sends it to who receives it.
  explicit channel(std::size_t capacity) : state_(new state{capacity}) {}

  // -- in a task ------------------------------------------------------------
  /// To be awaited. Errors: `errc::closed`.
  [[nodiscard]] auto send(T value) const { return detail::send_await<T>{*state_, std::move(value)}; }
  /// To be awaited: a `std::optional<T>`, empty when the channel is closed and nothing is left in it. Errors:
  /// the one that it was closed with.
  [[nodiscard]] auto receive() const { return detail::receive_await<T>{*state_}; }

  // -- anywhere -------------------------------------------------------------
  /// `value` is moved from only if it is sent. (One that was moved, when it turned out that others were
  /// faster, is moved back; that takes a `T` that can be assigned, or whose move doesn't throw.)
  send_reply try_send(T&& value) const {
    if (const auto how = state_->look(); how != detail::wait_end::served)
      return reply(how);
    auto cell = detail::make_cell<T>(std::move(value));
    auto how = detail::wait_end::none;
    try {
      detail::sync_wakes wakes;
      const std::lock_guard guard{state_->lock};
      how = state_->put(cell, wakes);
    } catch (...) {
      detail::put_back<T>(cell, value);
      throw;
    }
    if (how != detail::wait_end::served)
      detail::put_back<T>(cell, value);
    return reply(how);
  }
  send_reply try_send(const T& value) const {
    if (const auto how = state_->look(); how != detail::wait_end::served)
      return reply(how);
    T copy(value);
    return try_send(std::move(copy));
  }
  /// Empty when there is nothing now: see `drained`. Errors: as `receive`.
  std::optional<T> try_receive() const {
    detail::sync_cell<T> cell{};
    auto how = detail::wait_end::none;
    {
      detail::sync_wakes wakes;
      const std::lock_guard guard{state_->lock};
      how = state_->take(cell, wakes);
    }
    if (how == detail::wait_end::closed)
      state_->rethrow_error();
    return detail::take_value<T>(cell);
  }
  /// Closed, and nothing is left in it. It stays so.
  bool drained() const { return state_->is_drained(); }

  // -- on threads -----------------------------------------------------------
  /// Errors: as `send`.
  void blocking_send(T value) const {
    auto cell = detail::make_cell<T>(std::move(value));
    detail::sync_block here{&cell};
    const detail::ref<state> to{&*state_};
    const auto how
        = here.run(*to, [&](detail::sync_wakes& wakes) { return to->put_or_wait(cell, here, wakes); });
    if (how == detail::wait_end::closed)
      detail::throw_closed("blocking_send");
  }
  /// As `receive`.
  std::optional<T> blocking_receive() const {
    detail::sync_cell<T> cell{};
    const detail::ref<state> from{&*state_};
    detail::sync_block here{&cell};
    const auto how
        = here.run(*from, [&](detail::sync_wakes& wakes) { return from->take_or_wait(cell, here, wakes); });
    if (how == detail::wait_end::served)
      from->drop_outside();
    else
      from->rethrow_error();
    return detail::take_value<T>(cell);
  }

  /// True: it was open. `error`: for those who receive.
  bool close(std::exception_ptr error = {}) const { return state_->close(std::move(error)); }
  bool closed() const { return statistics().closed; }
  std::size_t capacity() const { return state_->capacity(); }
  channel_statistics statistics() const { return state_->statistics(); }
  /// The same channel.
  friend bool operator==(const channel&, const channel&) noexcept = default;

  /// For the runtime: a gather takes its items from it.
  friend detail::channel_source<T> source_of(const channel& from) {
    return detail::channel_source<T>{detail::ref<state>{&*from.state_}};
  }

private:
  static send_reply reply(detail::wait_end how) noexcept {
    switch (how) {
    case detail::wait_end::served:
      return send_reply::sent;
    case detail::wait_end::closed:
      return send_reply::closed;
    case detail::wait_end::none:
      break;
    }
    return send_reply::full;
  }

  detail::sync_owner<state> state_;
};

} // namespace taskactor
