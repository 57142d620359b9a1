/// What the senders and receivers of a watch share: the latest value, and its number. Not for users.
#pragma once

#include <taskactor/detail/news_state.hpp>

#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>

namespace taskactor::detail {

template <class T>
class watch_state final : public news_state {
public:
  using value = std::shared_ptr<const T>;

  /// A value and its number.
  struct version {
    value there;
    std::uint64_t number = 0;
  };
  enum class publication : std::uint8_t { done, outdated, closed };

  explicit watch_state(value first) noexcept : latest_{std::move(first)} {}

  // -- under the lock -------------------------------------------------------
  wait_end look_or_wait(const news_cursor& cursor, sync_waiter& one) noexcept {
    const auto now = look(cursor);
    if (now == wait_end::none)
      wait(one, latest_.number);
    return now;
  }

  // -- without it -----------------------------------------------------------
  version latest() noexcept {
    const std::lock_guard guard{lock};
    return latest_;
  }
  /// `next` is the one before afterwards, whose destructor runs without the lock. `outdated`: another value
  /// than the one that was numbered `before` has come; unless it is `all`.
  publication publish(value& next, std::uint64_t before) noexcept {
    const ref<news_state> keeps{this}; // who is told may drop the last copy
    std::uint64_t until = 0;
    {
      const std::lock_guard guard{lock};
      if (closed_)
        return publication::closed;
      if (before != all && before != latest_.number)
        return publication::outdated;
      std::swap(latest_.there, next);
      until = ++latest_.number;
    }
    tell(until, wait_end::served);
    return publication::done;
  }
  bool close() noexcept {
    const ref<news_state> keeps{this};
    {
      const std::lock_guard guard{lock};
      if (closed_)
        return false;
      closed_ = true;
    }
    tell(all, wait_end::closed);
    return true;
  }
  /// Takes note of the latest value, and returns it.
  value see(news_cursor& cursor) noexcept {
    const std::lock_guard guard{lock};
    cursor.seen = latest_.number;
    return latest_.there;
  }
  /// True: there was a value that the receiver hadn't got; it is none any more.
  bool take_news(news_cursor& cursor) noexcept {
    const std::lock_guard guard{lock};
    const bool is_news = look(cursor) == wait_end::served;
    cursor.seen = latest_.number;
    return is_news;
  }
  bool has_news(const news_cursor& cursor) noexcept {
    const std::lock_guard guard{lock};
    return look(cursor) == wait_end::served;
  }
  bool is_closed() noexcept {
    const std::lock_guard guard{lock};
    return closed_;
  }

private:
  void on_last_owner() noexcept override { close(); }
  wait_end look(const news_cursor& cursor) const noexcept {
    if (cursor.seen < latest_.number)
      return wait_end::served;
    return closed_ ? wait_end::closed : wait_end::none;
  }

  // What follows is guarded by the lock.
  version latest_;
  bool closed_ = false;
};

} // namespace taskactor::detail
