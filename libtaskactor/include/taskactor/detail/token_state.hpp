/// `detail::token_state`: whether a running task has its token of the manager's capacity, as the manager and
/// the task agree on it (rule 6). Not for users.
///
///     body, or its thread   lend ............ want ......... goes on when it `may_run`
///     manager                    take_lent          give
///
/// The manager is told to look, and then sees what holds by then: who wants his token again before it was
/// taken has never been without. Any order of the two is right, and nothing has to be told twice.
#pragma once

#include <atomic>
#include <cstdint>

namespace taskactor::detail {

class token_state {
public:
  // -- the manager's --------------------------------------------------------
  void begin() noexcept { bits_.store(held | wanted, std::memory_order_release); }
  /// There is one for it again. True: a thread of the task waits for that.
  bool give() noexcept { return (bits_.fetch_or(held, std::memory_order_acq_rel) & by_thread) != 0; }
  /// True: it was lent, and is the manager's from now on.
  bool take_lent() noexcept {
    auto now = bits_.load(std::memory_order_acquire);
    while ((now & (held | wanted)) == held)
      if (bits_.compare_exchange_weak(now, static_cast<std::uint8_t>(now & ~held), std::memory_order_acq_rel))
        return true;
    return false;
  }
  /// The task has ended, or this attempt. True: it had one.
  bool end() noexcept { return (bits_.exchange(0, std::memory_order_acq_rel) & held) != 0; }
  /// It has none, and wants one.
  bool lacks() const noexcept { return (bits_.load(std::memory_order_acquire) & (held | wanted)) == wanted; }

  // -- the body's, or that of its thread ------------------------------------
  /// Lends it, or wants none any more.
  void lend() noexcept { clear(wanted); }
  /// A thread that works for the task does it; `give` says so, until that thread goes on.
  void lend_by_thread() noexcept {
    bits_.fetch_or(by_thread, std::memory_order_acq_rel);
    lend();
  }
  void thread_goes_on() noexcept { clear(by_thread); }
  /// True: the manager is to be told. False: it knows, or hasn't taken it yet.
  bool want() noexcept {
    return (bits_.load(std::memory_order_acquire) & wanted) == 0
           && (bits_.fetch_or(wanted, std::memory_order_acq_rel) & held) == 0;
  }
  /// What is left of the body is next to nothing: it runs without.
  void excuse() noexcept { bits_.fetch_or(excused, std::memory_order_acq_rel); }
  /// It has one and keeps it, or needs none.
  bool may_run() const noexcept {
    const auto now = bits_.load(std::memory_order_acquire);
    return (now & (held | wanted)) == (held | wanted) || (now & excused) != 0;
  }

private:
  static constexpr std::uint8_t held = 1, wanted = 2, excused = 4, by_thread = 8;
  void clear(std::uint8_t bits) noexcept {
    bits_.fetch_and(static_cast<std::uint8_t>(~bits), std::memory_order_acq_rel);
  }

  std::atomic<std::uint8_t> bits_{0};
};

} // namespace taskactor::detail
