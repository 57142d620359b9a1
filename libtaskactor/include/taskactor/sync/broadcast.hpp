/// `broadcast<T>`: each receiver sees each value that is sent after it has subscribed.
///
///     ta::broadcast<quote> quotes{256};                  // copies send to the same receivers
///     auto in = quotes.subscribe();                      // may be moved; each subscription is a receiver
///     quotes.send(q);                                    // never waits; how many receivers it is sent to
///     while (const auto q = co_await in.receive()) {     // empty once it is closed and all is received
///       if (q.lost()) note(q.lost());                    // too slow: so many before this one
///       use(*q);
///     }
///
/// The last `capacity` values are kept, for all receivers together, each until all have received it. Sending
/// overwrites the oldest: a receiver that hasn't received it by then has lost it, goes on with the oldest
/// that is kept, and is told there how many are missing. Without receivers a value is dropped.
///
/// A value is made once, when it is sent, and shared: a receiver looks at it for as long as it has the item
/// (or `item.shared()`), and copies it if it wants to. T's constructors and destructor run on the threads of
/// those who send, and receive it last or leave, under no lock.
///
/// **Nothing is lost but that**: a `receive` that throws `cancelled_error`, or whose body is killed, has
/// received nothing; the next one does. Closing: by `close`, or by the end of the last copy of the broadcast;
/// what is kept is still received. A receiver is used by one task or thread at a time.
///
/// A body that waits lends its token. Stops: while it waits. Errors: of `send`, `errc::closed`, what
/// T's constructor throws, `std::bad_alloc`, with nothing sent; of a receiver, `errc::invalid_argument` while
/// another `receive` of the same one waits; of what was moved from, and of a capacity of 0 or above 2^30. Of
/// the `blocking_` calls as those of a channel. Threads: any.
#pragma once

#include <taskactor/detail/broadcast_state.hpp>
#include <taskactor/task.hpp>

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <type_traits>
#include <utility>

namespace taskactor {

template <class T>
class broadcast;

namespace detail {

[[noreturn]] void throw_broadcast_closed();
[[noreturn]] void refuse_second_receive();
void check_broadcast_capacity(std::size_t capacity);

template <class T>
class [[nodiscard]] broadcast_await final : sync_await {
  using state = broadcast_state<T>;

public:
  broadcast_await(ref<state> from, ref<news_cursor> cursor) noexcept
      : sync_await(*from, &seen_), from_(std::move(from)), cursor_(std::move(cursor)) {}
  /// Of one that isn't awaited yet.
  broadcast_await(broadcast_await&& unused) noexcept : broadcast_await(unused.from_, unused.cursor_) {}
  ~broadcast_await() override { broadcast_await::give_back(); }

  bool await_ready() const noexcept { return false; }
  template <body_promise Promise>
  bool await_suspend(std::coroutine_handle<Promise> self) {
    return begin(*self.promise().ctx, [this](sync_wakes&) {
      is_second_ = state::has_taker(*cursor_);
      takes_ = !is_second_;
      return is_second_ ? wait_end::closed : from_->look_or_wait(*cursor_, *this);
    });
  }
  broadcast_item<T> await_resume() {
    finish();
    taken();
    if (is_second_)
      refuse_second_receive();
    takes_ = false;
    return from_->take(*cursor_, *this);
  }
  using sync_await::comes_to_nothing; // a race asks
  using sync_await::wait_for_server;
  using sync_await::was_given; // `when_all` does

private:
  std::string awaited() const override { return "a value of a broadcast"; }
  void give_back() noexcept override {
    abandon();
    if (std::exchange(takes_, false))
      from_->forget(*cursor_, *this);
  }

  ref<state> from_;
  ref<news_cursor> cursor_;
  std::uint64_t seen_ = 0;
  bool is_second_ = false;
  bool takes_ = false; // and is known as the cursor's taker
};

} // namespace detail

/// One subscription.
template <class T>
class broadcast_receiver {
  using state = detail::broadcast_state<T>;
  using cursor = detail::news_cursor;

public:
  using value_type = T;

  broadcast_receiver(broadcast_receiver&& other) noexcept = default;
  broadcast_receiver& operator=(broadcast_receiver&& other) noexcept {
    broadcast_receiver last{std::move(other)};
    std::swap(state_, last.state_);
    std::swap(cursor_, last.cursor_);
    return *this;
  }
  /// A `receive` that waits ends as if it were closed.
  ~broadcast_receiver() {
    if (state_)
      state_->leave(*cursor_);
  }

  // -- in a task ------------------------------------------------------------
  /// To be awaited: a `broadcast_item<T>`, empty when the broadcast is closed and nothing is left.
  [[nodiscard]] auto receive() { return detail::broadcast_await<T>{from(), cursor_}; }

  // -- anywhere -------------------------------------------------------------
  /// Empty when there is nothing now: see `drained`.
  broadcast_item<T> try_receive() {
    bool is_second = false;
    auto item = from()->try_take(*cursor_, is_second);
    if (is_second)
      detail::refuse_second_receive();
    return item;
  }
  /// As `receive`, on a thread.
  broadcast_item<T> blocking_receive() {
    const auto here = from();
    const detail::ref<cursor> mine{cursor_};
    std::uint64_t seen = 0;
    detail::sync_block block{&seen};
    bool is_second = false;
    const forgotten_again known{*here, *mine, block};
    (void)block.run(*here, [&](detail::sync_wakes&) {
      is_second = state::has_taker(*mine);
      return is_second ? detail::wait_end::closed : here->look_or_wait(*mine, block);
    });
    if (is_second)
      detail::refuse_second_receive();
    return here->take(*mine, block);
  }
  /// How many values it would be given now, one after the other.
  std::size_t size() const { return from()->size(*cursor_); }
  /// Closed, and nothing is left for it. It stays so.
  bool drained() const { return from()->is_drained(*cursor_); }

private:
  friend class broadcast<T>;

  struct forgotten_again {
    state& by;
    cursor& whose;
    const detail::sync_waiter& who;
    forgotten_again(state& by_, cursor& whose_, const detail::sync_waiter& who_) noexcept
        : by(by_), whose(whose_), who(who_) {}
    forgotten_again(const forgotten_again&) = delete;
    forgotten_again& operator=(const forgotten_again&) = delete;
    ~forgotten_again() { by.forget(whose, who); }
  };

  explicit broadcast_receiver(detail::ref<state> of) : state_(std::move(of)), cursor_(new cursor) {
    state_->join(*cursor_);
  }
  const detail::ref<state>& from() const {
    if (!state_)
      detail::refuse_empty_primitive();
    return state_;
  }

  detail::ref<state> state_;
  detail::ref<cursor> cursor_;
};

/// Who sends.
template <class T>
class broadcast {
  static_assert(task_result<T> && !std::is_void_v<T>,
                "a broadcast is for movable values with a destructor that doesn't throw; not for references");
  using state = detail::broadcast_state<T>;

public:
  using value_type = T;
  using receiver = broadcast_receiver<T>;

  explicit broadcast(std::size_t capacity) : state_(make(capacity)) {}

  /// It receives what is sent from now on.
  [[nodiscard]] broadcast_receiver<T> subscribe() const {
    return broadcast_receiver<T>{detail::ref<state>{&*state_}};
  }
  /// Returns how many receivers it is sent to; some of them may lose it. Errors: `errc::closed`.
  std::size_t send(T value) const {
    auto how = detail::wait_end::none;
    const auto count = state_->send(std::make_shared<const T>(std::move(value)), how);
    if (how == detail::wait_end::closed)
      detail::throw_broadcast_closed();
    return count;
  }

  /// True: it was open.
  bool close() const { return state_->close(); }
  bool closed() const { return state_->is_closed(); }
  std::size_t capacity() const { return state_->capacity(); }
  /// How many there are now.
  std::size_t receivers() const { return state_->receivers(); }
  /// The same broadcast.
  friend bool operator==(const broadcast&, const broadcast&) noexcept = default;

private:
  static state* make(std::size_t capacity) {
    detail::check_broadcast_capacity(capacity);
    return new state{capacity};
  }

  detail::sync_owner<state> state_;
};

} // namespace taskactor
