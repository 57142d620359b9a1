/// What the copies of a `one_shot` share. Not for users.
///
///     open --- set ----> set: the value, or the exception, stays as it is
///       `--- close ----> closed: the last copy is gone
#pragma once

#include <taskactor/copyable_result.hpp>
#include <taskactor/detail/news_state.hpp>
#include <taskactor/detail/sync_cell.hpp>
#include <taskactor/outcome.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <mutex>
#include <type_traits>
#include <utility>

namespace taskactor::detail {

[[noreturn]] void throw_never_set();
[[noreturn]] void throw_value_taken(bool by_another);

template <class T>
class one_shot_state final : public news_state {
public:
  using value_type = stored<T>;
  using cell = sync_cell<value_type>;

  /// Under the lock.
  wait_end look_or_wait(sync_waiter& one) noexcept {
    const auto now = stands();
    if (now == wait_end::none)
      wait(one, 0);
    return now;
  }

  // -- without it -----------------------------------------------------------
  /// `served`: it is set. It stays what it is once it isn't `none`.
  wait_end stands() const noexcept { return stands_.load(std::memory_order_acquire); }
  /// False: it was set, or closed, before; the value is where it was.
  bool set(cell& value, std::exception_ptr error) noexcept {
    const ref<news_state> keeps{this}; // who is told may drop the last copy
    {
      const std::lock_guard guard{lock};
      if (stands() != wait_end::none)
        return false;
      value_ = std::move(value);
      error_ = std::move(error);
      stands_.store(wait_end::served, std::memory_order_release);
    }
    tell(all, wait_end::served);
    return true;
  }
  /// Once it isn't open. Errors: what it was set with, `errc::closed`, `errc::result_taken`.
  const value_type& look() {
    auto& there = value();
    if constexpr (!copyable_result<T>)
      claim(use::looked_at);
    return there;
  }
  /// The same for who gives up a copy. `sole`: nobody else can come and look.
  T take(bool sole) {
    auto& there = value();
    if constexpr (!std::is_void_v<T>) {
      if constexpr (!copyable_result<T>) {
        if (!sole || use_.load(std::memory_order_relaxed) == use::taken)
          claim(use::taken);
      } else if (!sole) {
        return T(std::as_const(there));
      }
      return T(std::move(there));
    }
  }
  bool has_references(std::uint32_t count) const noexcept { return references() == count; }

private:
  /// Of a value that can't be copied: whoever comes second may do what was done first, but for taking it.
  enum class use : std::uint8_t { none, looked_at, taken };

  value_type& value() {
    if (stands() == wait_end::closed)
      throw_never_set();
    if (error_)
      std::rethrow_exception(error_);
    return *value_;
  }
  void claim(use wanted) {
    auto was = use::none;
    if (!use_.compare_exchange_strong(was, wanted, std::memory_order_relaxed)
        && (was == use::taken || wanted == use::taken))
      throw_value_taken(was == use::taken);
  }
  void on_last_owner() noexcept override {
    {
      const std::lock_guard guard{lock};
      if (stands() != wait_end::none)
        return;
      stands_.store(wait_end::closed, std::memory_order_release);
    }
    tell(all, wait_end::closed);
  }

  std::atomic<wait_end> stands_{wait_end::none};
  std::atomic<use> use_{use::none};
  // What follows is written once, before `stands_`.
  cell value_{};
  std::exception_ptr error_;
};

} // namespace taskactor::detail
