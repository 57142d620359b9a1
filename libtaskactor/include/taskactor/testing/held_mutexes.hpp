/// `held_mutexes`: says so when a task's body waits with a `std::mutex` locked.
///
///     #include <taskactor/testing/held_mutexes.hpp>   // in one file of the test program
///
///     ta::testing::held_mutexes held;                 // from now on
///     tasks.add_task({}, body).value().get();
///     CHECK(held.found().empty());                    // or what to read: who, and at which await
///
/// A body that awaits gives its thread to others. If one of these locks the same mutex, the thread stands
/// still for ever, and if the body goes on elsewhere it unlocks what another thread has locked. Unlock it
/// before the await, or use `taskactor::mutex`, which tasks wait for without a thread.
///
/// What is found is a warning in the manager's log as well, at once: a test that hangs by it has said why. Of
/// a body that awaits several times under one lock the first await is named, not each.
///
/// Seen is what is locked by a `pthread_` function: `std::mutex` and its relatives, `std::shared_mutex`,
/// those of C libraries. This header defines these functions for the whole program, and counts for each
/// thread: so it is for tests, and for one file of a program. Not seen: an await that finds all there and
/// doesn't give the thread away; spin locks. Under ThreadSanitizer, which has those functions itself, it sees
/// nothing (`works`).
///
/// Threads: any. One at a time.
#pragma once

#include <taskactor/detail/held_locks.hpp>

#include <atomic>
#include <cerrno>
#include <ctime>
#include <exception>
#include <mutex>
#include <string>
#include <vector>

#include <dlfcn.h>
#include <pthread.h>

namespace taskactor::testing {

class held_mutexes {
public:
#ifdef __SANITIZE_THREAD__
  static constexpr bool works = false;
#else
  static constexpr bool works = true;
#endif

  held_mutexes() noexcept { detail::check_held_locks(&check_); }
  held_mutexes(const held_mutexes&) = delete;
  held_mutexes& operator=(const held_mutexes&) = delete;
  ~held_mutexes() {
    detail::check_held_locks(nullptr);
    const std::lock_guard lock{all().mutex};
    all().found.clear();
  }

  /// A sentence for each time that a body has begun to wait so, in their order.
  std::vector<std::string> found() const {
    const std::lock_guard lock{all().mutex};
    return all().found;
  }

  /// For the functions below.
  static void count(long more) noexcept { held_ += more; }

private:
  struct findings {
    std::mutex mutex;
    std::vector<std::string> found;
  };
  static findings& all() {
    static auto* const one = new findings; // a body may be telling it while the process ends
    return *one;
  }
  static void add(const std::string& what) noexcept {
    try {
      const std::lock_guard lock{all().mutex};
      all().found.push_back(what);
    } catch (const std::exception&) { // NOLINT: it is in the log
    }
  }

  static inline thread_local long held_ = 0;
  static inline const detail::held_locks_check check_{[]() noexcept { return held_; }, add};
};

} // namespace taskactor::testing

#ifndef __SANITIZE_THREAD__
// NOLINTBEGIN: they stand in the place of the C library's, and call those
#define TASKACTOR_COUNTS(name, parameters, more, ...)                                                        \
  extern "C" int name parameters noexcept {                                                                  \
    static std::atomic<void*> next{nullptr};                                                                 \
    auto* call = next.load(std::memory_order_relaxed);                                                       \
    if (!call)                                                                                               \
      next.store(call = ::dlsym(RTLD_NEXT, #name), std::memory_order_relaxed);                               \
    const int result = reinterpret_cast<int(*) parameters>(call)(__VA_ARGS__);                               \
    if (result == 0 || result == EOWNERDEAD)                                                                 \
      taskactor::testing::held_mutexes::count(more);                                                         \
    return result;                                                                                           \
  }

TASKACTOR_COUNTS(pthread_mutex_lock, (pthread_mutex_t * which), 1, which)
TASKACTOR_COUNTS(pthread_mutex_trylock, (pthread_mutex_t * which), 1, which)
TASKACTOR_COUNTS(pthread_mutex_timedlock, (pthread_mutex_t * which, const timespec* until), 1, which, until)
TASKACTOR_COUNTS(pthread_mutex_clocklock, (pthread_mutex_t * which, clockid_t clock, const timespec* until),
                 1, which, clock, until)
TASKACTOR_COUNTS(pthread_mutex_unlock, (pthread_mutex_t * which), -1, which)
TASKACTOR_COUNTS(pthread_rwlock_rdlock, (pthread_rwlock_t * which), 1, which)
TASKACTOR_COUNTS(pthread_rwlock_tryrdlock, (pthread_rwlock_t * which), 1, which)
TASKACTOR_COUNTS(pthread_rwlock_timedrdlock, (pthread_rwlock_t * which, const timespec* until), 1, which,
                 until)
TASKACTOR_COUNTS(pthread_rwlock_clockrdlock,
                 (pthread_rwlock_t * which, clockid_t clock, const timespec* until), 1, which, clock, until)
TASKACTOR_COUNTS(pthread_rwlock_wrlock, (pthread_rwlock_t * which), 1, which)
TASKACTOR_COUNTS(pthread_rwlock_trywrlock, (pthread_rwlock_t * which), 1, which)
TASKACTOR_COUNTS(pthread_rwlock_timedwrlock, (pthread_rwlock_t * which, const timespec* until), 1, which,
                 until)
TASKACTOR_COUNTS(pthread_rwlock_clockwrlock,
                 (pthread_rwlock_t * which, clockid_t clock, const timespec* until), 1, which, clock, until)
TASKACTOR_COUNTS(pthread_rwlock_unlock, (pthread_rwlock_t * which), -1, which)

#undef TASKACTOR_COUNTS
// NOLINTEND
#endif
