/// Where the children of `race` and `when_all` put what they end with. Not for users: see `race.hpp`.
///
/// The children share it with who waits: one that can't be ended, and is left behind, may end after that has
/// gone on.
#pragma once

#include <taskactor/detail/awaitable.hpp>
#include <taskactor/detail/children_end.hpp>
#include <taskactor/task_group.hpp>

#include <atomic>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <utility>
#include <variant>

namespace taskactor::detail {

/// The value of an await, or the one value of void.
template <class T>
task<stored<T>> value_of(task<T> body) {
  if constexpr (std::is_void_v<T>) {
    co_await std::move(body);
    co_return std::monostate{};
  } else {
    co_return co_await std::move(body);
  }
}

/// What becomes of the value of a part of a race that has lost: an await that takes something from others
/// says how it goes back, before it is awaited (`undo()`). Any other value is destroyed.
struct nothing_to_undo {
  template <class T>
  void operator()(T&&) const noexcept {}
};
template <class A>
auto undo_of(const A& part) {
  if constexpr (can_be_awaited<A> && requires { part.undo(); })
    return part.undo();
  else
    return nothing_to_undo{};
}

/// The first end of several.
///
///     open --a child--> writing --> written: read by the race
///        \--the race is over--> closed
template <class Result>
class first_end {
public:
  /// A child of the race: its end decides, or is nothing.
  template <class T, class Write, class Undo>
  static task<void> compete(std::shared_ptr<first_end> end, task_group group, task<T> body, Write write,
                            Undo undo) {
    bool mine = false;
    try {
      auto got = co_await value_of(std::move(body));
      mine = end->claim();
      if (mine)
        write(end->value_, std::move(got)); // what throws now is how it has ended
      else
        undo(std::move(got));
    } catch (const cancelled_error&) {
      throw;
    } catch (...) {
      if (!mine && !end->claim())
        throw; // the group keeps it
      mine = true;
      end->value_.reset();
      end->error_ = std::current_exception();
    }
    if (mine)
      end->value_state_.store(value_state::written, std::memory_order_release);
    group.cancel();
  }
  /// Nobody decides any more. True: somebody has.
  bool close() noexcept {
    auto expected = value_state::open;
    value_state_.compare_exchange_strong(expected, value_state::closed, std::memory_order_acq_rel);
    return expected == value_state::written; // what is left behind while it writes hasn't
  }
  /// After `close`.
  Result take(bool decided, const std::exception_ptr& lost) {
    if (!decided)
      throw_cancellation(lost); // nobody had the time
    if (error_)
      std::rethrow_exception(error_);
    return std::move(*value_);
  }

private:
  enum class value_state : std::uint8_t { open, writing, written, closed };
  bool claim() noexcept {
    auto expected = value_state::open;
    return value_state_.compare_exchange_strong(expected, value_state::writing, std::memory_order_acq_rel);
  }

  std::atomic<value_state> value_state_{value_state::open};
  std::optional<Result> value_;
  std::exception_ptr error_;
};

/// A child's value.
template <class T>
struct one_of_all {
  std::optional<stored<T>> value;
  std::atomic<bool> written{false};

  static task<void> fill(std::shared_ptr<one_of_all> into, task<T> body) {
    into->value.emplace(co_await value_of(std::move(body)));
    into->written.store(true, std::memory_order_release);
  }
};

} // namespace taskactor::detail
