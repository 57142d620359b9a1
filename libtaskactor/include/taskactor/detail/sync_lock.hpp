/// `sync_lock`: the lock of a primitive of sync/, for sections of some dozen nanoseconds. Not for users.
///
/// The library's `adaptive_mutex`, without the system's header.
#pragma once

#include <cstddef>

namespace taskactor::detail {

class sync_lock {
public:
  sync_lock() noexcept;
  sync_lock(const sync_lock&) = delete;
  sync_lock& operator=(const sync_lock&) = delete;
  ~sync_lock();
  void lock() noexcept;
  void unlock() noexcept;

private:
  static constexpr std::size_t room = 48;
  alignas(std::max_align_t) std::byte mutex_[room];
};

} // namespace taskactor::detail
