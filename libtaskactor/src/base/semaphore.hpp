/// What a thread sleeps on until another one posts.
///
/// The system's, not the standard library's, which looks some times, and gives its processor away in between,
/// before it sleeps. And no condition variable: who wakes from one finds its mutex marked as contended, and
/// makes a system call for nothing when it leaves it.
#pragma once

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <ctime>

#include <semaphore.h>

#ifdef __SANITIZE_THREAD__
#include <sanitizer/tsan_interface.h>
#endif

namespace taskactor::detail {

class semaphore {
public:
  semaphore() noexcept { ::sem_init(&value_, 0, 0); }
  semaphore(const semaphore&) = delete;
  semaphore& operator=(const semaphore&) = delete;
  ~semaphore() { ::sem_destroy(&value_); }
  void post() noexcept { ::sem_post(&value_); }
  /// Returns once for each post; after the last one the semaphore may be destroyed at once.
  void wait() noexcept {
    while (::sem_wait(&value_) != 0 && errno == EINTR) {
    }
  }
  /// False: nobody has posted by then.
  bool wait_until(std::chrono::steady_clock::time_point when) noexcept {
    const auto since = std::max(when.time_since_epoch(), std::chrono::steady_clock::duration{0});
    const auto seconds = std::chrono::floor<std::chrono::seconds>(since);
    const ::timespec end{static_cast<std::time_t>(seconds.count()),
                         static_cast<long>((since - seconds).count())};
    int failed = 0;
    while ((failed = ::sem_clockwait(&value_, CLOCK_MONOTONIC, &end)) != 0 && errno == EINTR) {
    }
#ifdef __SANITIZE_THREAD__
    if (failed == 0)
      __tsan_acquire(&value_); // it knows the other calls, and not this one
#endif
    return failed == 0;
  }
  /// A wait would return.
  bool is_posted() const noexcept {
    int value = 0;
    return ::sem_getvalue(&value_, &value) == 0 && value > 0;
  }

private:
  mutable ::sem_t value_{}; // to ask for its value one needs it as it is
};

} // namespace taskactor::detail
