#include <taskactor/detail/sync_lock.hpp>

#include "base/adaptive_mutex.hpp"

#include <memory>
#include <new>

namespace taskactor::detail {

namespace {

adaptive_mutex& mutex_in(std::byte* place) noexcept {
  return *std::launder(reinterpret_cast<adaptive_mutex*>(place)); // NOLINT: it was made there
}

} // namespace

sync_lock::sync_lock() noexcept {
  static_assert(sizeof(adaptive_mutex) <= room && alignof(adaptive_mutex) <= alignof(std::max_align_t));
  std::construct_at(reinterpret_cast<adaptive_mutex*>(mutex_)); // NOLINT: there is room
}
sync_lock::~sync_lock() { std::destroy_at(&mutex_in(mutex_)); }
void sync_lock::lock() noexcept { mutex_in(mutex_).lock(); }
void sync_lock::unlock() noexcept { mutex_in(mutex_).unlock(); }

} // namespace taskactor::detail
