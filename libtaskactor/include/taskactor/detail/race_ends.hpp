/// Where the children of `race` and `when_all` put what they end with. Not for users: see `race.hpp`.
///
/// The children share it with who waits: one that can't be ended, and is left behind, may end after that has
/// gone on.
#pragma once

#include <taskactor/detail/awaitable.hpp>
#include <taskactor/detail/children_end.hpp>
#include <taskactor/task_group.hpp>

#include <atomic>
#include <concepts>
#include <coroutine>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <type_traits>
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

/// An await that takes what it was served when its body goes on, and not before: one whose body doesn't gives
/// that back, to the next who waits. `comes_to_nothing`: it was refused, or given up. `was_given`: something
/// that would go back. `wait_for_server`: before a body ends that leaves its await to another one, since who
/// serves it may still be waking that body.
template <class A>
concept taking_await = requires(A& wait) {
  { std::as_const(wait).comes_to_nothing() } noexcept -> std::same_as<bool>;
  { std::as_const(wait).was_given() } noexcept -> std::same_as<bool>;
  { wait.wait_for_server() } noexcept;
};

/// What a part of a race gives.
template <class Part>
struct part_value {
  using type = stored<decltype(std::declval<Part&>().await_resume())>;
};
template <class T>
struct part_value<task<T>> {
  using type = stored<T>;
};

/// The first end of several.
///
///     open --a child--> writing --> written: read by the race
///        \--the race is over--> closed
template <class Result>
class first_end {
public:
  /// A child of the race: its end decides, or is nothing.
  template <class Part, class Write>
  static task<void> compete(std::shared_ptr<first_end> end, task_group group, Part body, Write write) {
    bool mine = false;
    try {
      if constexpr (taking_await<Part>) {
        claim_await<Part> wins{*end, body, mine};
        auto got = co_await wins;
        if (mine)
          write(end->value_, std::move(*got));
      } else {
        auto got = co_await value_of(std::move(body));
        mine = end->claim();
        if (mine)
          write(end->value_, std::move(got)); // what throws now is how it has ended
      }
    } catch (...) {
      if (!mine && (caught_cancellation() || !end->claim()))
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

  /// Takes what `part` was served only once the race is its own. Else it stays there, and goes back with it.
  template <class Part>
  class [[nodiscard]] claim_await {
  public:
    claim_await(first_end& end, Part& part, bool& mine) noexcept : end_(end), part_(part), mine_(mine) {}
    bool await_ready() const noexcept { return false; }
    template <body_promise Promise>
    bool await_suspend(std::coroutine_handle<Promise> self) {
      return part_.await_suspend(self);
    }
    std::optional<typename part_value<Part>::type> await_resume() {
      if (!part_.comes_to_nothing() && !(mine_ = end_.claim()))
        return std::nullopt;
      if constexpr (std::is_void_v<decltype(part_.await_resume())>) {
        part_.await_resume();
        return std::monostate{};
      } else {
        return part_.await_resume();
      }
    }

  private:
    first_end& end_;
    Part& part_;
    bool& mine_;
  };

  bool claim() noexcept {
    auto expected = value_state::open;
    return value_state_.compare_exchange_strong(expected, value_state::writing, std::memory_order_acq_rel);
  }

  std::atomic<value_state> value_state_{value_state::open};
  std::optional<Result> value_;
  std::exception_ptr error_;
};

/// A child's value; or its await, which has been served, and takes that only once all have come.
template <class Part>
class one_of_all {
  using value = typename part_value<Part>::type;

public:
  static task<void> fill(std::shared_ptr<one_of_all> into, Part body) {
    if constexpr (taking_await<Part>) {
      into->served_.emplace(std::move(body));
      served_await wait{*into->served_};
      auto at_once = co_await wait;
      if (at_once)
        into->value_.emplace(std::move(*at_once));
    } else {
      into->value_.emplace(co_await value_of(std::move(body)));
    }
    into->written_.store(true, std::memory_order_release);
  }
  bool has_come() const noexcept { return written_.load(std::memory_order_acquire); }
  /// Once all have. Errors: those of the await, of a value whose move throws.
  value take() {
    if constexpr (taking_await<Part>)
      if (!value_)
        return take_from(*served_);
    return std::move(*value_);
  }

private:
  static value take_from(Part& served) {
    if constexpr (std::is_void_v<decltype(served.await_resume())>)
      return served.await_resume(), std::monostate{};
    else
      return served.await_resume();
  }

  /// Empty: it was given something. Else what it comes to, which nobody could have in its place.
  class [[nodiscard]] served_await {
  public:
    explicit served_await(Part& part) noexcept : part_(part) {}
    bool await_ready() const noexcept { return false; }
    template <body_promise Promise>
    bool await_suspend(std::coroutine_handle<Promise> self) {
      return part_.await_suspend(self);
    }
    std::optional<value> await_resume() {
      if (part_.was_given()) {
        part_.wait_for_server();
        return std::nullopt;
      }
      return take_from(part_);
    }

  private:
    Part& part_;
  };

  struct none {};
  std::optional<value> value_;
  [[no_unique_address]] std::conditional_t<taking_await<Part>, std::optional<Part>, none> served_;
  std::atomic<bool> written_{false};
};

} // namespace taskactor::detail
