/// `news_state`: what the copies of a `one_shot`, a `broadcast` or a `watch` share: news is for all who wait.
/// Not for users.
///
/// What has come is numbered, and who waits has seen what came before its own number; so the line is in the
/// order of these numbers. A waiter is only told to look: it takes what there is when it goes on, by then
/// perhaps something newer. So nothing is given to a waiter that could get lost with it.
#pragma once

#include <taskactor/detail/reference_count.hpp>
#include <taskactor/detail/sync_waiter.hpp>

#include <cstdint>
#include <limits>

namespace taskactor::detail {

class news_state : public sync_state {
public:
  static constexpr std::uint64_t all = std::numeric_limits<std::uint64_t>::max();

  /// Under the lock. A waiter's `place` is a `std::uint64_t`, for what it has seen.
  void wait(sync_waiter& one, std::uint64_t seen) noexcept;

protected:
  /// Without the lock: wakes who has seen less than `until`. The lock is free between one waiter and the
  /// next, however many they are. What `until` stands for has happened before.
  void tell(std::uint64_t until, wait_end how) noexcept;

private:
  sync_line line_; // guarded by the lock
};

/// How far a receiver has come. Guarded by its state's lock, and kept alive by who waits with it.
struct news_cursor final : reference_count {
  void release() noexcept {
    if (drop_reference())
      delete this;
  }

  std::uint64_t seen = 0;
  sync_waiter* taker = nullptr; // of a broadcast: who takes the next value
  bool left = false;            // its receiver is gone
};

} // namespace taskactor::detail
