/// `watch<T>`: the latest value of something, and word that it has changed.
///
///     ta::watch<settings> current{load()};                // copies set the same value
///     auto seen = current.subscribe();                    // what is there by now is no news
///     current.set(load());                                // never waits
///     current.update([](settings& s) { ++s.revision; });
///     while (co_await seen.changed())                     // false once it is closed
///       apply(*seen.get());                               // std::shared_ptr<const settings>
///
/// Receivers see the latest value, not each one: of several changes between two looks they are told once. A
/// change is what has been set since the receiver last got the value (`get`), or was told (`changed`). A
/// change before the closing is still told.
///
/// A value is made by who sets it, and shared: who looks at it keeps it as it was. T's constructors and
/// destructor, and what `update` calls, run on the threads of those who set, or drop a value last, under no
/// lock, so that nobody waits for them. Hence **`update` may call its function again**: it changes a copy,
/// and when somebody else has set another value meanwhile, it begins again with that one. The function
/// shouldn't have other effects, and doesn't set the same watch.
///
/// **Nothing is lost**: a `changed` that throws `cancelled_error`, or whose body is killed, has taken note of
/// nothing. Closing: by `close`, or by the end of the last copy of the watch; receivers keep its last value.
///
/// A body that waits lends its token. Stops: while it waits. Errors: of `set` and `update`,
/// `errc::closed`, what T's constructors and the function throw, `std::bad_alloc`, with nothing changed;
/// `errc::invalid_argument` of what was moved from; of `blocking_changed` as those of a channel. Threads:
/// any; a receiver by one task or thread at a time.
#pragma once

#include <taskactor/detail/watch_state.hpp>
#include <taskactor/task.hpp>

#include <concepts>
#include <coroutine>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

namespace taskactor {

template <class T>
class watch;

namespace detail {

[[noreturn]] void throw_watch_closed(const char* what);

template <class T>
class [[nodiscard]] watch_await final : sync_await {
  using state = watch_state<T>;

public:
  watch_await(ref<state> at, ref<news_cursor> cursor) noexcept
      : sync_await(*at, &seen_), at_(std::move(at)), cursor_(std::move(cursor)) {}
  /// Of one that isn't awaited yet.
  watch_await(watch_await&& unused) noexcept : watch_await(unused.at_, unused.cursor_) {}
  ~watch_await() override { abandon(); }

  bool await_ready() const noexcept { return false; }
  template <body_promise Promise>
  bool await_suspend(std::coroutine_handle<Promise> self) {
    return begin(*self.promise().ctx, [this](sync_wakes&) { return at_->look_or_wait(*cursor_, *this); });
  }
  bool await_resume() {
    finish();
    taken();
    if (end() == wait_end::closed)
      return at_->take_news(*cursor_); // there may be some: the closing may overtake who tells of a value
    at_->see(*cursor_);
    return true;
  }
  using sync_await::comes_to_nothing; // a race asks
  using sync_await::wait_for_server;
  using sync_await::was_given; // `when_all` does

private:
  std::string awaited() const override { return "a change of a watch"; }
  void give_back() noexcept override { abandon(); }

  ref<state> at_;
  ref<news_cursor> cursor_;
  std::uint64_t seen_ = 0;
};

} // namespace detail

/// Who looks at a watch.
template <class T>
class watch_receiver {
  using state = detail::watch_state<T>;
  using cursor = detail::news_cursor;

public:
  using value_type = T;

  watch_receiver(watch_receiver&& other) noexcept = default;
  watch_receiver& operator=(watch_receiver&& other) noexcept = default;
  watch_receiver(const watch_receiver&) = delete; // two of them would take each other's news
  watch_receiver& operator=(const watch_receiver&) = delete;
  ~watch_receiver() = default;

  // -- in a task ------------------------------------------------------------
  /// To be awaited: true when there is a value that this receiver hasn't got; false when there is none, and
  /// none will come.
  [[nodiscard]] auto changed() { return detail::watch_await<T>{at(), cursor_}; }

  // -- anywhere -------------------------------------------------------------
  /// The latest value, which is no news any more.
  std::shared_ptr<const T> get() { return at()->see(*cursor_); }
  /// What `changed` would say at once.
  bool has_changed() const { return at()->has_news(*cursor_); }
  bool closed() const { return at()->is_closed(); }
  /// As `changed`, on a thread.
  bool blocking_changed() {
    const auto here = at();
    const detail::ref<cursor> mine{cursor_};
    std::uint64_t seen = 0;
    detail::sync_block block{&seen};
    const auto how = block.run(*here, [&](detail::sync_wakes&) { return here->look_or_wait(*mine, block); });
    if (how == detail::wait_end::closed)
      return here->take_news(*mine);
    here->see(*mine);
    return true;
  }

private:
  friend class watch<T>;

  explicit watch_receiver(detail::ref<state> of) : state_(std::move(of)), cursor_(new cursor) {
    state_->see(*cursor_);
  }
  const detail::ref<state>& at() const {
    if (!state_)
      detail::refuse_empty_primitive();
    return state_;
  }

  detail::ref<state> state_;
  detail::ref<cursor> cursor_;
};

/// Who sets the value.
template <class T>
class watch {
  static_assert(task_result<T> && !std::is_void_v<T>,
                "a watch is for movable values with a destructor that doesn't throw; not for references");
  using state = detail::watch_state<T>;
  using publication = typename state::publication;

public:
  using value_type = T;
  using receiver = watch_receiver<T>;

  explicit watch(T first = T()) : state_(new state{std::make_shared<const T>(std::move(first))}) {}

  /// What is set from now on is news for it.
  [[nodiscard]] watch_receiver<T> subscribe() const {
    return watch_receiver<T>{detail::ref<state>{&*state_}};
  }
  std::shared_ptr<const T> get() const { return state_->latest().there; }

  void set(T value) const {
    std::shared_ptr<const T> next = std::make_shared<const T>(std::move(value));
    if (state_->publish(next, state::all) == publication::closed)
      detail::throw_watch_closed("set");
  }
  /// Changes a copy of the value by `change(T&)`, and sets it; not if `change` returns a bool that is
  /// false. Returns whether it was set.
  template <std::invocable<T&> F>
    requires std::copy_constructible<T>
  bool update(F&& change) const {
    for (;;) {
      const auto before = state_->latest();
      const auto copy = std::make_shared<T>(*before.there);
      if constexpr (std::is_same_v<std::invoke_result_t<F&, T&>, bool>) {
        if (!std::invoke(change, *copy))
          return false;
      } else {
        (void)std::invoke(change, *copy);
      }
      std::shared_ptr<const T> next = copy;
      switch (state_->publish(next, before.number)) {
      case publication::done:
        return true;
      case publication::closed:
        detail::throw_watch_closed("update");
      case publication::outdated:
        break;
      }
    }
  }

  /// True: it was open.
  bool close() const { return state_->close(); }
  bool closed() const { return state_->is_closed(); }
  /// The same watch.
  friend bool operator==(const watch&, const watch&) noexcept = default;

private:
  detail::sync_owner<state> state_;
};

} // namespace taskactor
