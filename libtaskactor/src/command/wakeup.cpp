#include "command/wakeup.hpp"

#include <cstdint>
#include <thread>
#include <utility>

#include <sys/eventfd.h>
#include <unistd.h>

namespace taskactor::detail {

wakeup::wakeup() : fd_(own(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd")) {}

void wakeup::wake(std::unique_lock<std::mutex>& lock) noexcept {
  if (!fd_ || std::exchange(woken_, true))
    return;
  const int fd = fd_.get();
  ringing_.fetch_add(1, std::memory_order_relaxed);
  lock.unlock();
  const std::uint64_t one = 1;
  static_cast<void>(::write(fd, &one, sizeof one)); // never full: read before it is written again
  ringing_.fetch_sub(1, std::memory_order_release);
}

void wakeup::acknowledge() noexcept {
  std::uint64_t count = 0;
  static_cast<void>(::read(fd_.get(), &count, sizeof count));
  woken_ = false;
}

void wakeup::close() noexcept {
  const auto fd = std::exchange(fd_, {}); // nobody writes it any more
  while (ringing_.load(std::memory_order_acquire) != 0)
    std::this_thread::yield();
}

} // namespace taskactor::detail
